import type { Waiting } from '../base/index.ts';
import type { ConnectionInfo, Connector } from '../cinder-client/index.ts';
import type { InstanceVolume } from '../partition/index.ts';
import type { PathRecord } from '../volume/index.ts';
import type { DiagnosedPath } from './diagnosed-path.ts';

/** A partition as its operator names it. @public */
export interface NamedPartition {
  readonly uri: string;
  readonly name: string;
  /** The instance of this compute host that it realises; null where it is somebody else's. */
  readonly instanceUuid: string | null;
}

/**
 * Under which UUID the storage of a partition is named that realises no instance: the object id of the partition.
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
 * Volumes of partitions that realise no instance: attached because an operator names the partition. Nothing is touched
 * but what was made here. Every method is safe to call twice; those that take away succeed when there is nothing left.
 *
 * @public
 */
export interface PartitionVolumes {
  /** Changes nothing. @throws NotFoundError */
  find(name: string, w: Waiting): Promise<NamedPartition>;
  /** The connector with every Fibre Channel port of a partition, whoever made them. @throws NotFoundError without any */
  wholeConnector(partition: NamedPartition, w: Waiting): Promise<Connector>;
  /** Are there ports of the domain to map volumes to? Changes nothing. */
  hasPorts(partition: PartitionId, w: Waiting): Promise<boolean>;
  /** vHBAs on a z13, since z14 a storage group of its own for the partition, which this first volume comes into. */
  makePorts(partition: PartitionId, volume: Volume, w: PartitionWaiting): Promise<void>;
  removePorts(partition: PartitionId, w: Waiting): Promise<void>;
  /** The connector with the ports of the domain alone. @throws ConflictError without any */
  connector(partition: PartitionId, w: Waiting): Promise<Connector>;
  connect(partition: PartitionId, volume: Volume, info: ConnectionInfo, w: PartitionWaiting): Promise<void>;
  /** @throws NothingChangedError when it failed before it had changed anything; also when the partition may be hidden from the user */
  disconnect(partition: PartitionId, volume: Volume, info: ConnectionInfo, w: PartitionWaiting): Promise<void>;
  /** The paths by which it is reached. Changes nothing. */
  paths(partition: PartitionId, volume: Volume, info: ConnectionInfo, w: Waiting): Promise<readonly DiagnosedPath[]>;
  /** The same paths with their state, of several volumes; none where the partition is gone. Changes nothing. */
  report(
    partition: PartitionId,
    mapped: readonly (Volume & { readonly connectionInfo: ConnectionInfo })[],
    w: Waiting,
  ): Promise<readonly PathRecord[]>;
  /** What the HMC still has of a volume, one line each. Changes nothing. */
  remains(partition: PartitionId, volumeId: string, w: Waiting): Promise<readonly string[]>;
}
