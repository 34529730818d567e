import { instanceNamed, markedHosts, markOf, partitionName } from './naming.ts';
import type { Assigned, PartitionRecords } from './records.ts';

/** What a list tells of a partition; the description may not have been asked for where a record decides. */
interface Listed {
  readonly uri: string;
  readonly name: string;
  readonly description?: string | undefined;
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
    if (instanceUuid !== undefined) assigned.set(partition.uri, { instanceUuid, doubt: doubtOf(host, partition) });
  }
  const taken = new Set([...assigned.values()].map((one) => one.instanceUuid));
  for (const { uri, name, description = '' } of partitions) {
    const instanceUuid = instanceNamed(host, name);
    if (instanceUuid === undefined || assigned.has(uri) || taken.has(instanceUuid)) continue;
    if (markOf(host, description) !== 'another') assigned.set(uri, { instanceUuid, doubt: undefined });
  }
  return assigned;
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
