import { ConflictError } from '../base/index.ts';
import type { Waiting, Wwpn } from '../base/index.ts';

/** What somebody counts as an instance's: all else of ours that hangs on its partition or group is nobody's. */
export interface CountedStorage {
  /** Or the object id of a partition that realises none. */
  readonly instanceUuid: string;
  /** Cinder volumes that it has, or may have. */
  readonly volumeIds: ReadonlySet<string>;
  /** Ports to which volumes are masked, or may be. */
  readonly wwpns: ReadonlySet<string>;
}

/** A vHBA or a storage volume of ours that belongs to nobody. */
export interface SurplusStorage {
  readonly kind: 'vhba' | 'storage-volume';
  readonly name: string;
  readonly uri: string;
  readonly instanceUuid: string;
  /** Where it is, and why it is nobody's. */
  readonly detail: string;
  /** Can it be taken away without taking anything from anybody? */
  readonly isSafe: boolean;
}

/** Looks for what belongs to nobody, and takes away what is safe to take. */
export interface StorageAudit {
  /**
   * What of ours hangs on partitions and groups of these, and is not counted. Changes nothing. Where the HMC reads in bulk
   * it takes as many requests for many instances as for one.
   */
  list(host: string, counted: readonly CountedStorage[], w: Waiting): Promise<readonly SurplusStorage[]>;
  /**
   * Takes one away that {@link StorageAudit.list} named, after a second look. What is gone, or counted by now, is a success.
   *
   * @throws ConflictError when it is not safe to take, or not any more
   */
  remove(host: string, counted: CountedStorage, uri: string, w: Waiting): Promise<void>;
  /** Every WWPN on this CPC that the user may see, whoever has it. Changes nothing. */
  allWwpns(w: Waiting): Promise<ReadonlySet<Wwpn>>;
}

/** The one of these that is to be taken away; undefined when there is nothing to take. @throws ConflictError */
export function removable(surplus: readonly SurplusStorage[], uri: string): SurplusStorage | undefined {
  const found = surplus.find((each) => each.uri === uri);
  if (found === undefined || found.isSafe) return found;
  throw new ConflictError(`${found.kind} "${found.name}" (${found.detail}) cannot be taken away safely`, { uri });
}
