import type { Report } from '../../scripts/real-openstack/report.ts';
import { makeInstallerImage } from '../../src/simulator/index.ts';
import type { Cloud } from './cloud.ts';
import { compare } from './picture.ts';
import type { Host, World } from './world.ts';

/** What a scenario works with. */
export interface Scene {
  readonly report: Report;
  readonly world: World;
  readonly cloud: Cloud;
  readonly things: Things;
}

/** Flavors and images that all scenarios share. */
export interface Things {
  readonly small: string;
  readonly large: string;
  /** A flavor that the driver refuses. */
  readonly wrong: string;
  /** Disk image with a boot record. */
  readonly system: string;
  /** Disk image without one. */
  readonly empty: string;
  /** ISO image that boots. */
  readonly iso: string;
}

/** A boot record as zipl writes it, in a disk of 64 KiB. */
export function systemImage(): Buffer {
  const disk = Buffer.alloc(65_536);
  disk.write('zIPL');
  return disk;
}

export async function makeThings(cloud: Cloud): Promise<Things> {
  const iso = makeInstallerImage();
  return {
    small: await cloud.createFlavor('small', 1024, 1),
    large: await cloud.createFlavor('large', 2048, 2),
    wrong: await cloud.createFlavor('wrong', 1024, 1, { 'dpm:processor_mode': 'quantum' }),
    system: await cloud.createImage('system', 'raw', systemImage()),
    empty: await cloud.createImage('empty', 'raw', Buffer.alloc(65_536)),
    iso: await cloud.createImage('rescue', 'iso', Buffer.from(iso)),
  };
}

/** Everything that a user does with a server, on one host; after each step, all services must agree. */
export async function roundTrip(scene: Scene, host: Host): Promise<void> {
  const { report, cloud, things } = scene;
  const name = `life-${host.name}`;
  report.heading(`The life of a server on a ${host.machine.name}`);
  const data = await cloud.createVolume(`${name}-data`);
  const id = await cloud.createServer({
    name,
    flavor: things.small,
    host: host.name,
    image: things.system,
    network: true,
  });
  const step = async (what: string, work: () => Promise<void>, status: string) => {
    await report.step(`${host.name}: ${what}`, async () => {
      await work();
      await cloud.untilServer(id, status);
    });
    await compare(report, `${host.name}: ${what}`, scene, host);
  };
  const act = (action: string, parameters?: object) => async () => await cloud.action(id, action, parameters);

  await step('boot from a volume that Cinder makes of an image', () => Promise.resolve(), 'ACTIVE');
  await step(
    'attach a volume to a running server',
    async () => {
      await cloud.attachVolume(id, data);
      await cloud.untilVolume(data, 'in-use');
    },
    'ACTIVE',
  );
  await step(
    'extend the attached volume',
    async () => {
      await cloud.extendVolume(data, 2);
      await cloud.untilVolume(data, 'in-use');
      // Cinder tells Nova later, and Nova tells the driver. A detach before that would lose the race.
      await cloud.untilAction(id, 'extend_volume');
    },
    'ACTIVE',
  );
  await step('reboot, soft', act('reboot', { type: 'SOFT' }), 'ACTIVE');
  await step('reboot, hard', act('reboot', { type: 'HARD' }), 'ACTIVE');
  await step(
    'detach a volume from a running server',
    async () => {
      await cloud.detachVolume(id, data);
      await cloud.untilVolume(data, 'available');
    },
    'ACTIVE',
  );
  if (host.machine.name !== 'z13') {
    await report.step(
      `${host.name}: console log`,
      async () => await cloud.consoleLog(id),
      (log) => log.split('\n')[0] ?? '',
    );
  }
  await step('stop', act('os-stop'), 'SHUTOFF');
  await step(
    'attach a volume to a stopped server',
    async () => {
      await cloud.attachVolume(id, data);
      await cloud.untilVolume(data, 'in-use');
    },
    'SHUTOFF',
  );
  await step(
    'detach a volume from a stopped server',
    async () => {
      await cloud.detachVolume(id, data);
      await cloud.untilVolume(data, 'available');
    },
    'SHUTOFF',
  );
  await step('start', act('os-start'), 'ACTIVE');
  await step('resize', act('resize', { flavorRef: things.large }), 'VERIFY_RESIZE');
  await step('revert the resize', act('revertResize'), 'ACTIVE');
  await step('resize again', act('resize', { flavorRef: things.large }), 'VERIFY_RESIZE');
  await step('confirm the resize', act('confirmResize'), 'ACTIVE');
  await step('rebuild', act('rebuild', { imageRef: things.system }), 'ACTIVE');
  await step('shelve', act('shelve'), 'SHELVED_OFFLOADED');
  await step('unshelve', act('unshelve'), 'ACTIVE');
  await step('rescue', act('rescue', { rescue_image_ref: things.iso }), 'RESCUE');
  await step('unrescue', act('unrescue'), 'ACTIVE');
  await report.step(`${host.name}: delete`, async () => {
    await cloud.deleteServer(id);
    await cloud.untilGone(id);
  });
  await compare(report, `${host.name}: delete`, scene, host);
  await cloud.deleteVolume(data);
}

/** A server whose volume the user made, and one whose volume has no boot record. */
export async function existingVolumes(scene: Scene, host: Host): Promise<void> {
  const { report, cloud, things } = scene;
  report.heading(`Volumes that exist, on a ${host.machine.name}`);
  const good = await cloud.createVolume(`own-${host.name}`, things.system);
  const bad = await cloud.createVolume(`blank-${host.name}`, things.empty);
  const first = await cloud.createServer({
    name: `own-${host.name}`,
    flavor: things.small,
    host: host.name,
    volume: good,
  });
  await report.step(`${host.name}: boot from a volume`, async () => await cloud.untilServer(first, 'ACTIVE'));
  const second = await cloud.createServer({
    name: `blank-${host.name}`,
    flavor: things.small,
    host: host.name,
    volume: bad,
  });
  await report.step(
    `${host.name}: a volume without a boot record does not boot`,
    async () => await cloud.untilServer(second, 'ERROR'),
    ({ fault }) => fault?.message ?? 'no fault',
  );
  await compare(report, `${host.name}: after both`, scene, host);
  await remove(cloud, [first, second]);
  await compare(report, `${host.name}: after delete`, scene, host);
  await cloud.deleteVolume(good);
  await cloud.deleteVolume(bad);
}

/** Deletes servers, and waits until they are gone. */
export async function remove(cloud: Cloud, ids: readonly string[]): Promise<void> {
  for (const id of ids) await cloud.deleteServer(id);
  for (const id of ids) await cloud.untilGone(id);
}
