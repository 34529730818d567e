import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openCinder } from '../../src/cinder-client/index.ts';
import type { HmcSession } from '../../src/hmc-client/index.ts';
import { cpcUriOf, fcpPortUris, openSession, w } from '../support/hmc-session.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

/** What others have on the machine, whatever it is called: named, counted, stopped, repaired or deleted by nobody of ours. */

const uuid = fc.uuid({ version: 4 });
/** Hosts whose names are in one another, or mean something to a regular expression. */
const hosts = ['c1', 'c10', 'c', 'a.b', 'a-b', 'axb', 'a', '.', '..', 'C1'];
const ours = fc.constantFrom('c1', 'a.b', 'a');
const special = fc.string({ unit: fc.constantFrom(...Array.from('.*+?()[]{}^$|-_ aZ0')), minLength: 1, maxLength: 12 });
const strange = fc.oneof(
  special,
  fc.constantFrom('a+b', '(x)', '.*', 'c1|c2', '[c1]', '^c1$', 'c1-', '-', 'compute1', 'c1.'),
);

interface Foreign {
  readonly name: string;
  readonly description: string;
}

/** A partition or storage group of somebody else beside host `host`. */
function foreign(host: string): fc.Arbitrary<Foreign> {
  const others = hosts.filter((other) => other !== host);
  const otherHost = fc.oneof(fc.constantFrom(...others), strange);
  const marks = [...others, `${host}0`, `${host}.`, `x${host}`].map((other) => `OpenStack CPCSubset=${other}`);
  const otherMark = fc.constantFrom(...marks);
  const noMark = fc.constantFrom('', host, `CPCSubset = ${host}`, `cpcsubset=${host}`);
  return fc.oneof(
    fc.record({
      name: fc.tuple(otherHost, uuid).map(([other, id]) => `OpenStack-${other}-${id}`),
      description: fc.oneof(otherMark, noMark),
    }),
    // Of the form of ours in all but the mark, or in all but the name.
    fc.record({ name: uuid.map((id) => `OpenStack-${host}-${id}`), description: otherMark }),
    fc.record({
      name: fc.oneof(
        strange.map((rest) => `OpenStack-${host}-${rest}`),
        uuid.map((id) => `OpenStack-${host}-${id}x`),
        uuid.map((id) => `xOpenStack-${host}-${id}`),
        uuid.map((id) => `openstack-${host}-${id}`),
        strange,
      ),
      description: fc.oneof(otherMark, noMark, fc.constant(`OpenStack CPCSubset=${host}`)),
    }),
  );
}

const scene = ours.chain((host) =>
  fc.record({
    host: fc.constant(host),
    others: fc.uniqueArray(foreign(host), { minLength: 4, maxLength: 8, selector: ({ name }) => name }),
  }),
);

/**
 * Names are written to the machine's own records, because no request of ours sets them: an HMC takes letters, digits, `.`,
 * `_`, `-` and blank today, but nobody promises what an older one took.
 */
function rename({ sim }: World, kind: 'partition' | 'storage-group', uri: string, name: string): void {
  Object.assign(sim.hmc.model.find(kind, uri)?.props ?? {}, { name });
}

async function makePartition(hmc: HmcSession, world: World, { name, description }: Foreign, port?: string) {
  const size = { iflProcessors: 1, initialMemory: 1024, maximumMemory: 1024 };
  const uri = await hmc.partitions.create(cpcUriOf(world.sim), { name: randomUUID(), description, ...size }, w);
  if (port !== undefined) await hmc.hbas.create(uri, { name: 'OpenStack_Port_of_theirs', adapterPortUri: port }, w);
  rename(world, 'partition', uri, name);
}

async function makeGroup(hmc: HmcSession, world: World, { name, description }: Foreign) {
  const group = { description, type: 'fcp', shared: false, connectivity: 2, maxPartitions: 1 } as const;
  const cpcUri = cpcUriOf(world.sim);
  const { uri } = await hmc.storageGroups.create({ ...group, name: randomUUID(), cpcUri, storageVolumes: [] }, w);
  rename(world, 'storage-group', uri, name);
}

