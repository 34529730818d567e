import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';
import { describeError, DpmError, neverAborted, Secret } from '../../src/base/index.ts';
import { openHmcSession } from '../../src/hmc-client/index.ts';
import type { HmcSession } from '../../src/hmc-client/index.ts';
import { quickPolicies } from '../support/hmc-policies.ts';
import {
  conversationBase,
  endConversations,
  loadConversations,
  playConversation,
} from '../support/nock-conversation.ts';
import type { Exchange } from '../support/nock-conversation.ts';

const call = z.strictObject({
  /** Resource and verb, as in `partitions.create`; `result.wait` calls a verb of what the call before gave. */
  verb: z.string(),
  /** `$w` stands for the signal's options; `$w` with more keys is written as an object with `"$w": true`. */
  args: z.array(z.json()),
});

/** One conversation of a session with an HMC: calls in order, and how the last one ends. */
const conversation = z.strictObject({
  ...conversationBase,
  urls: z.array(z.url()).default(['https://hmc1.example.com:6794']),
  /**
   * `granted`: an ordinary logon comes before and an ordinary logoff after the exchanges, with this API version;
   * `spelt-out`: the exchanges are all there is.
   */
  session: z.union([z.literal('spelt-out'), z.strictObject({ granted: z.string() })]).default({ granted: '2.2' }),
  order: z.enum(['in order', 'any order']).default('in order'),
  calls: z.array(call).min(1),
  expect: z.union([
    z.strictObject({ result: z.json() }),
    z.strictObject({
      error: z.strictObject({
        name: z.string(),
        code: z.string(),
        facts: z.record(z.string(), z.json()).optional(),
        message: z.string().optional(),
      }),
    }),
    z.strictObject({ nothing: z.literal(true) }),
  ]),
});

type Play = z.output<typeof conversation>;

const token = 'session-of-the-test';

function logon(api: string): Exchange {
  const [major = '', minor = ''] = api.split('.');
  return {
    method: 'POST',
    path: '/api/sessions',
    headers: { 'X-API-Session': null, 'Content-Type': 'application/json' },
    body: { userid: 'novauser', password: 'invented' },
    reply: {
      status: 200,
      body: {
        'api-session': token,
        'notification-topic': 'novauser.1',
        'job-notification-topic': 'novauser.1job',
        'api-major-version': Number(major),
        'api-minor-version': Number(minor),
        'password-expires': -1,
      },
    },
  };
}

const logoff: Exchange = {
  method: 'DELETE',
  path: '/api/sessions/this-session',
  headers: { 'X-API-Session': token },
  reply: { status: 204 },
};

function withSession({ session, exchanges }: Play): Exchange[] {
  if (session === 'spelt-out') return exchanges;
  const inSession = exchanges.map((it) => ({ ...it, headers: { 'X-API-Session': token, ...it.headers } }));
  return [logon(session.granted), ...inSession, logoff];
}

function fillIn(argument: unknown): unknown {
  if (argument === '$w') return { signal: neverAborted() };
  if (argument === null || typeof argument !== 'object' || !('$w' in argument)) return argument;
  const { $w: _marker, ...rest } = argument;
  return { ...rest, signal: neverAborted() };
}

/** Calls verbs by name, as the fixtures are data: what it finds is checked to be a function. */
async function perform(hmc: HmcSession, calls: Play['calls']): Promise<unknown> {
  let result: unknown;
  for (const { verb, args } of calls) {
    const [owner = '', method] = verb.split('.');
    const target: unknown = owner === 'result' ? result : method === undefined ? hmc : Reflect.get(hmc, owner);
    const found: unknown = Reflect.get(Object(target), method ?? owner);
    if (typeof found !== 'function') throw new Error(`there is no verb ${verb}`);
    result = (await Reflect.apply(found, target, args.map(fillIn))) as unknown; // apply says any
  }
  return result;
}

/** Results as JSON shows them, sets as lists. */
function plain(value: unknown): unknown {
  const text = JSON.stringify(value, (_key, inner: unknown) => (inner instanceof Set ? [...inner] : inner));
  return text === undefined ? undefined : (JSON.parse(text) as unknown); // JSON.parse says any
}

async function outcome(play: Play, hmc: HmcSession): Promise<unknown> {
  try {
    const result = plain(await perform(hmc, play.calls));
    return result === undefined ? { nothing: true } : { result };
  } catch (error) {
    if (!(error instanceof DpmError)) throw error;
    const { name, code, facts } = error;
    return { error: { name, code, facts: plain(facts), message: describeError(error) } };
  }
}

afterEach(endConversations);

const plays = loadConversations(join(import.meta.dirname, '../fixtures/hmc'), conversation);

const resources = [
  'console',
  'cpcs',
  'adapters',
  'partitions',
  'hbas',
  'storageGroups',
  'storageVolumes',
  'virtualStorageResources',
] as const;

test('every verb of every resource has its conversations', () => {
  const hmc = openHmcSession({
    urls: ['https://hmc1.example.com:6794'],
    userid: 'nobody',
    password: async () => new Secret('invented'),
  });
  const verbs = resources.flatMap((name) => {
    const methods = Object.getOwnPropertyNames(Object.getPrototypeOf(hmc[name]));
    return methods.filter((method) => method !== 'constructor').map((method) => `${name}.${method}`);
  });
  const played = new Set(plays.flatMap(([, play]) => play.calls.map(({ verb }) => verb)));

  expect(verbs.length).toBeGreaterThan(30);
  expect([...verbs, 'apiVersion', 'request', 'result.wait', 'result.cancel'].filter((it) => !played.has(it))).toEqual(
    [],
  );
});

// JobTimeoutError needs a deadline, and is shown beside the other deadlines.
test.each(['HmcConnectionError', 'HmcHttpError', 'HmcAuthError', 'HmcSchemaError', 'JobFailedError', 'JobLostError'])(
  '%s has its conversations',
  (name) => {
    const ends = plays.map(([, play]) => ('error' in play.expect ? play.expect.error.name : undefined));

    expect(ends).toContain(name);
  },
);

test.each(plays.map(([file, play]) => [`${file}: ${play.title}`, play] as const))('%s', async (_name, play) => {
  const [first = ''] = play.urls;
  const peer = playConversation(first, withSession(play));
  const hmc = openHmcSession({
    urls: play.urls,
    userid: 'novauser',
    password: async () => new Secret('invented'),
    policies: quickPolicies,
  });

  const ended = await outcome(play, hmc);
  await hmc.close({ signal: neverAborted() });

  expect(ended).toMatchObject(play.expect);
  if ('result' in play.expect) expect(ended).toEqual(play.expect);
  peer.verify(play.order);
});
