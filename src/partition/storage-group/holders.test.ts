import { HmcHttpError } from '../../hmc-client/errors/index.ts';
import { describe, expect, test } from 'vitest';
import { neverAborted, parseWwpn } from '../../base/index.ts';
import type { Wwpn } from '../../base/index.ts';
import type { HmcSession } from '../../hmc-client/index.ts';
import { MemoryPartitionRecords } from '../records.ts';
import { GroupDirectory } from './directory.ts';
import { findHolders } from './holders.ts';

const w = { signal: neverAborted() };
const owner = { host: 'c1', instanceUuid: '2f0c1a34-9c7e-4b7e-8a63-d2c5bd2e3ec6' };
const other = '99999999-9c7e-4b7e-8a63-d2c5bd2e3ec6';
const ownName = `OpenStack-c1-${owner.instanceUuid}`;
const mark = 'OpenStack CPCSubset=c1';
const uri = '/api/storage-groups/g';
const partition = { uri: '/api/partitions/p', name: 'shop', status: 'active' };
const wwpn = parseWwpn('c05076ffe8000001')!;

/** A CPC with one group that is attached to one partition. */
function scene(group: { readonly name: string; readonly description: string }, recordedFor?: string) {
  const resource = { uri: `${uri}/virtual-storage-resources/1`, wwpn, partitionUri: partition.uri };
  const whole = { uri, type: 'fcp', ...group, virtualStorageResourceUris: [resource.uri], unassignedWwpns: [] };
  const absent = { status: 404, reason: 1, method: 'GET', hmcMessage: '' };
  const hmc = {
    storageGroups: {
      list: async ({ name }: { readonly name?: string }) => {
        return name === undefined || name === group.name ? [{ uri, name: group.name }] : [];
      },
      get: async (asked: string) => {
        if (asked === uri) return whole;
        throw new HmcHttpError('get storage group', { ...absent, uri: asked });
      },
      getMany: async () => [whole],
      getPartitions: async () => [partition],
    },
    virtualStorageResources: { getMany: async () => [resource] },
  } as unknown as HmcSession; // the operations that are needed
  const records = new MemoryPartitionRecords();
  const nothing = {
    partitionUri: null,
    preparedGroupUri: null,
    isConnected: true,
    bootVolume: null,
    wwpns: [],
    isBegunHere: true,
  };
  if (recordedFor !== undefined) records.put({ instanceUuid: recordedFor, storageGroupUri: uri, ...nothing });
  const directory = new GroupDirectory(hmc, '/api/cpcs/c', records);
  const find = async (wwpns: readonly Wwpn[]) =>
    (await findHolders(hmc, '/api/cpcs/c', directory, [{ owner, wwpns }], w))[0] ?? [];
  return { find };
}

describe('the partition that has', () => {
  test.each([
    { what: 'the group by its name', group: { name: ownName, description: mark } },
    { what: 'the group by its name, without a mark', group: { name: ownName, description: '' } },
    { what: 'the recorded group', group: { name: 'disks', description: '' }, recordedFor: owner.instanceUuid },
  ])('$what is found without a look at any WWPN', async ({ group, recordedFor }) => {
    await expect(scene(group, recordedFor).find([])).resolves.toEqual([
      expect.objectContaining({ holds: 'group', partitionUri: partition.uri, bootSources: [uri] }),
    ]);
  });

  test('a group that was renamed is found by its ports, and boots the server where it has our mark', async () => {
    const [marked] = await scene({ name: 'disks', description: mark }).find([wwpn]);
    const [unmarked] = await scene({ name: 'disks', description: 'disks' }).find([wwpn]);

    expect(marked).toMatchObject({ holds: 'group', partitionUri: partition.uri, bootSources: [uri] });
    expect(marked?.how).toContain(wwpn);
    expect(unmarked).toMatchObject({ holds: 'group', partitionUri: partition.uri, bootSources: [] });
  });

  test.each([
    { what: 'by its name', group: { name: `OpenStack-c1-${other}`, description: mark } },
    { what: 'by its record', group: { name: 'disks', description: mark }, recordedFor: other },
  ])('a WWPN in the group of another instance ($what) has a port only', async ({ group, recordedFor }) => {
    await expect(scene(group, recordedFor).find([wwpn])).resolves.toMatchObject([{ holds: 'port', bootSources: [] }]);
  });

  test('other ports only is none', async () => {
    const others = [parseWwpn('c05076ffe8000002')!];

    await expect(scene({ name: 'disks', description: mark }).find(others)).resolves.toEqual([]);
    await expect(scene({ name: 'disks', description: mark }).find([])).resolves.toEqual([]);
  });
});
