import { until } from './cloud.ts';
import { compare } from './picture.ts';
import { remove, type Scene } from './round-trip.ts';
import { textOf } from './text.ts';
import { computeName, serviceName } from './world.ts';

/** The scheduler uses all hosts, and a server that finds no room on one host starts on another. */
export async function spreadAndReschedule(scene: Scene): Promise<void> {
  const { report, world, cloud, things } = scene;
  report.heading('Three compute hosts on two machines');
  const { untilComputeIsUp } = world.stack;
  const hostNames = world.hosts.map(({ name }) => name);
  // After a restart of RabbitMQ, a host may be down for a minute.
  await report.step('every host is up', async () => await untilComputeIsUp(hostNames));
  // One after the other: the scheduler takes the host with the most free memory.
  const createAll = async (names: readonly string[]) => {
    const made: { readonly id: string; readonly host: string }[] = [];
    for (const name of names) {
      const id = await cloud.createServer({ name, flavor: things.small, image: things.system });
      made.push({ id, host: (await cloud.untilServer(id, 'ACTIVE'))['OS-EXT-SRV-ATTR:host'] ?? '' });
    }
    return made;
  };
  const tell = (made: Awaited<ReturnType<typeof createAll>>) => made.map(({ host }) => host).join(' ');
  const first = ['spread-1', 'spread-2', 'spread-3'];
  const spread = await report.step('three servers become ACTIVE', async () => await createAll(first), tell);
  report.equal('the scheduler uses every host', spread.map(({ host }) => host).sort(), hostNames.toSorted());
  await compare(report, 'three servers', scene);
  await remove(
    cloud,
    spread.map(({ id }) => id),
  );

  const full = world.host('z13-a').machine.hmc;
  world.faults.add({
    id: 'full',
    server: 'hmc',
    operation: 'Create Partition',
    match: { path: full.cpcObjectId },
    when: { times: -1 },
    // Source: HMC WS API, Create Partition: 409, reason 131: the CPC has not enough resources (inferred).
    kind: { type: 'refuse', status: 409, reason: 131, message: 'no room' },
  });
  const others = await report.step(
    'three servers become ACTIVE although one machine takes no partition',
    async () => await createAll(['room-1', 'room-2', 'room-3']),
    tell,
  );
  report.check('none of them is on the full machine', !others.some(({ host }) => host === 'z13-a'));
  report.check('Nova had tried the full machine', world.faults.struck('full') > 0);
  world.faults.remove('full');
  await compare(report, 'after the reschedule', scene);
  await remove(
    cloud,
    others.map(({ id }) => id),
  );
  await compare(report, 'after the delete', scene);
}

/** A host fails, and its server moves to another host with its volumes. */
export async function evacuation(scene: Scene): Promise<void> {
  const { report, world, cloud, things } = scene;
  const [from, to] = [world.host('z16-a'), world.host('z16-b')];
  report.heading('An evacuation');
  const data = await cloud.createVolume('evacuated-data');
  const id = await cloud.createServer({
    ...{ name: 'evacuee', flavor: things.small, image: things.system },
    firstHost: from.name,
  });
  await cloud.untilServer(id, 'ACTIVE');
  await cloud.attachVolume(id, data);
  await cloud.untilVolume(data, 'in-use');
  const { processes } = world.stack.bed;
  await processes.end(computeName(from), 'SIGKILL');
  await processes.end(serviceName(from), 'SIGKILL');
  // An evacuation requires that the failed host is fenced: its partition no longer runs.
  const partition = from.machine.hmc.model.all('partition').find(({ props }) => textOf(props.name).endsWith(id));
  if (partition !== undefined) from.machine.hmc.endFromInside(partition.uri, 'terminated');
  await cloud.setComputeService(from.name, { forced_down: true });
  await report.step('the server runs on the other host', async () => {
    await cloud.action(id, 'evacuate', { host: to.name });
    await until('the server has moved', async () => (await cloud.server(id))?.['OS-EXT-SRV-ATTR:host'] === to.name);
    await cloud.untilServer(id, 'ACTIVE');
  });
  await report.step('the failed host comes back', async () => {
    await world.startService(from);
    // Nova refuses until nova-compute has removed the guest that was evacuated.
    const forceUp = async () =>
      await cloud.setComputeService(from.name, { forced_down: false }).then(
        () => true,
        () => false,
      );
    await Promise.all([world.startCompute([from]), until('the host may be up again', forceUp)]);
  });
  await compare(report, 'the server has its volumes on the new host, and nothing is left on the old one', scene);
  await remove(cloud, [id]);
  await cloud.deleteVolume(data);
  await compare(report, 'after the delete', scene);
}

/** An administrator moves a server, whose partition cannot move, to another compute host of the same machine. */
export async function refusedMove(scene: Scene): Promise<void> {
  const { report, world, cloud, things } = scene;
  const [from, to] = [world.host('z16-a'), world.host('z16-b')];
  report.heading('A move to another host');
  const id = await cloud.createServer({
    ...{ name: 'settled', flavor: things.small, image: things.system },
    firstHost: from.name,
  });
  await cloud.untilServer(id, 'ACTIVE');
  await report.step('the server stays where it is', async () => {
    await cloud.action(id, 'migrate', { host: to.name });
    await cloud.untilAction(id, 'migrate');
    const server = await cloud.untilServer(id, 'ACTIVE');
    if (server['OS-EXT-SRV-ATTR:host'] !== from.name) throw new Error(`it is on ${server['OS-EXT-SRV-ATTR:host']}`);
  });
  await compare(report, 'after the refusal', scene);
  await remove(cloud, [id]);
  await compare(report, 'after the delete', scene);
}

const CROWD = 40;

/** Many servers at once. */
export async function crowd(scene: Scene): Promise<void> {
  const { report, cloud, things } = scene;
  report.heading(`${CROWD} servers at once`);
  const numbers = Array.from({ length: CROWD }, (_, index) => index + 1);
  const ids = await Promise.all(
    numbers.map(
      async (number) =>
        await cloud.createServer({ name: `crowd-${number}`, flavor: things.small, image: things.system }),
    ),
  );
  await report.step('all become ACTIVE', async () => {
    for (const id of ids) await cloud.untilServer(id, 'ACTIVE');
  });
  await compare(report, 'all of them', scene);
  await report.step('all are deleted', async () => await remove(cloud, ids));
  await compare(report, 'nothing is left', scene);
}
