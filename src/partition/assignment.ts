import { instanceNamed, markedHosts, markOf, parkedDescription, partitionName } from './naming.ts';
import { isUnmade } from './records.ts';
import type { Assigned, PartitionRecord, PartitionRecords } from './records.ts';
import { deletableStatuses } from './status.ts';

/** What a list tells of a partition; the description may not have been asked for where a record decides. */
interface Listed {
  readonly uri: string;
  readonly name: string;
  readonly description?: string | undefined;
  readonly status?: string | undefined;
}

/**
 * Which of these partitions belong to instances of this host: by record first, then by name, as a single partition is
 * looked up. Partitions of others are left out.
 */
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
    if (isUnmade(records.find(instanceUuid)) && !isAsMade(host, { description, status })) continue;
    assigned.set(uri, { instanceUuid, doubt: undefined, ...parked(host, { description }, undefined) });
  }
  return assigned;
}

/** Is it parked, as its record or its description says? Either is written last on one of the two ways. */
export function parked(
  host: string,
  { description }: Pick<Listed, 'description'>,
  record: Pick<PartitionRecord, 'isParked'> | undefined,
): { readonly isParked?: true } {
  return record?.isParked === true || description === parkedDescription(host) ? { isParked: true } : {};
}

/**
 * Can it be the partition that we have made, whose creation had no answer? Such a one has not run yet, and carries our mark.
 * Where nothing is recorded as made, a name alone is no proof: a spawn may just have refused its bearer.
 */
export function isAsMade(host: string, { description, status }: { description: string; status: string }): boolean {
  return markOf(host, description) === 'ours' && deletableStatuses.has(status);
}

/** Partition URI → instance, as recorded. */
export function recordedUris(records: PartitionRecords): ReadonlyMap<string, string> {
  return new Map(
    records
      .list()
      .flatMap(({ partitionUri, instanceUuid }) =>
        partitionUri === null ? [] : [[partitionUri, instanceUuid] as const],
      ),
  );
}

/** The mark of another host on a partition that is recorded as ours, in words. */
function doubtOf(host: string, { uri, name, description }: Listed): string | undefined {
  if (description === undefined || markOf(host, description) !== 'another') return undefined;
  return otherMark({ uri, name }, description);
}

export function otherMark({ uri, name }: Pick<Listed, 'uri' | 'name'>, description: string): string {
  const hosts = markedHosts(description).map((host) => `CPCSubset=${host}`);
  return `partition "${name}" (${uri}) has the mark of another host in its description, ${hosts.join(', ')}`;
}

/** Is the name, though of our pattern, that of another instance? */
export function isNamedForAnother(host: string, name: string, instanceUuid: string): boolean {
  return name !== partitionName({ host, instanceUuid }) && instanceNamed(host, name) !== undefined;
}
