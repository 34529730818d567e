/* The HMC client's storage operations against the simulated HMC. */
import { expect, test } from 'vitest';
import { isHmcError } from '../../src/hmc-client/index.ts';
import type { CreateStorageGroup, HmcSession, StorageGroup } from '../../src/hmc-client/index.ts';
import { startSimulator } from '../../src/simulator/index.ts';
import type { Simulator } from '../../src/simulator/index.ts';
import { cpcUriOf, fcpPortUris, openSession, survivableFaults, w, waiting } from '../support/hmc-session.ts';

const group = (cpcUri: string): CreateStorageGroup => ({
  cpcUri,
  type: 'fcp',
  name: 'web1-storage',
  shared: false,
  connectivity: 2,
  maxPartitions: 1,
  storageVolumes: [
    { name: 'boot0', sizeGib: 8, usage: 'boot' },
    { name: 'data0', sizeGib: 16, usage: 'data' },
  ],
});

interface Stage {
  readonly hmc: HmcSession;
  readonly cpcUri: string;
  readonly ports: readonly string[];
  readonly groupUri: string;
  readonly volumeUris: readonly string[];
  readonly partitionUri: string;
}

async function setStage(simulator: Simulator, hmc: HmcSession): Promise<Stage> {
  const cpcUri = cpcUriOf(simulator);
  const [first = '', second = ''] = await fcpPortUris(hmc, cpcUri);
  const { uri: groupUri, volumeUris } = await hmc.storageGroups.create(group(cpcUri), w);
  const size = { iflProcessors: 1, initialMemory: 4096, maximumMemory: 4096 };
  const partitionUri = await hmc.partitions.create(cpcUri, { name: 'web1', ...size }, w);
  return { hmc, cpcUri, ports: [first, second], groupUri, volumeUris, partitionUri };
}

test.each(['z14', 'z15', 'z16', 'z17'] as const)('creates and deletes a storage group on a %s', async (machine) => {
  await using simulator = await startSimulator({ machine });
  const before = simulator.snapshot();
  const hmc = openSession(simulator);
  const { cpcUri, ports, groupUri, volumeUris, partitionUri } = await setStage(simulator, hmc);

  await hmc.storageGroups.addCandidateAdapterPorts(groupUri, ports, w);
  const fresh = await hmc.storageGroups.get(groupUri, w);
  await hmc.partitions.attachStorageGroup(partitionUri, groupUri, w);
  const attached = await hmc.storageGroups.get(groupUri, w);
  const resources = await hmc.virtualStorageResources.getMany(attached.virtualStorageResourceUris, w);
  const volumes = await hmc.storageVolumes.getMany(volumeUris, w);
  const partitions = await hmc.storageGroups.getPartitions(groupUri, w);
  const listed = await hmc.storageGroups.list({ cpcUri, name: 'web1-storage' }, w);
  const job = await hmc.storageGroups.startDiscovery(groupUri, w);
  await job.wait(waiting);

  expect(wwpnsOf(fresh)).toHaveLength(2);
  expect(fresh.candidateAdapterPortUris.toSorted()).toEqual(ports.toSorted());
  expect(resources.map(({ wwpn }) => wwpn).toSorted()).toEqual(wwpnsOf(fresh).toSorted());
  expect(resources.every((it) => it.partitionUri === partitionUri)).toBe(true);
  expect(volumes.map(({ name, sizeGib, usage }) => [name, sizeGib, usage])).toEqual([
    ['boot0', 8, 'boot'],
    ['data0', 16, 'data'],
  ]);
  expect(partitions.map(({ uri }) => uri)).toEqual([partitionUri]);
  expect(listed.map(({ uri }) => uri)).toEqual([groupUri]);

  await hmc.partitions.detachStorageGroup(partitionUri, groupUri, w);
  await hmc.partitions.delete(partitionUri, w);
  await hmc.storageGroups.delete(groupUri, w);
  await hmc.close(w);
  expect(simulator.snapshot()).toEqual(before);
  expect(simulator.hmc).toMatchObject({ sessionCount: 0, jobCount: 0 });
});

function wwpnsOf({ unassignedWwpns }: StorageGroup): unknown[] {
  return unassignedWwpns.map(({ wwpn }) => wwpn);
}

test('volumes are added, grown and taken away in one change', async () => {
  await using simulator = await startSimulator({ machine: 'z16' });
  await using hmc = openSession(simulator);
  const { groupUri, volumeUris } = await setStage(simulator, hmc);
  const [boot = '', data = ''] = volumeUris;

  const [added = ''] = await hmc.storageGroups.modify(
    groupUri,
    {
      storageVolumes: [
        { operation: 'create', name: 'data1', sizeGib: 4 },
        { operation: 'modify', uri: boot, sizeGib: 9 },
        { operation: 'delete', uri: data },
      ],
    },
    w,
  );

  const { storageVolumeUris } = await hmc.storageGroups.get(groupUri, w);
  const volumes = await hmc.storageVolumes.getMany([boot, data, added], w);
  expect(storageVolumeUris.toSorted()).toEqual([boot, added].toSorted());
  expect(volumes.map(({ name, sizeGib }) => [name, sizeGib])).toEqual([
    ['boot0', 9],
    ['data1', 4],
  ]);
});

