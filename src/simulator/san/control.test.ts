import { afterEach, expect, test } from 'vitest';
import { FaultEngine } from '../server/index.ts';
import { startSanControl, type SanControl } from './control.ts';
import { createSan } from './san.ts';

const initiator = 'c05076ffe5000001';
const faults = new FaultEngine();
const san = createSan();
let control: SanControl | undefined;

afterEach(async () => {
  faults.clear();
  await control?.[Symbol.asyncDispose]();
});

test('a volume of an image with a boot record is masked, zoned, released and deleted', async () => {
  const call = await start();
  expect(await call('POST', '/v1/volumes', { id: 'v1', size_gib: 2 })).toMatchObject({
    status: 201,
    body: { bootable: false },
  });
  expect(await call('PUT', '/v1/volumes/v1/content', Buffer.from('zIPL...'))).toMatchObject({
    body: { bootable: true },
  });
  const mapped = await call('POST', '/v1/volumes/v1/map', { host: 'p1', initiators: [initiator] });
  const { lun, targets } = mapped.body as { lun: number; targets: string[] };
  expect(lun).toBe(0);
  san.login(initiator, 'fabric-a');
  expect(san.probe(initiator, 'fabric-a', targets[0] ?? '', '0000000000000000')).toMatchObject({ bootable: true });
  expect(await call('DELETE', '/v1/volumes/v1')).toEqual({
    status: 409,
    body: { error: 'Volume v1 is masked to p1' },
  });
  expect(await call('POST', '/v1/volumes/v1/unmap', { initiators: [initiator] })).toMatchObject({ status: 200 });
  expect(await call('DELETE', '/v1/volumes/v1')).toMatchObject({ status: 204 });
  expect(san.snapshot()).toMatchObject({
    arrays: [{ masks: [] }, { masks: [] }],
    fabrics: [{ zones: [] }, { zones: [] }],
  });
});

test('bad requests and faults of the array are answered', async () => {
  const call = await start();
  await call('POST', '/v1/volumes', { id: 'v2', size_gib: 1 });
  expect(await call('POST', '/v1/volumes', { id: 'v2', size_gib: 1 })).toMatchObject({ status: 409 });
  expect(await call('POST', '/v1/volumes', { id: 'v3', size_gib: 0 })).toMatchObject({ status: 400 });
  expect(await call('POST', '/v1/volumes/none/map', { host: 'p', initiators: [initiator] })).toMatchObject({
    status: 404,
    body: { error: 'No volume none' },
  });
  faults.add({ id: 'array', server: 'san', operation: 'Map Volume', kind: { type: 'backend-error', effect: 'done' } });
  const request = { host: 'p2', initiators: [initiator] };
  expect(await call('POST', '/v1/volumes/v2/map', request)).toMatchObject({ status: 500 });
  expect(san.snapshot().arrays[0]?.masks).toHaveLength(1);
  expect(await call('POST', '/v1/volumes/v2/map', request)).toMatchObject({ status: 200 });
});

async function start() {
  const { url } = (control = await startSanControl({ san, faults }));
  return async (method: string, path: string, body?: unknown) => {
    const isBinary = body instanceof Buffer;
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { 'content-type': isBinary ? 'application/octet-stream' : 'application/json' },
      ...(body === undefined ? {} : { body: isBinary ? new Uint8Array(body) : JSON.stringify(body) }),
    });
    const answer = await response.text();
    return { status: response.status, body: answer === '' ? undefined : (JSON.parse(answer) as unknown) };
  };
}
