import { expect, test } from 'vitest';
import { neverAborted } from '../../src/base/index.ts';
import { volumeConnections } from '../../src/cinder-client/index.ts';
import type { ConnectionShapeName } from '../../src/simulator/openstack/index.ts';
import type { FaultRule } from '../../src/simulator/server/index.ts';
import { parseFcConnection } from '../../src/volume/index.ts';
import { connector, openCinderIn } from './cinder-support.ts';
import { startWorld } from './openstack/support.ts';

const w = { signal: neverAborted() };
const flows = [
  { flow: 'attachments', maxMicroversion: '3.71', request: 'Update Attachment' },
  { flow: 'legacy', maxMicroversion: '3.43', request: 'os-initialize_connection' },
] as const;

/** Connects a volume of such a back end, counts the requests for it, and releases it. */
async function connectOnce(
  { maxMicroversion, request }: (typeof flows)[number],
  connectionShape: ConnectionShapeName,
  faultRules: readonly FaultRule[] = [],
) {
  await using world = await startWorld({ cinder: { maxMicroversion, connectionShape }, faultRules });
  using cinder = openCinderIn(world);
  const volumeId = world.openstack.volumes[0]!.id;
  const before = world.san.snapshot();
  const connections = await volumeConnections(cinder, w);
  const reservation = await connections.reserve({ volumeId }, w);
  const info = await connections.connect(reservation, connector, w);
  const asked = world.log.byOperation()[request];
  await connections.release(
    { ...reservation, ...(connections.kind === 'legacy' && { connection: 'legacy' }) },
    connector,
    w,
  );
  expect(world.san.snapshot()).toEqual(before);
  return { volumeId, info, asked };
}

test.each(flows)('$flow: a LUN that the array reports late is requested once more', async (flow) => {
  const { info, asked } = await connectOnce(flow, 'powerstore-late-lun');

  expect(info.data.target_lun).toBe(0);
  expect(asked).toBe(2);
});

test.each(flows)('$flow: a LUN in the first answer is not requested again, also LUN 0', async (flow) => {
  const { info, asked } = await connectOnce(flow, 'powerstore');

  expect(info.data.target_lun).toBe(0);
  expect(asked).toBe(1);
});

const silent = flows.flatMap((flow) => (['null-lun', 'no-lun'] as const).map((backend) => ({ ...flow, backend })));

test.each(silent)('$flow: with $backend the second answer is used, and the error names the volume', async (row) => {
  const { volumeId, info, asked } = await connectOnce(row, row.backend);

  expect(asked).toBe(2);
  expect(() => parseFcConnection(info)).toThrow(
    `volume ${volumeId}: connection_info has neither target_lun nor target_luns`,
  );
});

test.each(flows)('$flow: when the second request fails, the error is that of the missing LUN', async (flow) => {
  const rule: FaultRule = {
    ...{ id: 'second', server: 'cinder', operation: flow.request },
    ...{ kind: { type: 'refuse', status: 400 }, when: { skip: 1, times: -1 } },
  };

  const { volumeId, info } = await connectOnce(flow, 'null-lun', [rule]);

  expect(() => parseFcConnection(info)).toThrow(`volume ${volumeId}: connection_info has neither target_lun`);
});
