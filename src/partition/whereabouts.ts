import type { Wwpn } from '../base/index.ts';

/** A partition of ours as it was just seen; its name is whatever a person has given it. */
export interface OwnPartition {
  readonly uri: string;
  readonly name: string;
  readonly status: string;
  /** It is kept for its ports alone: the instance is destroyed, or not spawned again yet. Absent: no. */
  readonly isParked?: true;
  /** Its vHBAs, on a machine that has such; absent where nobody read them. */
  readonly hbaUris?: readonly string[];
  /** Storage groups that it has besides its instance's own; absent where nobody read them. */
  readonly otherGroupUris?: readonly string[];
}

/** Why it is not known which partition is the instance's. */
export interface Doubt {
  /** The partition that the record names, where it can be read. */
  readonly recorded: OwnPartition | null;
  readonly candidates: readonly { readonly name: string; readonly uri: string }[];
  /** What stands on the HMC. */
  readonly why: string;
  /** What a person can do about it. */
  readonly advice: string;
}

/** What an operation that takes something away may work with: doubt has been thrown. */
export type Decided = { readonly kind: 'ours'; readonly partition: OwnPartition } | { readonly kind: 'absent' };

/** Where the partition of an instance is. "Not found" and "there, but perhaps not ours" are never one answer. */
export type Whereabouts = Decided | ({ readonly kind: 'in-doubt' } & Doubt);

/** The same for whoever asks for the guest: a partition that is parked is none. */
export function guestAmong<T extends Whereabouts>(found: T): T | { readonly kind: 'absent' } {
  return found.kind === 'ours' && found.partition.isParked === true ? { kind: 'absent' } : found;
}

/** What is known of an instance beside its record. */
export interface Evidence {
  /** Ports to which its volumes are mapped, as Cinder tells. */
  readonly wwpns: readonly Wwpn[];
  /** May volumes be mapped for it? What has none cannot lose any. */
  readonly hasVolumes: boolean;
}

/** Where nothing is known, volumes may be mapped. */
export const noEvidence: Evidence = { wwpns: [], hasVolumes: true };
