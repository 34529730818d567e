import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { Secret } from '../../src/base/index.ts';
import type { ComputeManager } from '../../src/compute/index.ts';
import { openHmcSession } from '../../src/hmc-client/index.ts';
import type { HmcSession } from '../../src/hmc-client/index.ts';
import { openHostWorld } from '../support/host-world.ts';
import type { HostVolume, HostWorld } from '../support/host-world.ts';
import { startWorld } from '../support/world.ts';
import type { World, WorldOptions } from '../support/world.ts';

/*
 * Orphans made behind the driver's back, one kind a row: each is found and named, --repair clears the safe ones, and
 * leaves the others as they are. What is left is read from simulators and fake host, not from the code under test.
 */

const request = { name: 'web1', vcpus: 1, memoryMib: 1024, volumes: [{ volumeId: 'boot-1' }] };

interface Stage {
  readonly world: World;
  readonly manager: ComputeManager;
  readonly hmc: HmcSession;
}

interface Row {
  readonly kind: string;
  readonly what: string;
  readonly options?: WorldOptions;
  /** @returns what the name has to contain */
  readonly make: (stage: Stage) => Promise<string>;
  readonly isSafe: boolean;
}

function openHmc({ settings: { dpm } }: World): HmcSession {
  const password = async () => new Secret(dpm.hmcPassword.reveal());
  return openHmcSession({ urls: dpm.hmcUrls, userid: dpm.hmcUsername, password, tls: {} });
}

/** An instance that was here, and is gone: the journal knows it. */
async function former({ world, manager }: Stage): Promise<{ readonly id: string; readonly wwpns: readonly string[] }> {
  const { id, connector } = await manager.create(request, world.context);
  await manager.delete('web1', world.context);
  return { id, wwpns: connector?.wwpns ?? [] };
}

async function makePartition({ world, hmc }: Stage, uuid: string): Promise<string> {
  const name = `OpenStack-compute1-${uuid}`;
  const size = { iflProcessors: 1, initialMemory: 1024, maximumMemory: 1024 };
  const kind = { type: 'linux' as const, processorMode: 'shared' as const };
  const description = 'OpenStack CPCSubset=compute1';
  await hmc.partitions.create(
    `/api/cpcs/${world.sim.hmc.cpcObjectId}`,
    { name, description, ...kind, ...size },
    world.context,
  );
  return name;
}

async function makeGroup({ world, hmc }: Stage, uuid: string): Promise<string> {
  const name = `OpenStack-compute1-${uuid}`;
  const group = { name, type: 'fcp' as const, description: 'OpenStack CPCSubset=compute1', shared: false };
  const cpcUri = `/api/cpcs/${world.sim.hmc.cpcObjectId}`;
  await hmc.storageGroups.create(
    { ...group, cpcUri, connectivity: 2, maxPartitions: 1, storageVolumes: [] },
    world.context,
  );
  return name;
}

const platform: readonly Row[] = [
  {
    ...{ kind: 'partition', what: 'of an instance that was deleted here', isSafe: true },
    make: async (stage) => await makePartition(stage, (await former(stage)).id),
  },
  {
    ...{ kind: 'partition', what: 'of an instance of which the journal knows nothing', isSafe: false },
    make: async (stage) => await makePartition(stage, randomUUID()),
  },
  {
    ...{
      kind: 'storage-group',
      what: 'of an instance that was deleted here',
      isSafe: true,
      options: { machine: 'z16' },
    },
    make: async (stage) => await makeGroup(stage, (await former(stage)).id),
  },
  {
    ...{
      kind: 'storage-group',
      what: 'of which the journal knows nothing',
      isSafe: false,
      options: { machine: 'z16' },
    },
    make: async (stage) => await makeGroup(stage, randomUUID()),
  },
  {
    ...{ kind: 'attachment', what: 'and LUN mask for WWPNs that went with their partition', isSafe: true },
    make: async (stage) => {
      const { id, wwpns } = await former(stage);
      using scene = openHostWorld(stage.world);
      const volume = { volumeId: stage.world.sim.volumes[2]!.id, instanceUuid: id };
      const connector = { host: id, wwpns, multipath: true };
      const made = await scene.cinder.attachments.create({ ...volume, connector }, stage.world.context);
      expect(stage.world.sim.san.snapshot().arrays.flatMap(({ masks }) => masks)).not.toEqual([]);
      return made.id;
    },
  },
  {
    ...{ kind: 'server', what: 'whose partition somebody has deleted', isSafe: false },
    make: async ({ world, manager, hmc }) => {
      const server = await manager.create(request, world.context);
      await manager.stop('web1', {}, world.context);
      await hmc.partitions.delete(server.partition_uri ?? '', world.context);
      return 'web1';
    },
  },
];

it.each(platform)(
  'on HMC and Cinder: $kind $what is found; safe to clear: $isSafe',
  async ({ kind, make, isSafe, options }) => {
    await using world = await startWorld(options ?? {});
    await using manager = await world.open();
    await using hmc = openHmc(world);
    const clean = world.sim.snapshot();
    const name = await make({ world, manager, hmc });
    const orphaned = world.sim.snapshot();

    const found = await manager.verify(world.context);
    expect(world.sim.snapshot()).toEqual(orphaned); // to look changes nothing
    const repaired = await manager.repair(found, world.context);

    expect(found.map((finding) => finding.kind)).toEqual([kind]);
    expect(found[0]?.name).toContain(name);
    expect(repaired.map(({ outcome }) => outcome)).toEqual([isSafe ? 'repaired' : 'left']);
    expect(world.sim.snapshot()).toEqual(isSafe ? clean : orphaned);
    expect(await manager.verify(world.context)).toHaveLength(isSafe ? 0 : 1);
  },
);

