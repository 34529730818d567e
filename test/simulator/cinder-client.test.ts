import { expect, test } from 'vitest';
import { neverAborted } from '../../src/base/index.ts';
import { volumeConnections } from '../../src/cinder-client/index.ts';
import type { Reservation, VolumeConnections } from '../../src/cinder-client/index.ts';
import type { FaultKind } from '../../src/simulator/server/index.ts';
import { quickPolicies } from '../support/cinder-policies.ts';
import { connector, instanceUuid, openCinderIn } from './cinder-support.ts';
import { startWorld } from './openstack/support.ts';
import type { World } from './openstack/support.ts';

const w = { signal: neverAborted() };
const complete = { mountpoint: '/dev/sda', mode: 'rw' } as const;

function look({ san, openstack }: World): unknown {
  return { san: san.snapshot(), cinder: openstack.snapshot() };
}

/** The highest microversion of the server decides the flow. */
const flows = [
  ['attachments', '3.71'],
  ['attachments', '3.44'],
  ['legacy', '3.43'],
  ['legacy', '3.0'],
] as const;

/** How far an attach got before it is taken back. */
type Step = (connections: VolumeConnections, reservation: Reservation) => Promise<Reservation>;
const connect: Step = async (connections, reservation) => {
  await connections.connect(reservation, connector, w);
  return reservation;
};
const finish: Step = async (connections, reservation) => await connections.complete(reservation, complete, w);
const begin: Step = async (connections, reservation) => {
  await connections.beginDetaching(reservation.volumeId, w);
  return reservation;
};
const points: readonly (readonly [string, readonly Step[]])[] = [
  ['it was reserved', []],
  ['it was connected', [connect]],
  ['it was connected twice', [connect, connect]],
  ['it was completed', [connect, finish]],
  ['detaching had begun', [connect, finish, begin]],
];

async function walk(connections: VolumeConnections, volumeId: string, steps: readonly Step[]): Promise<Reservation> {
  let reservation = await connections.reserve({ volumeId, instanceUuid, mode: 'rw' }, w);
  for (const step of steps) reservation = await step(connections, reservation);
  return reservation;
}

test.each(flows)(
  'speaks %s with a server of %s, and the volume is reachable on the SAN',
  async (kind, maxMicroversion) => {
    await using world = await startWorld({ cinder: { maxMicroversion } });
    using cinder = openCinderIn(world);
    const volumeId = world.openstack.volumes[0]!.id;
    const unmasked = world.san.snapshot();

    const connections = await volumeConnections(cinder, w);
    const reservation = await connections.reserve({ volumeId, instanceUuid }, w);
    const info = await connections.connect(reservation, connector, w);
    const completed = await connections.complete(reservation, complete, w);

    expect(connections.kind).toBe(kind);
    expect(info).toMatchObject({ driver_volume_type: 'fibre_channel', data: { target_lun: 0 } });
    expect(world.san.snapshot()).not.toEqual(unmasked);
    const volume = await cinder.getVolume(volumeId, w);
    expect(volume).toMatchObject({ status: 'in-use', attachments: [{ serverId: instanceUuid }] });
    expect(completed).toEqual({ volumeId, instanceUuid, attachmentId: volume.attachments[0]!.attachmentId });
    expect(await connections.findReservations({ instanceUuid }, w)).toEqual([completed]);
  },
);

const releases = flows.flatMap(([kind, version]) => points.map(([point, steps]) => ({ kind, version, point, steps })));

test.each(releases)('$kind at $version: release after $point restores everything', async ({ version, steps }) => {
  await using world = await startWorld({ cinder: { maxMicroversion: version } });
  using cinder = openCinderIn(world);
  const before = look(world);

  const connections = await volumeConnections(cinder, w);
  const reservation = await walk(connections, world.openstack.volumes[0]!.id, steps);
  expect(look(world)).not.toEqual(before);
  await connections.release(reservation, steps.length === 0 ? undefined : connector, w);

  expect(look(world)).toEqual(before);

  await connections.release(reservation, connector, w);

  expect(look(world)).toEqual(before);
});

