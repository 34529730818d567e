import { expect, test } from 'vitest';
import { missingPeer, neverAborted, parseWwpn, silentLogger } from '../base/index.ts';
import { TransportError } from '../http/index.ts';
import type { CinderClient } from './client.ts';
import { Connections } from './connections.ts';
import { CinderConnectionError, CinderHttpError } from './errors.ts';
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
    await this.removeForCertain('v1', connector, remove, connect, { signal: neverAborted() });
  }
}

const removal = new Removal({} as CinderClient, silentLogger); // Cinder is only asked by the functions given

test('a removal that has to connect again waits for a Cinder that is unreachable', async () => {
  const reset = new TransportError('receive', true, 'the connection was reset', where);
  const silent = new CinderConnectionError('initialize', 'Cinder', reset);

  const failure: unknown = await removal.remove(() => Promise.reject(silent)).catch((error: unknown) => error);

  expect(missingPeer(failure)).toBe('Cinder');
});

test('a removal that cannot connect again sends a person to the array when Cinder says that the array failed', async () => {
  const failing = removal.remove(() => Promise.reject(arrayFailure));

  await expect(failing).rejects.toThrow('check on the array whether it still presents the volume to c05076b071008000');
});
