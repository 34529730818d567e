import type { Wwpn } from '../base/index.ts';

/** A partition of ours as just seen; people may have changed its name. */
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
}

/** Why it is not known which partition belongs to the instance. */
export interface Doubt {
  /** The recorded partition, if it can be read. */
  readonly recorded: OwnPartition | null;
  readonly candidates: readonly { readonly name: string; readonly uri: string }[];
  /** What the HMC shows. */
  readonly why: string;
  /** What a person can do about it. */
  readonly advice: string;
}

/** The answer that a destructive operation may use: a doubt has been thrown. */
export type Decided = { readonly kind: 'ours'; readonly partition: OwnPartition } | { readonly kind: 'absent' };

/** Where the partition of an instance is. "Not found" and "found, but perhaps not ours" are different answers. */
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

/** Without knowledge, volumes may be mapped. */
export const noEvidence: Evidence = { wwpns: [], hasVolumes: true };
