import type { Wwpn } from '../base/index.ts';
import type { VolumePath } from './storage.ts';

/**
 * The record of an instance's partition. It exists from before the partition is created until the instance is
 * forgotten. Administrators may change name and description of a partition; its object id and WWPNs never change.
 *
 * @public
 */
export interface PartitionRecord {
  readonly instanceUuid: string;
  /** Null until the partition is created or found. */
  readonly partitionUri: string | null;
  /** WWPNs of its vHBAs or storage group; kept after the partition is deleted. */
  readonly wwpns: readonly Wwpn[];
  readonly storageGroupUri: string | null;
  /** The prepared storage group that the partition uses. */
  readonly preparedGroupUri: string | null;
  /**
   * Whether the record was begun before any object was created. Then a missing URI means that there is no partition,
   * unless the answer to Create Partition was lost. Such a partition has the name that nova-dpm gave it.
   */
  readonly isBegunHere: boolean;
  /** Whether the guest may have used its volumes: a spawn has connected them, or it is unknown whether one has. */
  readonly isConnected: boolean;
  /** The boot volume that the last spawn found; null before that, and for a boot from a prepared group. */
  readonly bootVolume: BootVolume | null;
  /** Present if the instance is destroyed, and its stopped partition is kept because masks may exist for its ports. */
  readonly isParked?: boolean;
}

/** A Cinder volume to boot from. @public */
export interface BootVolume {
  readonly volumeId: string;
  /** In boot order. */
  readonly paths: readonly VolumePath[];
}

/** The store of the records. Writes are on disk when the method returns. @public */
export interface PartitionRecords {
  find(instanceUuid: string): PartitionRecord | undefined;
  list(): readonly PartitionRecord[];
  put(record: PartitionRecord): void;
  /**
   * Whether a volume is attached to this partition without Nova. nova-dpm may then have created its ports although it
   * has no instance.
   */
  hasVolumesWithoutNova(partitionUri: string): boolean;
}

/** Maximum number of deleted instances to remember in memory, for repeated deletes. */
const MAX_EMPTY = 1000;

/** Records for embedders without a state directory: after a restart, partitions are found by name again. @public */
export class MemoryPartitionRecords implements PartitionRecords {
  readonly #records = new Map<string, PartitionRecord>();
  /** Instances without a partition, oldest first. */
  readonly #empty = new Set<string>();

  find(instanceUuid: string): PartitionRecord | undefined {
    return this.#records.get(instanceUuid);
  }

  list(): readonly PartitionRecord[] {
    return [...this.#records.values()];
  }

  put(record: PartitionRecord): void {
    const { instanceUuid, partitionUri, storageGroupUri } = record;
    this.#records.set(instanceUuid, record);
    this.#empty.delete(instanceUuid);
    if (partitionUri === null && storageGroupUri === null) this.#empty.add(instanceUuid);
    const [oldest = ''] = this.#empty;
    if (this.#empty.size <= MAX_EMPTY) return;
    this.#empty.delete(oldest);
    this.#records.delete(oldest);
  }

  hasVolumesWithoutNova(): boolean {
    return false;
  }
}

/** Returns the record of an unknown instance. */
export function nothingKnown(instanceUuid: string): PartitionRecord {
  return {
    instanceUuid,
    partitionUri: null,
    wwpns: [],
    storageGroupUri: null,
    preparedGroupUri: null,
    isBegunHere: false,
    isConnected: true,
    bootVolume: null,
  };
}

/** Whether the record says neither which partition it is nor that there is none yet. */
export function isUnknown(record: PartitionRecord | undefined): boolean {
  return record === undefined || (record.partitionUri === null && !record.isBegunHere);
}

/** Whether the record says that there is no partition. One whose creation had no answer may still exist. */
export function hasNoPartition(record: PartitionRecord | undefined): boolean {
  return record?.partitionUri === null && record.isBegunHere;
}

/** Changes an existing record; does nothing for an instance without one. */
export function amend(
  records: PartitionRecords,
  instanceUuid: string,
  change: Partial<Omit<PartitionRecord, 'instanceUuid'>>,
): void {
  const known = records.find(instanceUuid);
  if (known !== undefined) records.put({ ...known, ...change });
}

/** The instance of a partition in a list. */
export interface Assigned {
  readonly instanceUuid: string;
  /** Why the assignment is not certain; undefined if it is. */
  readonly doubt: string | undefined;
  /** Present if the partition is kept only for its ports: the instance is destroyed. */
  readonly isParked?: true;
}
