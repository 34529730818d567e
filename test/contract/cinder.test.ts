import { afterEach, expect, test } from 'vitest';
import { describeError, DpmError } from '../../src/base/index.ts';
import { openCinder } from '../../src/cinder-client/index.ts';
import type { CinderClient } from '../../src/cinder-client/index.ts';
import { quickPolicies } from '../support/cinder-policies.ts';
import {
  credentials,
  exchangesOfCinder,
  loadCinderPlays,
  performOnCinder,
  recordedAt,
} from '../support/cinder-plays.ts';
import type { CinderPlay } from '../support/cinder-plays.ts';
import { endConversations, playConversation } from '../support/nock-conversation.ts';

/** Results as JSON shows them. */
function plain(value: unknown): unknown {
  return value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown); // JSON.parse says any
}

async function outcome(play: CinderPlay, cinder: CinderClient): Promise<unknown> {
  try {
    const result = plain(await performOnCinder(cinder, play.calls));
    if (result === undefined) return { nothing: true };
    return 'resultLike' in play.expect ? { resultLike: result } : { result };
  } catch (error) {
    if (!(error instanceof DpmError)) throw error;
    const { name, code, facts } = error;
    return { error: { name, code, facts: plain(facts), message: describeError(error) } };
  }
}

afterEach(endConversations);

const plays = loadCinderPlays();

test('the conversations are there', () => {
  expect(plays.length).toBeGreaterThan(60);
});

test.each(plays.map(([file, play]) => [`${file}: ${play.title}`, play] as const))('%s', async (_name, play) => {
  const peer = playConversation('http://cinder.test:8776', exchangesOfCinder(play));
  using cinder = openCinder({
    auth: credentials[play.auth],
    serviceUser: play.serviceUser === undefined ? undefined : credentials[play.serviceUser],
    ...play.settings,
    policies: quickPolicies,
    clock: () => recordedAt,
  });

  const ended = await outcome(play, cinder);

  expect(ended).toMatchObject(play.expect);
  if ('result' in play.expect) expect(ended).toEqual(play.expect);
  peer.verify(play.order);
});
