import { afterEach, expect, test } from 'vitest';
import { describeError, DpmError, neverAborted, Secret } from '../../src/base/index.ts';
import { openHmcSession } from '../../src/hmc-client/index.ts';
import type { HmcSession } from '../../src/hmc-client/index.ts';
import { quickPolicies } from '../support/hmc-policies.ts';
import { exchangesOfHmc, loadHmcPlays, performOnHmc } from '../support/hmc-plays.ts';
import type { HmcPlay } from '../support/hmc-plays.ts';
import { endConversations, playConversation } from '../support/nock-conversation.ts';

/** Results as JSON shows them, sets as lists. */
function plain(value: unknown): unknown {
  const text = JSON.stringify(value, (_key, inner: unknown) => (inner instanceof Set ? [...inner] : inner));
  return text === undefined ? undefined : (JSON.parse(text) as unknown); // JSON.parse says any
}

async function outcome(play: HmcPlay, hmc: HmcSession): Promise<unknown> {
  try {
    const result = plain(await performOnHmc(hmc, play.calls));
    return result === undefined ? { nothing: true } : { result };
  } catch (error) {
    if (!(error instanceof DpmError)) throw error;
    const { name, code, facts } = error;
    return { error: { name, code, facts: plain(facts), message: describeError(error) } };
  }
}

afterEach(endConversations);

const plays = loadHmcPlays();

const resources = [
  'console',
  'cpcs',
  'adapters',
  'partitions',
  'capacityGroups',
  'hbas',
  'nics',
  'metrics',
  'storageGroups',
  'storageVolumes',
  'virtualStorageResources',
] as const;

test('every verb of every resource has its conversations', () => {
  const hmc = openHmcSession({
    urls: ['https://hmc1.example.com:6794'],
    userid: 'nobody',
    password: async () => new Secret('invented-password'),
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
  const peer = playConversation(first, exchangesOfHmc(play));
  const hmc = openHmcSession({
    urls: play.urls,
    userid: 'novauser',
    password: async () => new Secret('invented-password'),
    policies: quickPolicies,
  });

  const ended = await outcome(play, hmc);
  await hmc.close({ signal: neverAborted() });

  expect(ended).toMatchObject(play.expect);
  if ('result' in play.expect) expect(ended).toEqual(play.expect);
  peer.verify(play.order);
});
