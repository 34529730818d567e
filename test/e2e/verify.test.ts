import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { openCinder } from '../../src/cinder-client/index.ts';
import { openHmcSession } from '../../src/hmc-client/index.ts';
import { Secret } from '../../src/base/index.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

const request = { name: 'web1', vcpus: 1, memoryMib: 1024, volumes: [{ volumeId: 'boot-1' }] };

/** Somebody else at the HMC, behind the manager's back. */
function otherHmc({ settings }: World) {
  const { dpm } = settings;
  return openHmcSession({
    urls: dpm.hmcUrls,
    userid: dpm.hmcUsername,
    password: async () => new Secret(dpm.hmcPassword.reveal()),
    tls: {},
  });
}

function partition(name: string, description: string) {
  return {
    name,
    description,
    type: 'linux' as const,
    iflProcessors: 1,
    processorMode: 'shared' as const,
    initialMemory: 1024,
    maximumMemory: 1024,
  };
}

it.each([
  { cinder: 'of today', options: {} },
  { cinder: 'without attachments', options: { cinder: { maxMicroversion: '3.43' } } },
])('finds nothing where nothing is wrong, with servers or without, with a Cinder $cinder', async ({ options }) => {
  await using world = await startWorld(options);
  await using manager = await world.open();

  expect(await manager.verify(world.context)).toEqual([]);
  await manager.create(request, world.context);
  expect(await manager.verify(world.context)).toEqual([]);
});

it('lists a partition of this host without a server, and no partition of another owner, whatever its name', async () => {
  await using world = await startWorld();
  await using manager = await world.open();
  await using hmc = otherHmc(world);
  const cpc = `/api/cpcs/${world.sim.hmc.cpcObjectId}`;
  const ours = `OpenStack-compute1-${randomUUID()}`;
  await hmc.partitions.create(cpc, partition(ours, 'OpenStack CPCSubset=compute1'), world.context);
  await hmc.partitions.create(
    cpc,
    partition(`OpenStack-compute1-${randomUUID()}`, 'OpenStack CPCSubset=compute2'),
    world.context,
  );
  await hmc.partitions.create(
    cpc,
    partition('OpenStack-compute1-not.a.uuid', 'OpenStack CPCSubset=compute1'),
    world.context,
  );
  await hmc.partitions.create(cpc, partition('payroll', ''), world.context);
  const before = world.sim.snapshot();

  const found = await manager.verify(world.context);
  const repaired = await manager.repair(found, world.context);

  expect(found).toMatchObject([{ kind: 'partition', name: ours, repair: null }]);
  expect(repaired).toMatchObject([{ outcome: 'left' }]);
  expect(world.sim.snapshot()).toEqual(before);
});

it('lists a server without a partition, and a volume that Cinder does not report as attached', async () => {
  await using world = await startWorld();
  await using manager = await world.open();
  const server = await manager.create(request, world.context);
  await manager.stop('web1', {}, world.context);
  await using hmc = otherHmc(world);
  await hmc.partitions.delete(server.partition_uri ?? '', world.context);
  using cinder = openCinder({ ...world.settings.cinder });
  await cinder.attachments.delete(server.volumes[0]?.attachment_id ?? '', world.context);

  const found = await manager.verify(world.context);

  expect(found.map(({ kind, name, repair }) => ({ kind, name, repair }))).toEqual([
    { kind: 'server', name: 'web1', repair: null },
    { kind: 'volume', name: server.volumes[0]?.volume_id, repair: null },
  ]);
});

it('lists and removes the attachment of a deleted instance', async () => {
  await using world = await startWorld();
  await using manager = await world.open();
  const before = world.sim.snapshot();
  const { id, connector } = await manager.create(request, world.context);
  await manager.delete('web1', world.context);
  using cinder = openCinder({ ...world.settings.cinder });
  const volumeId = world.sim.volumes[0]!.id;
  const left = await cinder.attachments.create({ volumeId, instanceUuid: id, connector: connector! }, world.context);

  const found = await manager.verify(world.context);
  const repaired = await manager.repair(found, world.context);

  expect(found).toMatchObject([
    { kind: 'attachment', name: left.id, repair: expect.stringMatching(/LUN mask/) as string },
  ]);
  expect(repaired).toMatchObject([{ outcome: 'repaired', error: null }]);
  expect(await manager.verify(world.context)).toEqual([]);
  expect(world.sim.snapshot()).toEqual(before);
});

