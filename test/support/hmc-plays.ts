import { join } from 'node:path';
import { Readable } from 'node:stream';
import { z } from 'zod';
import { neverAborted } from '../../src/base/index.ts';
import type { HmcSession } from '../../src/hmc-client/index.ts';
import { conversationBase, loadConversations, PlayError } from './conversations.ts';
import type { Exchange } from './conversations.ts';

const call = z.strictObject({
  /** Resource and verb, as in `partitions.create`; `result.wait` calls a verb of what the call before gave. */
  verb: z.string(),
  /** `$w` stands for the signal's options; `$w` with more keys is written as an object with `"$w": true`. An
   * object with `$upload` gets this content as a stream; it is JSON, as all bodies that a conversation compares.
   */
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

export type HmcPlay = z.output<typeof conversation>;

const token = 'session-of-the-test';

function logon(api: string): Exchange {
  const [major = '', minor = ''] = api.split('.');
  return {
    method: 'POST',
    path: '/api/sessions',
    headers: { 'X-API-Session': null, 'Content-Type': 'application/json' },
    body: { userid: 'novauser', password: 'invented-password' },
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

/** All that goes over the wire in a play, logon and logoff included. */
export function exchangesOfHmc({ session, exchanges }: HmcPlay): Exchange[] {
  if (session === 'spelt-out') return exchanges;
  const inSession = exchanges.map((it) => ({ ...it, headers: { 'X-API-Session': token, ...it.headers } }));
  return [logon(session.granted), ...inSession, logoff];
}

function fillIn(argument: unknown): unknown {
  if (argument === '$w') return { signal: neverAborted() };
  if (argument === null || typeof argument !== 'object') return argument;
  if ('$upload' in argument) return { ...withoutMark(argument), ...uploadOf(String(argument.$upload)) };
  if (!('$w' in argument)) return argument;
  const { $w: _marker, ...rest } = argument;
  return { ...rest, signal: neverAborted() };
}

function withoutMark({ $upload: _text, ...rest }: { readonly $upload?: unknown }): object {
  return rest;
}

function uploadOf(text: string) {
  return { bytes: Buffer.byteLength(text), open: () => Readable.from([text]) };
}

/** Calls verbs by name, as the fixtures are data: what it finds is checked to be a function. */
export async function performOnHmc(hmc: HmcSession, calls: HmcPlay['calls']): Promise<unknown> {
  let result: unknown;
  for (const { verb, args } of calls) {
    const [owner = '', method] = verb.split('.');
    const target: unknown = owner === 'result' ? result : method === undefined ? hmc : Reflect.get(hmc, owner);
    const found: unknown = Reflect.get(Object(target), method ?? owner);
    if (typeof found !== 'function') throw new PlayError(`there is no verb ${verb}`);
    result = (await Reflect.apply(found, target, args.map(fillIn))) as unknown; // apply says any
  }
  return result;
}

/** The conversations of all verbs with an HMC, by file. */
export function loadHmcPlays(): (readonly [string, HmcPlay])[] {
  return loadConversations(join(import.meta.dirname, '../fixtures/hmc'), conversation);
}
