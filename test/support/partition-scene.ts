import { neverAborted } from '../../src/base/index.ts';
import { HmcHttpError } from '../../src/hmc-client/errors/index.ts';
import type { HmcSession } from '../../src/hmc-client/index.ts';
import { InstancePartitions, MemoryPartitionRecords, noEvidence } from '../../src/partition/index.ts';
import type { Evidence, PartitionRecord } from '../../src/partition/index.ts';
import type { PortHolder, PreparedGroups } from '../../src/partition/storage.ts';

export const owner = { host: 'c1', instanceUuid: '2f0c1a34-9c7e-4b7e-8a63-d2c5bd2e3ec6' };
export const other = '99999999-9c7e-4b7e-8a63-d2c5bd2e3ec6';
export const name = `OpenStack-c1-${owner.instanceUuid}`;
export const w = { signal: neverAborted() };
export const mark = 'OpenStack CPCSubset=c1';
export const noGroup = { storageGroupUri: null, preparedGroupUri: null, isConnected: true, bootVolume: null };

interface There {
  readonly uri: string;
  readonly name: string;
  readonly description: string;
  readonly status?: string;
  readonly bootStorageVolume?: string;
  /** The partition is listed, but reading it fails with 404.1. */
  readonly isDenied?: boolean;
  /** The partition is not listed and cannot be read. */
  readonly isHidden?: boolean;
}

interface Scene {
  readonly there?: readonly There[];
  readonly record?: Partial<PartitionRecord>;
  readonly records?: readonly PartitionRecord[];
  readonly holders?: readonly PortHolder[];
  /** Partitions that have the recorded prepared group. */
  readonly users?: readonly PortHolder[];
  readonly hidden?: string;
  readonly evidence?: Evidence;
}

/** Returns an HMC with these partitions, which counts its requests. */
export function scene({ there = [], record, records = [], holders = [], users = [], hidden }: Scene) {
  let requests = 0;
  const seen = there.filter(({ isHidden }) => isHidden !== true);
  const complete = (partition: There) => ({ status: 'active', ...partition });
  const answer = <T>(value: T) => {
    requests += 1;
    return Promise.resolve(value);
  };
  const get = (uri: string) => {
    const found = seen.find((partition) => partition.uri === uri && partition.isDenied !== true);
    if (found !== undefined) return answer(complete(found));
    requests += 1;
    const where = { method: 'GET', uri, hmcMessage: 'not found' };
    return Promise.reject(new HmcHttpError('get partition', { status: 404, reason: 1, ...where }));
  };
  const hmc = {
    partitions: {
      get,
      list: () => answer(seen.map(complete)),
      listDetailed: () => answer(seen.filter(({ isDenied }) => isDenied !== true).map(complete)),
    },
  } as unknown as HmcSession; // the operations that are needed
  const kept = new MemoryPartitionRecords();
  const nothing = { instanceUuid: owner.instanceUuid, partitionUri: null, wwpns: [], ...noGroup };
  if (record !== undefined) kept.put({ ...nothing, isBegunHere: true, ...record });
  for (const each of records) kept.put(each);
  const preparedGroups = { holders: () => answer(users) } as unknown as PreparedGroups; // all that is asked for
  const storage = {
    model: 'hba' as const,
    holders: () => answer([holders]),
    hiddenUse: () => answer(hidden),
    preparedGroups,
  };
  return { partitions: new InstancePartitions(hmc, '/api/cpcs/c', kept, storage), kept, requests: () => requests };
}

export async function look({ evidence = noEvidence, ...rest }: Scene) {
  return await scene(rest).partitions.look(owner, evidence, w);
}

export const uri = '/api/partitions/p';
export const recorded = { partitionUri: uri };
export const none = { wwpns: [], hasVolumes: false };
export const holder = (partitionUri: string, bootSources = ['/api/groups/g']): PortHolder => ({
  holds: 'port',
  partitionUri,
  bootSources,
  how: 'has a port',
});