test('attaching twice, detaching twice and adding a candidate twice are harmless', async () => {
  await using simulator = await startSimulator({ machine: 'z16' });
  await using hmc = openSession(simulator);
  const { partitionUri, groupUri, ports } = await setStage(simulator, hmc);

  await hmc.storageGroups.addCandidateAdapterPorts(groupUri, ports.slice(0, 1), w);
  await hmc.storageGroups.addCandidateAdapterPorts(groupUri, ports, w);
  await hmc.partitions.attachStorageGroup(partitionUri, groupUri, w);
  await hmc.partitions.attachStorageGroup(partitionUri, groupUri, w);
  const { candidateAdapterPortUris } = await hmc.storageGroups.get(groupUri, w);
  await hmc.partitions.detachStorageGroup(partitionUri, groupUri, w);
  await hmc.partitions.detachStorageGroup(partitionUri, groupUri, w);

  expect(candidateAdapterPortUris.toSorted()).toEqual(ports.toSorted());
  expect(await hmc.partitions.get(partitionUri, w, ['storage-group-uris'])).toMatchObject({ storageGroupUris: [] });
});

test('a group that is attached is not deleted', async () => {
  await using simulator = await startSimulator({ machine: 'z16' });
  await using hmc = openSession(simulator);
  const { partitionUri, groupUri } = await setStage(simulator, hmc);
  await hmc.partitions.attachStorageGroup(partitionUri, groupUri, w);

  const failure: unknown = await hmc.storageGroups.delete(groupUri, w).catch((error: unknown) => error);

  expect(isHmcError(failure, 409)).toBe(true);
});

/** Each call, and what must be true after it. */
const calls: Readonly<Record<string, (stage: Stage) => Promise<void>>> = {
  'Create Storage Group': async ({ hmc, cpcUri }) => {
    const { uri, volumeUris } = await hmc.storageGroups.create({ ...group(cpcUri), name: 'second' }, w);
    const found = await hmc.storageGroups.list({ cpcUri, name: 'second' }, w);
    const volumes = await hmc.storageVolumes.getMany(volumeUris, w);
    expect(found.map((it) => it.uri)).toEqual([uri]);
    expect(volumes.map(({ name }) => name)).toEqual(['boot0', 'data0']);
  },
  'Modify Storage Group Properties': async ({ hmc, groupUri, volumeUris: [, data = ''] }) => {
    const storageVolumes = [
      { operation: 'create', name: 'data1', sizeGib: 4 },
      { operation: 'delete', uri: data },
    ] as const;
    const [added] = await hmc.storageGroups.modify(groupUri, { storageVolumes }, w);
    const { storageVolumeUris } = await hmc.storageGroups.get(groupUri, w);
    expect(storageVolumeUris).toHaveLength(2);
    expect(storageVolumeUris).toContain(added);
    expect(storageVolumeUris).not.toContain(data);
  },
  'Delete Storage Group': async ({ hmc, cpcUri, groupUri }) => {
    await hmc.storageGroups.delete(groupUri, w);
    expect(await hmc.storageGroups.list({ cpcUri }, w)).not.toContainEqual(expect.objectContaining({ uri: groupUri }));
  },
  'Add Candidate Adapter Ports to an FCP Storage Group': async ({ hmc, groupUri, ports }) => {
    await hmc.storageGroups.addCandidateAdapterPorts(groupUri, ports, w);
    const { candidateAdapterPortUris } = await hmc.storageGroups.get(groupUri, w);
    expect(candidateAdapterPortUris.toSorted()).toEqual(ports.toSorted());
  },
  'Attach Storage Group to Partition': async ({ hmc, partitionUri, groupUri }) => {
    await hmc.partitions.attachStorageGroup(partitionUri, groupUri, w);
    expect(await hmc.partitions.get(partitionUri, w, ['storage-group-uris'])).toMatchObject({
      storageGroupUris: [groupUri],
    });
  },
  'Get Storage Group Properties': async ({ hmc, groupUri, volumeUris }) => {
    expect(await hmc.storageGroups.get(groupUri, w)).toMatchObject({ storageVolumeUris: volumeUris });
  },
  'Submit Requests': async ({ hmc, volumeUris }) => {
    expect(await hmc.storageVolumes.getMany(volumeUris, w)).toHaveLength(2);
  },
};

const matrix = Object.keys(calls).flatMap((call) => Object.keys(survivableFaults).map((fault) => [call, fault]));

test.each(matrix)('%s has its effect exactly once although %s', async (operation = '', fault = '') => {
  await using simulator = await startSimulator({ machine: 'z15' });
  const hmc = openSession(simulator);
  const stage = await setStage(simulator, hmc);
  const kind = survivableFaults[fault];
  if (kind === undefined) throw new Error(`there is no fault ${fault}`);
  simulator.faults.add({ id: 'chosen', server: 'hmc', operation, kind });

  await calls[operation]?.(stage);
  await hmc.close(w);

  expect(simulator.faults.struck('chosen')).toBe(1);
  expect(simulator.hmc).toMatchObject({ sessionCount: 0, jobCount: 0 });
});

test('Detach Storage Group has its effect although its answer is lost', async () => {
  await using simulator = await startSimulator({ machine: 'z15' });
  await using hmc = openSession(simulator);
  const { partitionUri, groupUri } = await setStage(simulator, hmc);
  await hmc.partitions.attachStorageGroup(partitionUri, groupUri, w);
  const operation = 'Detach Storage Group from Partition';
  simulator.faults.add({ id: 'lost', server: 'hmc', operation, kind: { type: 'drop', when: 'after' } });

  await hmc.partitions.detachStorageGroup(partitionUri, groupUri, w);

  expect(simulator.faults.struck('lost')).toBe(1);
  expect(await hmc.partitions.get(partitionUri, w, ['storage-group-uris'])).toMatchObject({ storageGroupUris: [] });
});
