import type { Waiting } from '../base/index.ts';
import type { ConnectionInfo, Connector } from '../cinder-client/index.ts';
import type { InstanceVolume } from '../partition/index.ts';
import type { PathRecord } from '../volume/index.ts';

/** @public */
export interface DiagnosedPath {
  readonly initiatorWwpn: string;
  readonly targetWwpn: string;
  readonly lun: string;
  readonly deviceNumber: string | null;
}

/** A partition that an operator names. @public */
export interface NamedPartition {
  readonly uri: string;
  readonly name: string;
  /** The instance of this compute host to which the partition belongs; null if it has another owner. */
  readonly instanceUuid: string | null;
}

/**
 * Returns the UUID that names the storage of a partition without an instance: the object id of the partition.
 *
 * @remarks Source: python-zhmcclient _partition.py (`/api/partitions/<object id>`).
 */
export function storageOwnerOf({ uri }: Pick<NamedPartition, 'uri'>): string {
  return uri.slice(uri.lastIndexOf('/') + 1);
}

type PartitionId = Pick<NamedPartition, 'uri' | 'name'>;
type Volume = Omit<InstanceVolume, 'isBoot'>; // nothing boots from it
type PartitionWaiting = Waiting & { readonly progress?: ((detail: string) => void) | undefined };

/**
 * Attaches volumes to partitions without an instance, which an operator names. Changes only what was made here. Every
 * method is idempotent; removing what is already gone succeeds.
 *
 * @public
 */
export interface PartitionVolumes {
  /** Changes nothing. @throws NotFoundError */
  find(name: string, w: Waiting): Promise<NamedPartition>;
  /** Returns the connector with every Fibre Channel port of a partition, of any owner. @throws NotFoundError without ports */
  wholeConnector(partition: NamedPartition, w: Waiting): Promise<Connector>;
  /** Whether the partition has ports of the domain. Changes nothing. */
  hasPorts(partition: PartitionId, w: Waiting): Promise<boolean>;
  /** Creates vHBAs on a z13; since z14, a storage group for the partition, with this first volume. */
  makePorts(partition: PartitionId, volume: Volume, w: PartitionWaiting): Promise<void>;
  removePorts(partition: PartitionId, w: Waiting): Promise<void>;
  /** Returns the connector with the ports of the domain only. @throws ConflictError without ports */
  connector(partition: PartitionId, w: Waiting): Promise<Connector>;
  /** @throws NothingChangedError when no volume driver serves the volume */
  connect(partition: PartitionId, volume: Volume, info: ConnectionInfo, w: PartitionWaiting): Promise<void>;
  /** @throws NothingChangedError when it failed before it changed anything; also when the partition may be hidden from the user */
  disconnect(partition: PartitionId, volume: Volume, info: ConnectionInfo, w: PartitionWaiting): Promise<void>;
  /** Returns the paths of the volume. Changes nothing. */
  paths(partition: PartitionId, volume: Volume, info: ConnectionInfo, w: Waiting): Promise<readonly DiagnosedPath[]>;
  /** Returns the paths of several volumes with their state; none if the partition is gone. Changes nothing. */
  report(
    partition: PartitionId,
    mapped: readonly (Volume & { readonly connectionInfo: ConnectionInfo })[],
    w: Waiting,
  ): Promise<readonly PathRecord[]>;
  /** Lists what the HMC still has of a volume, one line each. Changes nothing. */
  remains(partition: PartitionId, volumeId: string, w: Waiting): Promise<readonly string[]>;
}