/** A whole life of one of ours beside them: nothing of theirs is in it. */
async function liveBeside(world: World): Promise<void> {
  const { context } = world;
  await using manager = await world.open();
  const others = world.sim.snapshot();
  const request = { name: 'web1', vcpus: 1, memoryMib: 1024, volumes: [{ volumeId: 'boot-1' }] };
  const { id } = await manager.create(request, context);

  expect((await manager.list(context)).map((server) => server.id)).toEqual([id]);
  expect((await manager.listPartitions({ all: false }, context)).map(({ instance }) => instance)).toEqual([id]);
  const findings = await manager.verify(context);
  expect(findings).toEqual([]);
  await manager.repair(findings, context);
  await manager.stop('web1', {}, context);
  await manager.start('web1', context);
  await manager.delete('web1', context);

  expect(await manager.verify(context)).toEqual([]);
  expect(world.sim.snapshot()).toEqual(others);
}

describe.each(['z13', 'z16'] as const)('on a %s', (machine) => {
  it('resources of other owners are never listed, verified, repaired or deleted, whatever their name and description', async () => {
    let made = 0;
    await fc.assert(
      fc.asyncProperty(scene, async ({ host, others }) => {
        await using world = await startWorld({ machine, set: { 'DEFAULT.host': host } });
        await using hmc = openSession(world.sim);
        const [port] = machine === 'z13' ? await fcpPortUris(hmc, cpcUriOf(world.sim)) : [];
        for (const other of others) {
          await makePartition(hmc, world, other, port);
          if (machine === 'z16') await makeGroup(hmc, world, other);
          made += 1;
        }
        await liveBeside(world);
      }),
      { numRuns: 15, seed: 42 },
    );
    expect(made).toBeGreaterThan(40);
  }, 120_000);

  it('neither stops nor deletes a partition that another host created with the name of a server of this host', async () => {
    await using world = await startWorld({ machine });
    await using manager = await world.open();
    await using hmc = openSession(world.sim);
    const { context, sim } = world;
    const before = sim.snapshot();
    const request = { name: 'web1', vcpus: 1, memoryMib: 1024, volumes: [{ volumeId: 'boot-1' }] };
    const { id, partition_uri: uri } = await manager.create(request, context);
    await manager.stop('web1', {}, context);
    await hmc.partitions.delete(uri!, context); // it was made
    const theirs = 'OpenStack CPCSubset=compute2';
    await makePartition(hmc, world, { name: `OpenStack-compute1-${id}`, description: theirs });
    const made = sim.hmc.snapshot().partition;
    const inDoubt = { code: 'CONFLICT', message: expect.stringContaining('CPCSubset=compute2') as string };

    await expect(manager.start('web1', context)).rejects.toMatchObject(inDoubt);
    await expect(manager.delete('web1', context)).rejects.toMatchObject(inDoubt);
    await manager.repair(await manager.verify(context), context);
    expect(sim.hmc.snapshot().partition).toEqual(made);

    // What the message advises: the other host's partition gets a name of its own.
    rename(world, 'partition', sim.hmc.model.all('partition')[0]!.uri, 'payroll');
    await manager.delete('web1', context);
    await expect(manager.delete(id, context)).rejects.toMatchObject({ code: 'NOT_FOUND' });

    const { hmc: machineNow, cinder, san } = sim.snapshot();
    expect(machineNow.partition.map(({ description }) => description)).toEqual([theirs]);
    expect({ cinder, san }).toEqual({ cinder: before.cinder, san: before.san });
  });
});

it('attachments of other hosts are neither verified nor repaired', async () => {
  await using world = await startWorld();
  using cinder = openCinder({ ...world.settings.cinder });
  const volumeId = world.sim.volumes[1]?.id ?? '';
  await cinder.attachments.create({ volumeId, instanceUuid: randomUUID() }, world.context);

  await liveBeside(world); // it compares what was there before with what is there after
});
