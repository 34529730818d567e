import type { Failpoint } from '../../src/base/index.ts';
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { describeError, findError } from '../../src/base/index.ts';
import type { ComputeManager } from '../../src/compute/index.ts';
import type { HmcSession } from '../../src/hmc-client/index.ts';
import { cpcUriOf, openSession, w } from '../support/hmc-session.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

async function spawn(manager: ComputeManager, { sim, context }: World) {
  const volumes = [{ volumeId: sim.volumes[0]?.id ?? '' }];
  return await manager.create({ name: 'web1', vcpus: 1, memoryMib: 1024, volumes }, context);
}

interface ByHand {
  readonly name: string;
  readonly description?: string;
  readonly volume?: string;
}

/** Somebody else at the HMC. */
async function makeGroup(hmc: HmcSession, { sim }: World, { name, description = '', volume }: ByHand) {
  const storageVolumes = volume === undefined ? [] : [{ name: volume, sizeGib: 8 }];
  const group = { name, description, type: 'fcp', shared: false, connectivity: 2, maxPartitions: 1 } as const;
  return await hmc.storageGroups.create({ ...group, cpcUri: cpcUriOf(sim), storageVolumes }, w);
}

async function makePartition(hmc: HmcSession, { sim }: World, name: string): Promise<string> {
  const size = { iflProcessors: 1, initialMemory: 1024, maximumMemory: 1024 };
  return await hmc.partitions.create(cpcUriOf(sim), { name, ...size }, w);
}

const ours = 'OpenStack CPCSubset=compute1';

/** Something that happens right before the group of an instance is made, of which only its UUID is known. */
function atAllocation(change: (instanceUuid: string) => Promise<void>, world: () => World) {
  return async (point: Failpoint): Promise<void> => {
    if (point.at !== 'before-run' || point.step !== 'create-storage-group') return;
    const [attachment] = world().sim.cinder.snapshot().attachments; // by then its volume is reserved for it
    await change(attachment?.instance ?? '');
  };
}

describe('a group that stands under the name of ours', () => {
  test.each([
    ['is taken over when an earlier run has made it', { description: ours }, undefined],
    [
      'is left alone when it does not carry our mark',
      { description: 'payroll' },
      /already exists and has another owner/,
    ],
    [
      'is left alone when somebody has put a volume into it',
      { description: ours, volume: 'payroll' },
      /of another owner: "payroll"/,
    ],
  ] as const)('%s', async (_what, byHand, refusal) => {
    await using world = await startWorld({ machine: 'z16' });
    await using hmc = openSession(world.sim);
    let uri = '';
    const meet = atAllocation(
      async (uuid) => {
        ({ uri } = await makeGroup(hmc, world, { ...byHand, name: `OpenStack-compute1-${uuid}` }));
      },
      () => world,
    );
    await using manager = await world.open({ failpoint: meet });

    const outcome = await spawn(manager, world).catch((error: unknown) => error);

    if (refusal === undefined) {
      expect(outcome).toMatchObject({ status: 'ACTIVE' });
      expect(await hmc.storageGroups.get(uri, w)).toMatchObject({ fulfillmentState: 'complete' });
      return;
    }
    expect(describeError(outcome)).toMatch(refusal);
    // A group of ours that is not ours alone needs a person; one without our mark is none of our business.
    expect(findError(outcome, 'FLOW_STUCK') !== undefined).toBe(byHand.description === ours);
    const group = await hmc.storageGroups.get(uri, w);
    expect(group.storageVolumeUris).toHaveLength('volume' in byHand ? 1 : 0);
    expect(world.sim.hmc.snapshot().partition).toEqual([]);
  });

  test('is left alone when it is attached to another partition', async () => {
    await using world = await startWorld({ machine: 'z16' });
    await using hmc = openSession(world.sim);
    const partition = await makePartition(hmc, world, 'payroll');
    let uri = '';
    const meet = atAllocation(
      async (uuid) => {
        ({ uri } = await makeGroup(hmc, world, { description: ours, name: `OpenStack-compute1-${uuid}` }));
        await hmc.partitions.attachStorageGroup(partition, uri, w);
      },
      () => world,
    );
    await using manager = await world.open({ failpoint: meet });

    const failure = await spawn(manager, world).catch((error: unknown) => error);

    expect(describeError(failure)).toMatch(/is attached to "payroll"/);
    expect(await hmc.storageGroups.getPartitions(uri, w)).toMatchObject([{ name: 'payroll' }]);
  });
});

test('a group into which somebody has put a volume is not deleted with its server, and named', async () => {
  await using world = await startWorld({ machine: 'z16' });
  await using hmc = openSession(world.sim);
  await using manager = await world.open();
  const server = await spawn(manager, world);
  const [group] = await hmc.storageGroups.list({ name: server.partition }, w);
  const uri = group?.uri ?? '';
  await hmc.storageGroups.modify(uri, { storageVolumes: [{ operation: 'create', name: 'payroll', sizeGib: 3 }] }, w);

  const failure = await manager.delete('web1', world.context).catch((error: unknown) => error);

  expect(findError(failure, 'FLOW_STUCK')?.facts.leftBehind).toContainEqual(expect.stringContaining(server.id));
  expect(describeError(failure)).toContain('holds volumes of another owner: "payroll"');
  expect((await hmc.storageGroups.get(uri, w)).storageVolumeUris).toHaveLength(2);
  expect(world.sim.cinder.snapshot().attachments).toEqual([]);
});

test('verify names groups that belong to nobody, and repairs those that the journal knows', async () => {
  await using world = await startWorld({ machine: 'z16' });
  await using hmc = openSession(world.sim);
  await using manager = await world.open();
  const server = await spawn(manager, world);
  expect(await manager.verify(world.context)).toEqual([]);
  await manager.delete('web1', world.context);
  const before = world.sim.snapshot();
  await makeGroup(hmc, world, { name: server.partition, description: ours });
  const unknown = `OpenStack-compute1-${randomUUID()}`;
  await makeGroup(hmc, world, { name: unknown, description: ours });
  await makeGroup(hmc, world, { name: `OpenStack-compute1-${randomUUID()}`, description: 'payroll' });
  await makeGroup(hmc, world, { name: 'payroll', description: ours });

  const found = await manager.verify(world.context);
  const repaired = await manager.repair(found, world.context);

  expect(found.map(({ kind, name, repair }) => [kind, name, repair !== null]).sort()).toEqual(
    [
      ['storage-group', server.partition, true],
      ['storage-group', unknown, false],
    ].sort(),
  );
  expect(repaired.map(({ name, outcome }) => [name, outcome]).sort()).toEqual(
    [
      [server.partition, 'repaired'],
      [unknown, 'left'],
    ].sort(),
  );
  const left = world.sim.snapshot().hmc['storage-group'].map(({ name }) => name);
  expect(left).toHaveLength(before.hmc['storage-group'].length + 3);
  expect(left).not.toContain(server.partition);
});