it('lists a stuck flow with the objects that it left, and resumes it', async () => {
  await using world = await startWorld();
  await using manager = await world.open();
  const before = world.sim.snapshot();
  await manager.create(request, world.context);
  world.sim.faults.add({
    id: 'stop',
    server: 'hmc',
    operation: 'Delete Partition',
    when: { times: -1 },
    kind: { type: 'refuse', status: 403, reason: 1 },
  });
  await expect(manager.delete('web1', world.context)).rejects.toThrow(/stuck/);
  world.sim.faults.clear();

  const found = await manager.verify(world.context);
  const repaired = await manager.repair(found, world.context);

  expect(found.map(({ kind }) => kind)).toContain('flow');
  expect(repaired.every(({ outcome }) => outcome === 'repaired')).toBe(true);
  expect(await manager.verify(world.context)).toEqual([]);
  expect(world.sim.snapshot()).toEqual(before);
});

it.each([
  ['z13', 'Delete Partition', 'partition'],
  ['z16', 'Delete Partition', 'partition'],
  ['z16', 'Delete Storage Group', 'storage-group'],
] as const)('%s: the HMC denied the rollback of a build at %s: the %s is named', async (machine, operation, kind) => {
  await using world = await startWorld({ machine });
  await using manager = await world.open();
  const before = world.sim.snapshot();
  const fault = { server: 'hmc', when: { times: -1 } } as const;
  const denied = { type: 'refuse', status: 404, reason: 1 } as const;
  world.sim.faults.add({ ...fault, id: 'start', operation: 'Start Partition', kind: { ...denied, status: 403 } });
  world.sim.faults.add({ ...fault, id: 'delete', operation, kind: denied });
  await expect(manager.create(request, world.context)).rejects.toThrow(/spawn failed/);
  world.sim.faults.clear();

  const found = await manager.verify(world.context);
  await manager.delete('web1', world.context);

  expect(found).toMatchObject([{ kind, detail: expect.stringMatching(/"web1" is in ERROR/) as string }]);
  expect(await manager.verify(world.context)).toEqual([]);
  expect(world.sim.snapshot()).toEqual(before);
});

it('lists and repairs a volume in use that a late request set to attaching', async () => {
  await using world = await startWorld();
  await using manager = await world.open();
  using cinder = openCinder(world.settings.cinder);
  await manager.create(request, world.context);
  const [attachment] = await cinder.attachments.list({}, world.context);
  const { connector } = await manager.show('web1', world.context);
  // What Cinder does with an update that arrives after the attachment was completed.
  await cinder.attachments.update(attachment!.id, { ...connector, multipath: true } as never, world.context);

  const found = await manager.verify(world.context);
  await manager.repair(found, world.context);

  expect(found).toMatchObject([{ kind: 'volume', detail: expect.stringMatching(/in status attaching/) as string }]);
  expect(await manager.verify(world.context)).toEqual([]);
  expect(world.sim.snapshot().cinder.volumes[0]).toMatchObject({ status: 'in-use' });
});

it('lists and repairs a volume in use in status detaching that no flow detaches', async () => {
  await using world = await startWorld();
  await using manager = await world.open();
  using cinder = openCinder(world.settings.cinder);
  await manager.create(request, world.context);
  const before = world.sim.snapshot();
  await cinder.actions.beginDetaching(world.sim.volumes[0]!.id, world.context);

  const found = await manager.verify(world.context);
  await manager.repair(found, world.context);

  expect(found).toMatchObject([{ kind: 'volume', detail: expect.stringMatching(/in status detaching/) as string }]);
  expect(await manager.verify(world.context)).toEqual([]);
  expect(world.sim.snapshot()).toEqual(before);
});

it.each(['z13', 'z16'] as const)(
  '%s: takes as many requests for several servers as for one, and one more for NICs',
  async (machine) => {
    await using world = await startWorld({ machine });
    await using manager = await world.open();
    const count = async () => {
      world.sim.log.clear();
      expect(await manager.verify(world.context)).toEqual([]);
      const seen = world.sim.log.entries.map(({ server }) => server);
      return {
        hmc: seen.filter((each) => each === 'hmc').length,
        cinder: seen.filter((each) => each === 'cinder').length,
      };
    };
    await manager.create(request, world.context);
    const forOne = await count();
    const [, boot, ...data] = world.sim.volumes.map(({ id }) => ({ volumeId: id }));
    await manager.create({ ...request, name: 'web2', volumes: [{ ...boot!, bootIndex: 0 }, ...data] }, world.context);

    expect(await count()).toEqual(forOne);
    expect(forOne).toEqual({ hmc: 5, cinder: 3 });
    for (const name of ['web1', 'web2']) {
      await manager.addNetwork(name, { network: 'net1' }, world.context);
      expect(await count()).toEqual({ hmc: 6, cinder: 3 });
    }
  },
);
