/* dpm volume paths on a Linux host: the state of each path, without a change. */
import { expect, it } from 'vitest';
import { parseFcConnection } from '../../src/volume/index.ts';
import { openHostWorld } from '../support/host-world.ts';
import { startWorld } from '../support/world.ts';

function statesOf(paths: readonly { readonly state: string }[]): readonly string[] {
  return paths.map(({ state }) => state).toSorted();
}

it('lists every path of an attached volume with device, map and port, and changes nothing', async () => {
  await using world = await startWorld();
  using scene = openHostWorld(world);
  const { volumeId, connection } = await scene.attach('data-1');
  await scene.attach('data-2');
  const before = scene.host.snapshot();

  const paths = await scene.view.paths(volumeId, world.context);

  expect(paths).toHaveLength(2 * connection.targets.length);
  expect(new Set(statesOf(paths))).toEqual(new Set(['active']));
  expect(paths[0]).toMatchObject({
    connector: 'lnx1',
    kind: 'host',
    adapter_port: 'ccw-0.0.8001',
    device_number: '8001',
    device: '/dev/sda',
    map: '/dev/dm-0',
    volume_id: volumeId,
  });
  expect(await scene.view.paths(undefined, world.context)).toHaveLength(4 * connection.targets.length);
  expect(await scene.view.orphans(world.context)).toEqual([]);
  expect(scene.host.snapshot()).toEqual(before);
  expect(scene.host.log.filter((line) => line.startsWith('write'))).toEqual([]);
});

it('names the cause of each path that does not work', async () => {
  await using world = await startWorld();
  using scene = openHostWorld(world);
  const { volumeId, connection } = await scene.attach('data-1');
  const { host } = scene;
  const [first, second, third] = host.disks;
  host.masks.splice(0, 1); // the array has taken it away, and nobody has told the kernel
  second!.state = 'offline';
  host.disks = host.disks.filter((disk) => disk !== third);
  host.adapters[1]!.portState = 'Linkdown';
  host.changed();

  const paths = await scene.view.paths(volumeId, world.context);

  const stateOf = (device: string | undefined) => paths.find((path) => path.device === `/dev/${device}`)?.state;
  expect(stateOf(first?.block)).toBe('lun-unreachable');
  expect(stateOf(second?.block)).toBe('offline');
  expect(paths.find(({ device }) => device === null)).toMatchObject({
    state: 'missing',
    detail: 'no SCSI device',
    target_wwpn: third?.target.wwpn,
  });
  const behindDown = paths.filter(({ adapter_port: port }) => port === 'ccw-0.0.8002');
  expect(behindDown).toHaveLength(connection.targets.length);
  expect(new Set(statesOf(behindDown))).toEqual(new Set(['adapter-down']));
});

it('reports a pair of ports in different fabrics as not a fault', async () => {
  await using world = await startWorld();
  using scene = openHostWorld(world);
  const { volumeId, connection } = await scene.attach('data-1');
  const { host } = scene;
  // Each port sees half of the targets.
  for (const [index, adapter] of host.adapters.entries()) {
    for (const target of adapter.targets) if (target.id % 2 !== index) target.appears = 'never';
  }
  host.disks = host.disks.filter((disk) => disk.target.appears === 'always');
  host.changed();

  const paths = await scene.view.paths(volumeId, world.context);

  const withoutDevice = paths.filter(({ device }) => device === null);
  expect(withoutDevice).toHaveLength(connection.targets.length);
  for (const path of withoutDevice) {
    expect(path).toMatchObject({
      state: 'target-unreachable',
      detail: 'no fabric connects these two ports, but each of them has paths to other ports (not a fault)',
    });
  }
});

