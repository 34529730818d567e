import { instanceNamed, markedHosts, markOf, parkedDescription, partitionName } from './naming.ts';
import { hasNoPartition } from './records.ts';
import type { Assigned, PartitionRecord, PartitionRecords } from './records.ts';
import { deletableStatuses } from './status.ts';

/** A partition in a list; the description may be missing if a record decides. */
interface Listed {
  readonly uri: string;
  readonly name: string;
  readonly description?: string | undefined;
  readonly status?: string | undefined;
}

/** Returns which of these partitions belong to instances of this host, by record first, then by name. */
export function assignPartitions(
  host: string,
  records: PartitionRecords,
  partitions: readonly Listed[],
): ReadonlyMap<string, Assigned> {
  const recorded = recordedUris(records);
  const assigned = new Map<string, Assigned>();
  for (const partition of partitions) {
    const instanceUuid = recorded.get(partition.uri);
    if (instanceUuid === undefined) continue;
    const doubt = doubtOf(host, partition);
    assigned.set(partition.uri, { instanceUuid, doubt, ...parked(host, partition, records.find(instanceUuid)) });
  }
  const taken = new Set([...assigned.values()].map((one) => one.instanceUuid));
  for (const { uri, name, description = '', status = '' } of partitions) {
    const instanceUuid = instanceNamed(host, name);
    if (instanceUuid === undefined || assigned.has(uri) || taken.has(instanceUuid)) continue;
    if (markOf(host, description) === 'another') continue;
    if (hasNoPartition(records.find(instanceUuid)) && !isAsMade(host, { description, status })) continue;
    assigned.set(uri, { instanceUuid, doubt: undefined, ...parked(host, { description }, undefined) });
  }
  return assigned;
}

/**
 * Whether record or description say that the partition is parked. Both are checked, because a process may have died
 * between writing the two.
 */
export function parked(
  host: string,
  { description }: Pick<Listed, 'description'>,
  record: Pick<PartitionRecord, 'isParked'> | undefined,
): { readonly isParked?: true } {
  return record?.isParked === true || description === parkedDescription(host) ? { isParked: true } : {};
}

/**
 * Whether this may be the partition whose creation had no answer: it has our mark, and has not run yet. The name alone
 * does not prove this without a record, because a spawn may just have refused a partition of this name.
 */
export function isAsMade(host: string, { description, status }: { description: string; status: string }): boolean {
  return markOf(host, description) === 'ours' && deletableStatuses.has(status);
}

/** Partition URI → instance, as recorded. */
export function recordedUris(records: PartitionRecords): ReadonlyMap<string, string> {
  const uris = new Map<string, string>();
  for (const { partitionUri, instanceUuid } of records.list())
    if (partitionUri !== null) uris.set(partitionUri, instanceUuid);
  return uris;
}

/** Describes the mark of another host on a partition that is recorded as ours. */
function doubtOf(host: string, { uri, name, description }: Listed): string | undefined {
  if (description === undefined || markOf(host, description) !== 'another') return undefined;
  return otherMark({ uri, name }, description);
}

export function otherMark({ uri, name }: Pick<Listed, 'uri' | 'name'>, description: string): string {
  const hosts = markedHosts(description).map((host) => `CPCSubset=${host}`);
  return `partition "${name}" (${uri}) has the mark of another host in its description, ${hosts.join(', ')}`;
}

/** Whether the name follows our pattern and names another instance. */
export function isNamedForAnother(host: string, name: string, instanceUuid: string): boolean {
  return name !== partitionName({ host, instanceUuid }) && instanceNamed(host, name) !== undefined;
}
