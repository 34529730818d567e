import type { FaultRule } from '../../src/simulator/index.ts';
import { until } from './cloud.ts';
import { compare } from './picture.ts';
import { remove, type Scene } from './round-trip.ts';
import { textOf } from './text.ts';
import { computeName, serviceName, type Host } from './world.ts';

/** The driver refuses the extra spec of a flavor before it changes anything. */
export async function refusedFlavor(scene: Scene): Promise<void> {
  const { report, cloud, things } = scene;
  report.heading('The driver refuses a spawn');
  const name = 'refused';
  const id = await cloud.createServer({ name, flavor: things.wrong, image: things.system });
  await report.step(
    'the server is ERROR, and its fault names the extra spec',
    async () => {
      const { fault } = await cloud.untilServer(id, 'ERROR');
      if (fault?.message.includes('dpm:') !== true) throw new Error(`fault: ${fault?.message ?? 'none'}`);
      return fault.message;
    },
    (message) => message,
  );
  await remove(cloud, [id]);
  await compare(report, 'after the delete', scene);
}

/** The array fails to map: at a boot, and at an attach to a running server. */
export async function refusedMap(scene: Scene, host: Host): Promise<void> {
  const { report, world, cloud, things } = scene;
  report.heading('The array fails to map a volume');
  const data = await cloud.createVolume('map-data');
  const fault = alwaysFails('san', 'Map Volume', { type: 'backend-error' });
  world.faults.add(fault);
  const refused = await cloud.createServer({
    name: 'map-1',
    flavor: things.small,
    host: host.name,
    image: things.system,
  });
  await report.step(
    'a boot ends with ERROR',
    async () => await cloud.untilServer(refused, 'ERROR'),
    (server) => server.fault?.message ?? 'no fault',
  );
  world.faults.remove(fault.id);
  await remove(cloud, [refused]);
  await compare(report, 'after the delete', scene);

  const id = await cloud.createServer({ name: 'map-2', flavor: things.small, host: host.name, image: things.system });
  await cloud.untilServer(id, 'ACTIVE');
  world.faults.add(fault);
  await report.step('an attach is undone', async () => {
    await cloud.attachVolume(id, data);
    await cloud.untilVolume(data, 'available');
  });
  world.faults.remove(fault.id);
  await compare(report, 'the server runs without the volume', scene);
  await report.step('a second attach succeeds', async () => {
    await cloud.attachVolume(id, data);
    await cloud.untilVolume(data, 'in-use');
  });
  await compare(report, 'the server has the volume', scene);
  await remove(cloud, [id]);
  await cloud.deleteVolume(data);
  await compare(report, 'after the delete', scene);
}

/**
 * The array fails to unmap while a server is deleted. Nova tries five times and goes on, so mask and attachment stay.
 * The partition must then stay parked, because its WWPNs can still read the volume, until an administrator deletes the
 * attachment.
 */
export async function refusedUnmap(scene: Scene, host: Host): Promise<void> {
  const { report, world, cloud, things } = scene;
  report.heading('The array fails to unmap a volume');
  const root = await cloud.createVolume('unmap-root', things.system);
  const id = await cloud.createServer({ name: 'unmap', flavor: things.small, host: host.name, volume: root });
  await cloud.untilServer(id, 'ACTIVE');
  const fault = alwaysFails('san', 'Unmap Volume', { type: 'backend-error' });
  world.faults.add(fault);
  await report.step('the server is deleted nevertheless', async () => await remove(cloud, [id]));
  world.faults.remove(fault.id);
  const left = (await cloud.attachments()).filter(({ instance }) => instance === id);
  report.check('Cinder still has the attachment', left.length === 1);
  const parked = host.machine.hmc.snapshot().partition.filter(({ name }) => textOf(name).endsWith(id));
  report.check(
    'the partition is parked: its WWPNs are not given to another server',
    parked.length === 1 && textOf(parked[0]?.description).endsWith('parked') && parked[0]?.status === 'stopped',
    parked.map(({ description, status }) => `${textOf(description)}: ${textOf(status)}`).join(', '),
  );
  for (const { id: attachment } of left) await cloud.deleteAttachment(attachment);
  await compare(report, 'after the administrator has deleted the attachment', scene);
  await cloud.deleteVolume(root);
}

/** A user deletes a server while its partition starts. */
export async function deletedWhileSpawning(scene: Scene, host: Host): Promise<void> {
  const { report, world, cloud, things } = scene;
  report.heading('A delete during the spawn');
  const fault = alwaysFails('hmc', 'Start Partition', { type: 'delay', ms: 4000, when: 'before' });
  world.faults.add(fault);
  const id = await cloud.createServer({ name: 'hasty', flavor: things.small, host: host.name, image: things.system });
  await untilStruck(scene, fault);
  await report.step('the server is deleted', async () => await remove(cloud, [id]));
  world.faults.remove(fault.id);
  await compare(report, 'nothing is left', scene);
}

