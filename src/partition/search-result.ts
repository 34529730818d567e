import type { Wwpn } from '../base/index.ts';

/** A partition of this host as just read. An administrator may have changed its name. */
export interface OwnPartition {
  readonly uri: string;
  readonly name: string;
  readonly status: string;
  /** Present if the partition is kept only for its ports: the instance is destroyed, or not spawned again yet. */
  readonly isParked?: true;
  /** Its vHBAs, on a machine that has them; absent if not read. */
  readonly hbaUris?: readonly string[];
  /** Its storage groups except that of its instance; absent if not read. */
  readonly otherGroupUris?: readonly string[];
  /** An ISO image is mounted. */
  readonly hasImage?: true;
}

/** Why it is not known which partition belongs to the instance. */
export interface Doubt {
  /** The recorded partition, if it can be read. */
  readonly recorded: OwnPartition | null;
  readonly candidates: readonly { readonly name: string; readonly uri: string }[];
  /** What the HMC shows. */
  readonly why: string;
  /** What the user can do. */
  readonly advice: string;
}

/** The result for a destructive operation. It contains no doubt, because a doubt was thrown as an error. */
export type Decided = { readonly kind: 'ours'; readonly partition: OwnPartition } | { readonly kind: 'absent' };

/** The result of a search for the partition of an instance. A partition whose owner is in doubt is neither found nor absent. */
export type SearchResult = Decided | ({ readonly kind: 'in-doubt' } & Doubt);

/** Treats a parked partition as absent, for callers that ask for the guest. */
export function withoutParked<T extends SearchResult>(found: T): T | { readonly kind: 'absent' } {
  return found.kind === 'ours' && found.partition.isParked === true ? { kind: 'absent' } : found;
}

/** What the caller knows of an instance besides its record. */
export interface Evidence {
  /** Ports to which Cinder has mapped its volumes. */
  readonly wwpns: readonly Wwpn[];
  /** Whether volumes may be mapped for it. */
  readonly hasVolumes: boolean;
}

/** The default: volumes may be mapped. */
export const noEvidence: Evidence = { wwpns: [], hasVolumes: true };