it('takes a LUN of the same number for another volume where the identities differ', async () => {
  await using world = await startWorld({ cinder: { connectionShape: 'pure' } });
  using scene = openHostWorld(world);
  const elsewhere = await scene.attachElsewhere('data-1');
  scene.present({ ...elsewhere, disk: { ...elsewhere.disk, wwid: 'naa.600507680000000000000000000000ff' } });

  const paths = await scene.view.paths(undefined, world.context);

  expect(paths.length).toBeGreaterThan(0);
  expect(paths.every(({ volume_id: id }) => id === null)).toBe(true);
  expect(await scene.view.orphans(world.context)).toEqual([]); // a healthy disk that no record names
});

it('recognises a volume by its second designator, if Cinder names that one', async () => {
  await using world = await startWorld({ cinder: { connectionShape: 'pure' } });
  using scene = openHostWorld(world);
  const elsewhere = await scene.attachElsewhere('data-1'); // so that the identity is the only evidence
  const disk = { ...elsewhere.disk, wwid: 'naa.600507680000000000000000000000ff', otherWwid: elsewhere.wwid };
  scene.present({ ...elsewhere, disk });

  const paths = await scene.view.paths(undefined, world.context);

  expect(paths.length).toBeGreaterThan(0);
  expect(paths.every(({ volume_id: id }) => id === elsewhere.volumeId)).toBe(true);
  expect(new Set(statesOf(paths))).toEqual(new Set(['active']));
});

it('recognises the map of a volume that has no paths, if the map is named by another designator', async () => {
  await using world = await startWorld();
  using scene = openHostWorld(world);
  const mapWwid = '3600a098038303053743f4a6b4c6d4e4f';
  scene.host.addMap(mapWwid, [], 1024, false);
  const { id: volumeId } = world.sim.volumes[1]!;
  scene.known.push({ volumeId, wwid: '360050768018205e1a800000000000001', mapWwid, connection: undefined });

  const [orphan] = await scene.view.orphans(world.context);

  expect(orphan).toMatchObject({ kind: 'multipath-map', leftover: { wwid: mapWwid } });
});

it('has nothing to say of a Cinder without the attachments API but what the kernel knows', async () => {
  await using world = await startWorld({ cinder: { maxMicroversion: '3.43' } });
  using scene = openHostWorld(world);

  expect(await scene.view.paths(undefined, world.context)).toEqual([]);
  expect(await scene.view.takesVolumes()).toBe(true);
});

it('does not call a device dead that it may not open', async () => {
  await using world = await startWorld();
  using scene = openHostWorld(world);
  const { volumeId } = await scene.attach('data-1');
  scene.host.isClaimed = async () => {
    throw Object.assign(new Error('EACCES'), { code: 'EACCES' });
  };

  const paths = await scene.view.paths(volumeId, world.context);

  expect(new Set(statesOf(paths))).toEqual(new Set(['configured']));
  expect(await scene.view.orphans(world.context)).toEqual([]);
});

it('takes no volume away that a Cinder without attachments says is in use, as it may be so here', async () => {
  await using world = await startWorld({ cinder: { maxMicroversion: '3.43' } });
  using scene = openHostWorld(world);
  const { cinder, view, known } = scene;
  const volumeId = world.sim.volumes[2]!.id;
  await cinder.actions.reserve(volumeId, world.context);
  const info = await cinder.actions.initializeConnection(volumeId, scene.connector, world.context);
  const wwid = `3${world.sim.san.findVolume(volumeId)!.uuid.toLowerCase()}`;
  const disk = { wwid: wwid.replace(/^3/, 'naa.'), bytes: 1024 ** 3, alive: true };
  const connection = parseFcConnection(info);
  scene.present({ connection, disk });
  known.push({ volumeId, wwid, connection });

  const inUse = await view.orphans(world.context);
  await cinder.actions.terminateConnection(volumeId, scene.connector, world.context);
  await cinder.actions.unreserve(volumeId, world.context).catch(() => undefined);
  const left = await view.orphans(world.context);

  expect(inUse).toEqual([]);
  expect(left.length).toBeGreaterThan(0);
  expect(left.every(({ leftover }) => leftover !== null)).toBe(true);
});