test.each(points)(
  'legacy: release after %s takes the mask back though Cinder denies the volume at every look',
  async (_point, steps) => {
    await using world = await startWorld({ cinder: { maxMicroversion: '3.43' } });
    using cinder = openCinderIn(world);
    const before = look(world);
    const connections = await volumeConnections(cinder, w);
    const reservation = await walk(connections, world.openstack.volumes[0]!.id, steps);
    const denied = { server: 'cinder', operation: 'Show Volume', when: { times: -1 } } as const;
    world.faults.add({ ...denied, id: 'denied', kind: { type: 'refuse', status: 404 } });

    // Also where the attachment's id never came to be known: then the volume is looked for by what is known of it.
    const known = { ...reservation, attachmentId: null };
    await connections.release(known, steps.length === 0 ? undefined : connector, w);

    expect(look(world)).toEqual(before);
  },
);

test.each(flows)(
  '%s at %s: what Cinder really has is found after a crash, and released',
  async (_kind, maxMicroversion) => {
    await using world = await startWorld({ cinder: { maxMicroversion } });
    using cinder = openCinderIn(world);
    const before = look(world);
    const connections = await volumeConnections(cinder, w);
    const volumeId = world.openstack.volumes[0]!.id;
    await connections.reserve({ volumeId, instanceUuid }, w);

    const [found, ...others] = await connections.findReservations({ volumeId, instanceUuid }, w);
    await connections.release(found!, undefined, w);

    expect(others).toEqual([]);
    expect(look(world)).toEqual(before);
    expect(await connections.findReservations({ volumeId, instanceUuid }, w)).toEqual([]);
  },
);

const faultKinds: readonly FaultKind[] = [
  { type: 'drop', when: 'before' },
  { type: 'drop', when: 'after' },
  { type: 'refuse', status: 500, effect: 'none' },
  { type: 'refuse', status: 503, effect: 'none' },
  { type: 'html', status: 504, effect: 'done' },
  { type: 'html', status: 503, effect: 'none' },
  { type: 'session-lost' },
];
const arrayFails: readonly FaultKind[] = [
  { type: 'backend-error', effect: 'none' },
  { type: 'backend-error', effect: 'done' },
];
/** The operations for which Cinder asks the array. */
const backEndOperations = [
  'Update Attachment',
  'Delete Attachment',
  'os-initialize_connection',
  'os-terminate_connection',
];
const attachmentOperations = ['Create Attachment', 'Update Attachment', 'Complete Attachment', 'Delete Attachment'];
const actionOperations = [
  'os-reserve',
  'os-initialize_connection',
  'os-attach',
  'os-begin_detaching',
  'os-terminate_connection',
  'os-detach',
];
const rows = [
  ...[...attachmentOperations, 'os-begin_detaching'].map((operation) => ({ operation, version: '3.71' })),
  ...actionOperations.map((operation) => ({ operation, version: '3.0' })),
].flatMap((row) => {
  const kinds = backEndOperations.includes(row.operation) ? [...faultKinds, ...arrayFails] : faultKinds;
  return kinds.map((kind) => ({ ...row, kind, fault: JSON.stringify(kind) }));
});

/** Attach and detach; a step that fails is taken back by releasing, as a flow's undo would. */
async function attachAndDetach(connections: VolumeConnections, volumeId: string): Promise<void> {
  let reservation: Reservation | undefined;
  const onRemoved = () => {
    if (reservation !== undefined) reservation = { ...reservation, connection: 'removed' };
  };
  try {
    reservation = await connections.reserve({ volumeId, instanceUuid }, w);
    await connections.connect(reservation, connector, w, onRemoved);
    for (const step of [finish, begin]) reservation = await step(connections, reservation);
  } finally {
    if (reservation !== undefined) await connections.release(reservation, connector, w);
  }
}

test.each(rows)('$operation at $version with $fault leaves nothing behind', async ({ operation, version, kind }) => {
  await using world = await startWorld({ cinder: { maxMicroversion: version } });
  using cinder = openCinderIn(world);
  const before = look(world);
  const connections = await volumeConnections(cinder, w);
  world.faults.add({ id: 'the fault', server: 'cinder', operation, when: { times: 1 }, kind });

  await attachAndDetach(connections, world.openstack.volumes[0]!.id).catch(() => undefined);

  expect(world.faults.struck('the fault')).toBe(1);
  expect(look(world)).toEqual(before);
});

