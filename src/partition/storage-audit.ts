import { ConflictError } from '../base/index.ts';
import type { Waiting, Wwpn } from '../base/index.ts';

/** The storage that an instance uses. Any other storage of nova-dpm in its partition or group is orphaned. */
export interface ExpectedStorage {
  /** Or the object id of a partition without an instance. */
  readonly instanceUuid: string;
  /** Cinder volumes that the instance has, or may have. */
  readonly volumeIds: ReadonlySet<string>;
  /** Ports to which volumes are masked, or may be. */
  readonly wwpns: ReadonlySet<string>;
}

/** An orphaned vHBA or storage volume that nova-dpm created. */
export interface SurplusStorage {
  readonly kind: 'vhba' | 'storage-volume';
  readonly name: string;
  readonly uri: string;
  readonly instanceUuid: string;
  /** Where it is, and why it is an orphan. */
  readonly detail: string;
  /** Whether it can be removed without affecting anybody. */
  readonly isSafe: boolean;
}

/** Finds orphaned storage, and removes what is safe to remove. */
export interface StorageAudit {
  /**
   * Lists the storage of nova-dpm in the partitions and groups of these instances that no instance uses. Changes nothing. If
   * the HMC reads in bulk, the number of requests does not grow with the instances.
   */
  list(host: string, counted: readonly ExpectedStorage[], w: Waiting): Promise<readonly SurplusStorage[]>;
  /**
   * Checks an orphan of {@link StorageAudit.list} again and removes it. Succeeds if the orphan is gone, or is used by now.
   *
   * @throws ConflictError when removing it is not safe, or no longer
   */
  remove(host: string, counted: ExpectedStorage, uri: string, w: Waiting): Promise<void>;
  /** Lists every WWPN on this CPC that the user may see, of any owner. Changes nothing. */
  allWwpns(w: Waiting): Promise<ReadonlySet<Wwpn>>;
}

/** Returns the orphan to remove; undefined when there is none. @throws ConflictError when that is not safe */
export function removable(surplus: readonly SurplusStorage[], uri: string): SurplusStorage | undefined {
  const found = surplus.find((each) => each.uri === uri);
  if (found === undefined || found.isSafe) return found;
  throw new ConflictError(`${found.kind} "${found.name}" (${found.detail}) cannot be removed safely`, { uri });
}
