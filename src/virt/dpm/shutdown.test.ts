import { expect, test } from 'vitest';
import { neverAborted, silentLogger } from '../../base/index.ts';
import { EventHub } from '../../hmc-client/events.ts';
import { HmcHttpError } from '../../hmc-client/index.ts';
import { shutDownGuest } from './shutdown.ts';

const partition = { uri: '/api/partitions/1', name: 'p1' };
const refusal = (status: number, reason: number) =>
  new HmcHttpError('send a command', { status, reason, method: 'POST', uri: partition.uri, hmcMessage: 'no' });

interface Guest {
  /** The status at each look; the last one stays. */
  readonly statuses: readonly string[];
  readonly refuses?: Error;
  readonly refusesList?: Error;
  readonly prints?: readonly string[];
  /** Default: longer than any test takes, for a guest that ends. */
  readonly timeoutMs?: number;
}

/** Asks a guest that behaves so. */
async function ask({ statuses, refuses, refusesList, prints = [], timeoutMs = 60_000 }: Guest) {
  const messages = prints.map((text, index) => ({ sequenceNumber: index + 2, text }));
  let looks = 0;
  const partitions = {
    readOsMessages: (_uri: string, { begin }: { readonly begin?: number }) => {
      if (refusesList !== undefined) return Promise.reject(refusesList);
      return Promise.resolve(begin === undefined ? [{ sequenceNumber: 1, text: 'Password:' }] : messages);
    },
    sendOsCommand: () => (refuses === undefined ? Promise.resolve() : Promise.reject(refuses)),
  };
  const status = () => Promise.resolve(statuses[Math.min(looks++, statuses.length - 1)] ?? '');
  const events = new EventHub(() => undefined, silentLogger);
  const deps = { hmc: { partitions, events }, lifecycle: { status }, log: silentLogger } as never; // the parts that it uses
  return await shutDownGuest(deps, partition, { timeoutMs, pollMs: 1 }, { signal: neverAborted() });
}

test.each(['terminated', 'paused', 'stopped'])(
  'a guest that reaches the status %s has ended by itself',
  async (end) => {
    expect(await ask({ statuses: ['active', 'active', end] })).toEqual({ endedBy: 'guest' });
  },
);

test('a guest that still runs after the grace time is to be stopped by force', async () => {
  expect(await ask({ statuses: ['degraded'], timeoutMs: 20 })).toEqual({
    endedBy: 'force',
    reason: 'it did not shut down within 0.02 s',
  });
});

test('a prompt for a password ends the wait, and one from before the command does not', async () => {
  const reason = 'its console asks for a login, so no shell took the command';
  expect(await ask({ statuses: ['active'], prints: ['login: shutdown -h now', 'Password: \n'] })).toMatchObject({
    reason,
  });
  expect(await ask({ statuses: ['active', 'paused'], prints: ['no password: none'] })).toEqual({ endedBy: 'guest' });
});

test.each([
  [409, 332, 'its console accepts no commands'],
  [403, 1, 'the HMC user lacks the task permission "Operating System Messages"'],
  [404, 1, 'the HMC does not offer its console'],
])('a refusal with %d.%d is the reason for the force', async (status, reason, expected) => {
  expect(await ask({ statuses: ['active'], refuses: refusal(status, reason) })).toEqual({
    endedBy: 'force',
    reason: expected,
  });
});

test('an answer that may mean that the command arrived is waited out, another failure is thrown', async () => {
  expect(await ask({ statuses: ['active', 'terminated'], refuses: refusal(500, 0) })).toEqual({ endedBy: 'guest' });
  await expect(ask({ statuses: ['active'], refuses: refusal(400, 7) })).rejects.toThrow('400.7');
});

test('messages that cannot be listed do not matter', async () => {
  expect(await ask({ statuses: ['active', 'terminated'], refusesList: refusal(404, 1) })).toEqual({ endedBy: 'guest' });
  expect(await ask({ statuses: ['active', 'terminated'], refusesList: refusal(409, 2) })).toEqual({ endedBy: 'guest' });
});
