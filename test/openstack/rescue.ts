import { compare } from './picture.ts';
import { remove, type Scene } from './round-trip.ts';
import type { Host } from './world.ts';

/** A rescue from an ISO image of Glance, and its end. */
export async function rescues(scene: Scene, host: Host): Promise<void> {
  const { report, cloud, things } = scene;
  report.heading(`Rescue on a ${host.machine.name}`);
  const id = await cloud.createServer({
    ...{ name: `sick-${host.name}`, flavor: things.small, host: host.name, image: things.system },
  });
  await report.step(`${host.name}: boot`, async () => await cloud.untilServer(id, 'ACTIVE'));
  const bootDevice = () => bootDeviceOf(host, id);
  const own = bootDevice();
  await report.step(`${host.name}: rescue`, async () => {
    await cloud.action(id, 'rescue', { rescue_image_ref: things.iso });
    await cloud.untilServer(id, 'RESCUE');
  });
  report.equal(`${host.name}: rescue: the partition boots from the image`, bootDevice(), 'iso-image');
  await compare(report, `${host.name}: rescue`, scene, host);
  await report.step(`${host.name}: unrescue`, async () => {
    await cloud.action(id, 'unrescue');
    await cloud.untilServer(id, 'ACTIVE');
  });
  report.equal(`${host.name}: unrescue: the partition boots from its volume`, bootDevice(), own);
  await compare(report, `${host.name}: unrescue`, scene, host);
  await remove(cloud, [id]);
  await compare(report, `${host.name}: after delete`, scene, host);
}

function bootDeviceOf({ machine }: Host, instance: string): unknown {
  const partitions = machine.hmc.model.all('partition').map(({ props }) => props);
  return partitions.find(({ name }) => typeof name === 'string' && name.endsWith(instance))?.['boot-device'];
}