test.each([
  ['Update Attachment', '3.71'],
  ['os-initialize_connection', '3.0'],
])('an array that masks and then fails at each %s (%s) is told to take it back', async (operation, version) => {
  await using world = await startWorld({ cinder: { maxMicroversion: version } });
  using cinder = openCinderIn(world);
  const before = look(world);
  const connections = await volumeConnections(cinder, w);
  const kind = { type: 'backend-error', effect: 'done' } as const;
  world.faults.add({ id: 'the array', server: 'cinder', operation, when: { times: -1 }, kind });

  await expect(attachAndDetach(connections, world.openstack.volumes[0]!.id)).rejects.toThrow();

  expect(world.faults.struck('the array')).toBe(operation === 'Update Attachment' ? 5 : 1);
  expect(look(world)).toEqual(before);
});

test('an array that masks and then fails leaves nothing of an attachment created with its connector', async () => {
  await using world = await startWorld();
  using cinder = openCinderIn(world);
  const before = look(world);
  const kind = { type: 'backend-error', effect: 'done' } as const;
  world.faults.add({ id: 'the array', server: 'cinder', operation: 'Create Attachment', when: { times: 1 }, kind });

  const created = cinder.attachments.create({ volumeId: world.openstack.volumes[0]!.id, connector }, w);
  await expect(created).rejects.toThrow('Unable to create attachment');

  expect(world.faults.struck('the array')).toBe(1);
  expect(look(world)).toEqual(before);
});

test('an attachment that Cinder says is complete, and is not, is an error that names it', async () => {
  await using world = await startWorld();
  using cinder = openCinderIn(world);
  const before = look(world);
  const connections = await volumeConnections(cinder, w);
  const volumeId = world.openstack.volumes[0]!.id;
  world.faults.add({ id: 'stuck', server: 'cinder', operation: 'Complete Attachment', kind: { type: 'stuck' } });

  const reservation = await walk(connections, volumeId, [connect]);
  const completed = connections.complete(reservation, complete, w);
  await expect(completed).rejects.toMatchObject({
    message: `complete attachment ${reservation.attachmentId!}: it stays in status "attaching"`,
    facts: { attachmentId: reservation.attachmentId, volumeId },
  });
  await connections.release(reservation, connector, w);

  expect(look(world)).toEqual(before);
});

test('a reservation whose answer is lost is not made twice when looking for it fails as well', async () => {
  await using world = await startWorld();
  using cinder = openCinderIn(world);
  const before = look(world);
  const connections = await volumeConnections(cinder, w);
  const volumeId = world.openstack.volumes[0]!.id;
  const kind = { type: 'drop', when: 'after' } as const;
  world.faults.add({ id: 'create', server: 'cinder', operation: 'Create Attachment', when: { times: 1 }, kind });
  const looks = quickPolicies.read.attempts;
  world.faults.add({ id: 'look', server: 'cinder', operation: 'List Attachments', when: { times: looks }, kind });

  const reservation = await connections.reserve({ volumeId, instanceUuid }, w);

  expect(world.faults.struck('look')).toBe(looks);
  expect(world.log.byOperation()).toMatchObject({ 'Create Attachment': 1 });
  expect(await connections.findReservations({ volumeId, instanceUuid }, w)).toEqual([reservation]);
  await connections.release(reservation, undefined, w);
  expect(look(world)).toEqual(before);
});

test('a version document that cannot be read is an error, not an old Cinder; the next look reads it', async () => {
  await using world = await startWorld();
  using cinder = openCinderIn(world);
  const kind = { type: 'wrong-schema' } as const;
  world.faults.add({ id: 'version', server: 'cinder', operation: 'Show Version', kind });

  await expect(volumeConnections(cinder, w)).rejects.toMatchObject({ code: 'CINDER_SCHEMA' });

  expect((await volumeConnections(cinder, w)).kind).toBe('attachments');
});
