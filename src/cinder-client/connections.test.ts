import { expect, test } from 'vitest';
import { missingPeer, neverAborted, parseWwpn, silentLogger } from '../base/index.ts';
import { TransportError } from '../http/index.ts';
import type { CinderClient } from './client.ts';
import { Connections } from './connections.ts';
import { CinderConnectionError, CinderHttpError, isUncertain } from './errors.ts';
import type { Connector } from './types.ts';

const where = { host: 'cinder', method: 'POST', path: '/' };
const arrayFailure = new CinderHttpError({
  ...{ what: 'terminate connection', peer: 'Cinder', method: 'POST', path: '/', status: 500 },
  ...{ faultName: 'computeFault', message: 'array refused', requestId: undefined, retryAfterMs: undefined },
});

/** Removes a connection that the array fails to remove. */
class Removal extends Connections {
  async remove(connect: () => Promise<unknown>): Promise<void> {
    const connector = { host: 'compute1', wwpns: [parseWwpn('c05076b071008000')!] } as Connector; // all that is read of it
    const remove = () => Promise.reject(arrayFailure);
    await this.removeReliably('v1', connector, remove, connect, { signal: neverAborted() });
  }
}

const removal = new Removal({} as CinderClient, silentLogger); // Cinder is only asked by the functions given

test('a removal that has to connect again waits for an unreachable Cinder', async () => {
  const reset = new TransportError('receive', true, 'the connection was reset', where);
  const silent = new CinderConnectionError('initialize', 'Cinder', reset);

  const failure: unknown = await removal.remove(() => Promise.reject(silent)).catch((error: unknown) => error);

  expect(missingPeer(failure)).toBe('Cinder');
});

test('a removal that cannot connect again because the array failed says what to check on the array', async () => {
  const failing = removal.remove(() => Promise.reject(arrayFailure));

  await expect(failing).rejects.toThrow('check on the array whether it still presents the volume to c05076b071008000');
});

const lost = new CinderConnectionError(
  'begin detaching',
  'Cinder',
  new TransportError('receive', true, 'reset', where),
);
const refused = new CinderConnectionError(
  'begin detaching',
  'Cinder',
  new TransportError('connect', false, '-', where),
);

test.each([
  { name: 'the volume cannot be read after it', requests: [lost], reads: [refused] },
  { name: 'it cannot be sent again', requests: [lost, refused], reads: ['in-use'] },
  { name: 'the volume cannot be read after the second one', requests: [lost, lost], reads: ['in-use', refused] },
])('after a lost request to begin detaching, the outcome stays unknown when $name', async ({ requests, reads }) => {
  const next = async <T>(answers: (T | Error)[]) => {
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const [requestsLeft, readsLeft] = [[...requests], [...reads]];
  const client = {
    actions: { beginDetaching: () => next(requestsLeft) },
    findVolume: async () => ({ status: await next<string>(readsLeft) }),
  } as unknown as CinderClient; // the only methods that are called

  const failure: unknown = await new Removal(client, silentLogger)
    .beginDetaching('v1', { signal: neverAborted() })
    .catch((error: unknown) => error);

  expect(isUncertain(failure)).toBe(true);
  expect(missingPeer(failure)).toBe('Cinder');
});
