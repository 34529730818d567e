import { describe, expect, test } from 'vitest';
import { neverAborted } from '../../base/index.ts';
import type { HmcSession } from '../../hmc-client/index.ts';
import { InstancePartitions, MemoryPartitionRecords } from '../../partition/index.ts';
import { CpcSubset } from './inventory.ts';
import type { DpmRuntime } from './runtime.ts';
import type { DpmDriverSettings } from './settings.ts';

const w = { signal: neverAborted() };
const uuid = (n: number) => `2f0c1a34-9c7e-4b7e-8a63-${String(n).padStart(12, '0')}`;

interface Row {
  readonly name: string;
  readonly status: string;
  readonly description: string;
  /** The instance that is recorded with it. */
  readonly recorded?: string;
}

const ours = (n: number, status: string): Row => ({
  name: `OpenStack-compute1-${uuid(n)}`,
  status,
  description: 'OpenStack CPCSubset=compute1',
});
const foreign: Row = { name: 'db-7', status: 'active', description: 'database of the shop' };
/** Named like one of ours, and marked as another host's. */
const copy: Row = { ...ours(9, 'active'), description: 'OpenStack CPCSubset=compute2' };
/** As the retired Python nova-dpm left one, whose description a person has emptied: it has no record. */
const old: Row = { ...ours(8, 'active'), description: '' };

/** A subset on a CPC with these partitions, of 2 IFLs and 4 GiB each; `asked` are the list requests. */
function subsetOf(rows: readonly Row[], seVersion = '2.13.1', gone: readonly string[] = []) {
  const asked: unknown[] = [];
  const partitions = rows.map((row, index) => ({
    uri: `/api/partitions/${index}`,
    iflProcessors: 2,
    initialMemory: 4096,
    ...row,
  }));
  const list = async (_cpc: string, filter: object) => {
    asked.push(filter);
    return partitions;
  };
  const records = new MemoryPartitionRecords();
  for (const [index, { recorded }] of rows.entries()) {
    const record = {
      partitionUri: `/api/partitions/${index}`,
      wwpns: [],
      storageGroupUri: null,
      preparedGroupUri: null,
      isConnected: true,
      bootVolume: null,
      isBegunHere: true,
    };
    if (recorded !== undefined) records.put({ instanceUuid: recorded, ...record });
  }
  for (const instanceUuid of gone) {
    const record = { partitionUri: `/api/partitions/gone-${instanceUuid}`, wwpns: [], isBegunHere: true };
    records.put({
      instanceUuid,
      ...record,
      storageGroupUri: null,
      preparedGroupUri: null,
      isConnected: true,
      bootVolume: null,
    });
  }
  const holders = async (requests: readonly object[]) => {
    asked.push(`holders of ${requests.length}`);
    return requests.map(() => []);
  };
  const hiddenUse = async () => {
    asked.push('hidden use');
    return undefined;
  };
  const storage = { model: 'hba' as const, holders, hiddenUse, preparedGroups: undefined };
  const cpc = { uri: '/api/cpcs/1', name: 'A90', machineType: '2964', seVersion, storageCustomer: 1 << 20 };
  const cpcs = { get: async () => cpc };
  const hmc = { cpcs, partitions: { list, listDetailed: list } } as unknown as HmcSession; // all that is asked for
  const runtime = {
    hmc,
    partitions: new InstancePartitions(hmc, '/api/cpcs/1', records, storage),
    cpc,
    storage: { model: 'hba' },
  } as unknown as DpmRuntime; // of which the inventory uses just this
  const settings = { host: 'compute1', maxProcessors: 10, maxMemoryMib: 65_536 } as DpmDriverSettings; // likewise
  return { subset: new CpcSubset(runtime, settings), asked };
}

