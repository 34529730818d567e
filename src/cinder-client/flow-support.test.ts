import { expect, test } from 'vitest';
import { missingPeer, neverAborted, parseWwpn, silentLogger } from '../base/index.ts';
import { TransportError } from '../http/index.ts';
import { CinderConnectionError, CinderHttpError } from './errors.ts';
import { removeForCertain } from './flow-support.ts';
import type { Connector } from './types.ts';

const where = { host: 'cinder', method: 'POST', path: '/' };
const arrayFailure = new CinderHttpError({
  ...{ what: 'terminate connection', peer: 'Cinder', method: 'POST', path: '/', status: 500 },
  ...{ faultName: 'computeFault', message: 'array refused', requestId: undefined, retryAfterMs: undefined },
});

function removal(connect: () => Promise<unknown>) {
  const connector: Connector = { host: 'compute1', wwpns: [parseWwpn('c05076b071008000')!] }; // all that is read of it
  return { volumeId: 'v1', connector, connect, remove: () => Promise.reject(arrayFailure) };
}

test('a removal that needs a connection made again waits for a Cinder that does not answer', async () => {
  const silent = new CinderConnectionError(
    'initialize',
    'Cinder',
    new TransportError('receive', true, 'the connection was reset', where),
  );

  const failure: unknown = await removeForCertain(
    removal(() => Promise.reject(silent)),
    silentLogger,
    {
      signal: neverAborted(),
    },
  ).catch((error: unknown) => error);

  expect(missingPeer(failure)).toBe('Cinder');
});

test('and sends a person to the array when Cinder answers that it fails', async () => {
  const failing = removeForCertain(
    removal(() => Promise.reject(arrayFailure)),
    silentLogger,
    { signal: neverAborted() },
  );

  await expect(failing).rejects.toThrow('look on the array whether it still presents the volume to c05076b071008000');
});
