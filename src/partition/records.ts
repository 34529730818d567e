import type { Wwpn } from '../base/index.ts';
import type { VolumePath } from './storage.ts';

/**
 * What is remembered of the partition of an instance, from before it is made until the instance is forgotten. A person may
 * rename and re-describe a partition; its object id and its WWPNs stay.
 *
 * @public
 */
export interface PartitionRecord {
  readonly instanceUuid: string;
  /** Null until the partition is made, or found. */
  readonly partitionUri: string | null;
  /** Of its vHBAs, or of its storage group; they stay when it is gone. */
  readonly wwpns: readonly Wwpn[];
  readonly storageGroupUri: string | null;
  /** Storage group that was there already, and that the partition was given. */
  readonly preparedGroupUri: string | null;
  /**
   * Was the record begun before anything was made? Without a URI there is then no partition, unless the answer to
   * Create Partition was lost, and then it has the name that we gave it.
   */
  readonly isBegunHere: boolean;
  /** Has a spawn connected its volumes, so that its guest may have used them? Also where nobody knows. */
  readonly isConnected: boolean;
  /** What its last spawn has found of the volume that it boots from; null before, and where it boots from a prepared group. */
  readonly bootVolume: BootVolume | null;
  /** The instance is destroyed, and its partition is kept, stopped, because masks may stand for its ports. Absent: no. */
  readonly isParked?: boolean;
}

/** A Cinder volume to boot from. @public */
export interface BootVolume {
  readonly volumeId: string;
  /** In boot order. */
  readonly paths: readonly VolumePath[];
}

/** Where the driver keeps its records. Writes are on disk when the method returns. @public */
export interface PartitionRecords {
  find(instanceUuid: string): PartitionRecord | undefined;
  list(): readonly PartitionRecord[];
  put(record: PartitionRecord): void;
  /** Is a volume attached to this partition without Nova? Then its ports may be ours although it is no instance. */
  isAttachedWithoutNova(partitionUri: string): boolean;
}

/** Of how many instances it is kept in memory that nothing of them is left: whoever deletes one may ask twice, not for ever. */
const MAX_EMPTY = 1000;

/** For embedders without a state directory: a restart forgets, and partitions are then found by name again. @public */
export class MemoryPartitionRecords implements PartitionRecords {
  readonly #records = new Map<string, PartitionRecord>();
  /** Instances without a partition, the oldest first. */
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

  isAttachedWithoutNova(): boolean {
    return false;
  }
}

/** The record of an instance of which nothing is known yet. */
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

/** Is nothing known of the partition, neither which it is nor that there is none yet? */
export function isUnknown(record: PartitionRecord | undefined): boolean {
  return record === undefined || (record.partitionUri === null && !record.isBegunHere);
}

/** Is it recorded that no partition is made, or none is left? One whose creation had no answer may be there. */
export function isUnmade(record: PartitionRecord | undefined): boolean {
  return record?.partitionUri === null && record.isBegunHere;
}

/** Changes a record that is there; of an instance without one, nothing is kept. */
export function amend(
  records: PartitionRecords,
  instanceUuid: string,
  change: Partial<Omit<PartitionRecord, 'instanceUuid'>>,
): void {
  const known = records.find(instanceUuid);
  if (known !== undefined) records.put({ ...known, ...change });
}

/** A partition of a list, with the instance that it belongs to. */
export interface Assigned {
  readonly instanceUuid: string;
  /** Why it is not certain, in words; undefined where it is. */
  readonly doubt: string | undefined;
  /** It is kept for its ports alone: the instance is destroyed. Absent: no. */
  readonly isParked?: true;
}