/** nova-compute is killed while the partition starts. */
export async function killedCompute(scene: Scene, host: Host): Promise<void> {
  const { report, world, cloud, things } = scene;
  report.heading('nova-compute is killed during a spawn');
  const fault = alwaysFails('hmc', 'Start Partition', { type: 'delay', ms: 2000, when: 'before' });
  world.faults.add(fault);
  const id = await cloud.createServer({ name: 'orphan', flavor: things.small, host: host.name, image: things.system });
  await untilStruck(scene, fault);
  await world.stack.bed.processes.end(computeName(host), 'SIGKILL');
  world.faults.remove(fault.id);
  await report.step('nova-compute starts again', async () => await world.startCompute([host]));
  await report.step(
    'Nova says ERROR',
    async () => await cloud.untilServer(id, 'ERROR'),
    (server) => server.fault?.message ?? 'no fault',
  );
  await report.step('the server is deleted', async () => await remove(cloud, [id]));
  await compare(report, 'nothing is left', scene);
}

/** `dpm serve` is killed while the partition starts: the bridge repeats the call. */
export async function killedService(scene: Scene, host: Host): Promise<void> {
  const { report, world, cloud, things } = scene;
  report.heading('dpm serve is killed during a spawn');
  const fault = alwaysFails('hmc', 'Start Partition', { type: 'delay', ms: 2000, when: 'before' });
  world.faults.add(fault);
  const id = await cloud.createServer({ name: 'phoenix', flavor: things.small, host: host.name, image: things.system });
  await untilStruck(scene, fault);
  await world.stack.bed.processes.end(serviceName(host), 'SIGKILL');
  world.faults.remove(fault.id);
  await report.step('dpm serve starts again', async () => await world.startService(host));
  await report.step('the server becomes ACTIVE', async () => await cloud.untilServer(id, 'ACTIVE'));
  await compare(report, 'all is as after an ordinary spawn', scene);
  await remove(cloud, [id]);
  await compare(report, 'after the delete', scene);
}

/** HMC, Cinder and RabbitMQ restart while a server runs; HMC also during a spawn. */
export async function restarts(scene: Scene, host: Host): Promise<void> {
  const { report, world, cloud, things } = scene;
  report.heading('The HMC restarts during a spawn');
  const { hmc } = host.machine;
  const fault = alwaysFails('hmc', 'Start Partition', { type: 'restart' });
  world.faults.add({ ...fault, when: { times: 1 } });
  const id = await cloud.createServer({ name: 'steady', flavor: things.small, host: host.name, image: things.system });
  await untilStruck(scene, fault);
  await hmc.server.refuseConnections(true);
  await new Promise((resolve) => setTimeout(resolve, 3000));
  await hmc.server.refuseConnections(false);
  await report.step('the server becomes ACTIVE', async () => await cloud.untilServer(id, 'ACTIVE'));
  world.faults.remove(fault.id);
  await compare(report, 'all is as after an ordinary spawn', scene);

  const { processes } = world.stack.bed;
  for (const name of ['cinder', 'rabbitmq'] as const) {
    report.heading(`${name} restarts`);
    await processes.end(name);
    await report.step(`${name} starts again`, async () => await world.stack.restart(name));
    const data = await cloud.createVolume(`restart-${name}`);
    await report.step('a volume is attached and detached', async () => {
      // After a restart of RabbitMQ, messages to nova-compute are lost until it listens again.
      await until('nova-compute answers', async () => {
        return await cloud.consoleLog(id).then(
          () => true,
          () => false,
        );
      });
      await cloud.attachVolume(id, data);
      await cloud.untilVolume(data, 'in-use');
      await cloud.untilServer(id, 'ACTIVE');
      await cloud.detachVolume(id, data);
      await cloud.untilVolume(data, 'available');
    });
    await compare(report, 'after it', scene);
    await cloud.deleteVolume(data);
  }
  await remove(cloud, [id]);
  await compare(report, 'after the delete', scene);
}

/** A rule that strikes every request of this operation until it is removed. */
function alwaysFails(server: FaultRule['server'], operation: string, kind: FaultRule['kind']): FaultRule {
  return { id: `${server} ${operation}`, server, operation, kind, when: { times: -1 } };
}

async function untilStruck({ world }: Scene, { id }: FaultRule): Promise<void> {
  await until(`a request meets the fault "${id}"`, () => Promise.resolve(world.faults.struck(id) > 0));
}