interface HostRow {
  readonly what: string;
  /** Kinds of findings, each once. */
  readonly kinds: readonly string[];
  readonly isSafe: boolean;
  readonly options?: WorldOptions;
  readonly make: (scene: HostWorld, world: World) => Promise<void>;
}

/** Cinder lets go of a volume of which this host still has the devices; the record of the attach stays. */
async function abandon(scene: HostWorld, world: World): Promise<HostVolume> {
  const volume = await scene.attach('data-1');
  await scene.cinder.attachments.delete(volume.attachment.id, world.context);
  scene.known.push({ volumeId: volume.volumeId, wwid: volume.wwid, connection: volume.connection });
  return volume;
}

const onHost: readonly HostRow[] = [
  {
    ...{
      what: 'SCSI devices and map of a volume that Cinder has not attached here',
      kinds: ['device-path'],
      isSafe: true,
    },
    make: async (scene, world) => {
      await abandon(scene, world);
    },
  },
  {
    ...{ what: 'dead SCSI devices, whose LUN the array has taken away', kinds: ['device-path'], isSafe: true },
    make: async (scene, world) => {
      await abandon(scene, world);
      scene.host.masks.splice(0);
    },
  },
  {
    ...{ what: 'devices of a volume that Cinder has attached elsewhere', kinds: ['device-path'], isSafe: true },
    options: { cinder: { connectionShape: 'pure' } },
    make: async (scene) => scene.present(await scene.attachElsewhere('data-1')),
  },
  {
    ...{ what: 'a dead SCSI device of which nobody knows anything', kinds: ['device-path'], isSafe: false },
    make: async (scene, world) => {
      await abandon(scene, world);
      scene.known.splice(0);
      scene.host.masks.splice(0);
    },
  },
  {
    ...{ what: 'a device that a process has open', kinds: ['device-path'], isSafe: false },
    make: async (scene, world) => {
      await abandon(scene, world);
      scene.host.openFiles.set(4711, { comm: 'dd', node: '/dev/dm-0' });
    },
  },
  {
    ...{ what: 'a mount', kinds: ['device-path', 'mount'], isSafe: false },
    make: async (scene, world) => {
      await abandon(scene, world);
      scene.host.mounts.set('dm-0', '/srv/data');
    },
  },
  {
    ...{ what: 'zfcp units without a device', kinds: ['zfcp-unit'], isSafe: true },
    make: async (scene, world) => {
      const { connection } = await abandon(scene, world);
      const [target] = connection.targets;
      scene.host.disks = [];
      scene.host.maps = [];
      scene.host.units.add(`0.0.8001/${target!.targetWwpn}/${target!.lun}`);
    },
  },
  {
    ...{ what: 'a zfcp unit of which nobody knows anything', kinds: ['zfcp-unit'], isSafe: false },
    make: async (scene, world) => {
      const [port] = world.sim.san.arrays[0]!.ports;
      scene.host.units.add(`0.0.8001/${port!.wwpn}/0042000000000000`);
    },
  },
  {
    ...{ what: 'a multipath map without paths', kinds: ['multipath-map'], isSafe: true },
    make: async (scene, world) => {
      await abandon(scene, world);
      scene.host.disks = [];
      scene.host.maps[0]!.slaves.splice(0);
    },
  },
  {
    ...{ what: 'a multipath map of nobody, without paths', kinds: ['multipath-map'], isSafe: false },
    make: async (scene) => {
      scene.host.addMap('36005076800000000000000000000beef', [], 1024, false);
    },
  },
];

it.each(onHost)(
  'on a host: $what: found as $kinds; safe to clear: $isSafe',
  async ({ kinds, isSafe, make, options }) => {
    await using world = await startWorld(options ?? {});
    using scene = openHostWorld(world);
    const { host, view } = scene;
    await make(scene, world);
    host.changed();
    const orphaned = host.snapshot();
    const inCinder = world.sim.snapshot();

    const found = await view.orphans(world.context);
    expect(host.snapshot()).toEqual(orphaned); // to look changes nothing
    const repaired = await view.repair(found, world.context);

    expect([...new Set(found.map(({ kind }) => kind))].toSorted()).toEqual(kinds);
    expect(found.every(({ name, detail }) => name !== '' && detail !== '')).toBe(true);
    expect(repaired.map(({ outcome, error }) => [outcome, error])).toEqual(
      found.map(() => [isSafe ? 'repaired' : 'left', null]),
    );
    expect(host.snapshot()).toEqual(isSafe ? { disks: [], maps: [], units: [] } : orphaned);
    expect(host.violations).toEqual([]);
    expect(world.sim.snapshot()).toEqual(inCinder);
    expect((await view.orphans(world.context)).length).toBe(isSafe ? 0 : found.length);
  },
);

it('takes away what is left of one volume, and nothing of another that is attached and in use beside it', async () => {
  await using world = await startWorld();
  using scene = openHostWorld(world);
  await scene.attach('data-2');
  const kept = scene.host.disks.map(({ block }) => block);
  await abandon(scene, world);
  scene.host.mounts.set('dm-0', '/srv/other');
  scene.host.changed();

  await scene.view.repair(await scene.view.orphans(world.context), world.context);

  expect(scene.host.disks.map(({ block }) => block)).toEqual(kept);
  expect(kept.length).toBeGreaterThan(0);
  expect(scene.host.maps.map(({ block }) => block)).toEqual(['dm-0']);
  expect(scene.host.violations).toEqual([]);
});
