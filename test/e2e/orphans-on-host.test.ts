import { expect, it } from 'vitest';
import { openHostWorld } from '../support/host-world.ts';
import type { HostVolume, HostWorld } from '../support/host-world.ts';
import { startWorld } from '../support/world.ts';
import type { World, WorldOptions } from '../support/world.ts';

/*
 * Orphans made on a host behind the driver's back, one kind a row: each is found and named, --repair clears the safe ones,
 * and leaves the others as they are. What is left is read from simulators and fake host, not from the code under test.
 */

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

/** A LUN of somebody else's. */
const stranger = { wwid: 'naa.6005076800000000000000000000beef', bytes: 1024, alive: true };

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
    ...{ what: 'a dead SCSI device that no record names', kinds: ['device-path'], isSafe: false },
    make: async (scene, world) => {
      await abandon(scene, world);
      scene.known.splice(0);
      scene.host.masks.splice(0);
    },
  },
  {
    ...{ what: 'SCSI devices that the kernel has given up', kinds: ['device-path'], isSafe: true },
    make: async (scene, world) => {
      await abandon(scene, world);
      for (const disk of scene.host.disks) disk.state = 'offline';
    },
  },
  {
    ...{ what: 'SCSI devices behind target ports that are gone', kinds: ['device-path'], isSafe: true },
    make: async (scene, world) => {
      await abandon(scene, world);
      for (const { targets } of scene.host.adapters) for (const target of targets) target.portState = 'Not Present';
    },
  },
  {
    ...{
      what: 'devices in whose place another volume answers, of one that Cinder has not attached here',
      kinds: ['device-path'],
      isSafe: false,
    },
    make: async (scene, world) => {
      await abandon(scene, world);
      for (const mask of scene.host.masks) mask.volume = stranger;
    },
  },
  {
    ...{
      what: 'devices in whose place another volume answers, of one that Cinder has attached here',
      kinds: ['device-path'],
      isSafe: false,
    },
    make: async (scene) => {
      await scene.attach('data-1');
      for (const mask of scene.host.masks) mask.volume = stranger;
    },
  },
  {
    ...{ what: 'devices under a logical volume', kinds: ['device-path'], isSafe: false },
    make: async (scene, world) => {
      await abandon(scene, world);
      scene.host.hold('dm-0', 'vg-root');
    },
  },
  {
    ...{ what: 'swap space', kinds: ['device-path'], isSafe: false },
    make: async (scene, world) => {
      await abandon(scene, world);
      scene.host.swaps.add('dm-0');
    },
  },
  {
    ...{ what: 'devices that share their map with those of nobody', kinds: ['device-path'], isSafe: false },
    make: async (scene, world) => {
      await abandon(scene, world);
      const [adapter] = scene.host.adapters;
      const [target] = adapter!.targets;
      scene.host.addDisk(adapter!, target!, {
        ...{ initiator: adapter!.wwpn, target: target!.wwpn, lun: '0042000000000000', volume: stranger },
      });
      scene.host.maps[0]!.slaves.push(scene.host.disks.at(-1)!.block);
    },
  },
  {
    ...{ what: 'a multipath map without paths that a process has open', kinds: ['multipath-map'], isSafe: false },
    make: async (scene, world) => {
      await abandon(scene, world);
      scene.host.disks = [];
      scene.host.maps[0]!.slaves.splice(0);
      scene.host.openFiles.set(4711, { comm: 'dd', node: '/dev/dm-0' });
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
    ...{ what: 'a zfcp unit that no record names', kinds: ['zfcp-unit'], isSafe: false },
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
  'on a host: $what: listed as $kinds; safe to remove: $isSafe',
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

it('removes the devices of an orphaned volume, and keeps those of another volume that is in use', async () => {
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