describe('the CPC subset', () => {
  test('is asked for by one request, without a filter: a person may have renamed a partition of ours', async () => {
    const { subset, asked } = subsetOf(Array.from({ length: 85 }, (_, n) => ours(n, 'active')));

    await expect(subset.guests(false, w)).resolves.toHaveLength(85);
    expect(asked).toEqual([{}]);
  });

  test('has a partition that was renamed and re-described, and one that the Python nova-dpm left, everywhere alike', async () => {
    const renamed: Row = { name: 'shop', status: 'active', description: 'shop', recorded: uuid(7) };
    const { subset } = subsetOf([renamed, old, copy, foreign]);

    expect((await subset.guests(false, w)).map(({ instanceUuid }) => instanceUuid)).toEqual([uuid(7), uuid(8)]);
    expect([...(await subset.powerStates(w)).keys()]).toEqual([uuid(7), uuid(8)]);
    await expect(subset.availableResource('compute1', w)).resolves.toMatchObject({
      vcpusUsed: 4,
      stats: { running: 2 },
    });
  });

  test('asks for power states by one short list where every partition is recorded', async () => {
    const { subset, asked } = subsetOf([{ ...ours(1, 'active'), recorded: uuid(1) }, foreign]);

    await subset.powerStates(w);

    expect(asked).toEqual([{}]);
  });

  test('looks for the ports of all instances that the list does not show at once, and for nothing else', async () => {
    const gone = [uuid(2), uuid(3), uuid(4)];
    const { subset, asked } = subsetOf([{ ...ours(1, 'active'), recorded: uuid(1) }], '2.13.1', gone);

    expect([...(await subset.powerStates(w)).keys()]).toEqual([uuid(1)]);
    expect(asked).toEqual([{}, 'holders of 3']);
    await expect(subset.availableResource('compute1', w)).resolves.toMatchObject({ stats: { running: 1 } });
    expect(asked).toEqual([{}, 'holders of 3', {}, 'holders of 3']);
  });

  test('says of a recorded partition with the mark of another host that it is in doubt', async () => {
    const { subset } = subsetOf([{ ...copy, recorded: uuid(9) }]);

    expect(await subset.guests(false, w)).toMatchObject([
      { instanceUuid: uuid(9), doubt: expect.stringContaining('CPCSubset=compute2') as string },
    ]);
  });

  test('has the power state of each of our instances, and of no other', async () => {
    const { subset } = subsetOf([ours(1, 'active'), ours(2, 'paused'), ours(3, 'terminated'), foreign]);

    await expect(subset.powerStates(w)).resolves.toEqual(
      new Map([
        [uuid(1), 'running'],
        [uuid(2), 'shutdown'],
        [uuid(3), 'crashed'],
      ]),
    );
  });

  test('leaves out what only looks like ours, unless all are asked for', async () => {
    const { subset } = subsetOf([ours(1, 'active'), copy, foreign]);

    expect((await subset.guests(false, w)).map(({ instanceUuid }) => instanceUuid)).toEqual([uuid(1)]);
    expect((await subset.guests(true, w)).map(({ name, instanceUuid }) => [name, instanceUuid])).toEqual([
      [ours(1, '').name, uuid(1)],
      [copy.name, null],
      ['db-7', null],
    ]);
  });

  test('counts as used what holds resources: not what is stopped, not what is another’s', async () => {
    const rows = [ours(1, 'active'), ours(2, 'paused'), ours(3, 'terminated'), ours(4, 'starting'), ours(5, 'stopped')];
    const { subset } = subsetOf([...rows, ours(6, 'reservation-error'), copy, foreign]);

    await expect(subset.availableResource('compute1', w)).resolves.toMatchObject({
      vcpus: 10,
      memoryMb: 65_536,
      vcpusUsed: 8,
      memoryMbUsed: 16_384,
      localGb: 0,
      hypervisorType: 'PRSM',
      hypervisorHostname: 'compute1',
      supportedInstances: [['s390x', 'prsm', 'hvm']],
      stats: { cpc: 'A90', storage_model: 'hba' },
    });
  });

  test('counts as running what executes: not what is paused, terminated or on its way, although it holds its share', async () => {
    const statuses = ['active', 'degraded', 'paused', 'terminated', 'starting', 'stopping', 'stopped', 'status-check'];
    const { subset } = subsetOf(statuses.map((status, index) => ours(index + 1, status)));

    await expect(subset.availableResource('compute1', w)).resolves.toMatchObject({
      vcpusUsed: 12,
      stats: { running: 2 },
    });
  });

  test.each([
    ['2.13.1', 2_013_001],
    ['2.16', 2_016_000],
    ['3', 3_000_000],
    ['', 0],
    ['2.15.0-beta', 2_015_000],
  ])('gives SE version "%s" as the number %i, whatever parts it has', async (seVersion, number) => {
    const { subset } = subsetOf([], seVersion);

    await expect(subset.availableResource('compute1', w)).resolves.toHaveProperty('hypervisorVersion', number);
  });
});
