import { z } from 'zod';
import { lunSchema, wwpnSchema } from '../base/index.ts';
import type { Lun, Waiting, Wwpn } from '../base/index.ts';
import type { LunPathVerdict, Partition, UpdatePartition } from '../hmc-client/index.ts';
import type { PartitionOwner } from './naming.ts';
import type { PartitionRef } from './lifecycle.ts';
import type { StorageAudit } from './storage-audit.ts';

/** An initiator port of a partition, on any kind of machine. */
export interface Initiator {
  readonly wwpn: Wwpn;
  /** Four hex digits, once the partition has the port. */
  readonly deviceNumber: string | null;
  /** vHBA, or virtual storage resource; null before the partition has it. */
  readonly elementUri: string | null;
  readonly adapterPortUri: string | null;
}

export interface PortsSeen {
  readonly hbaUris?: readonly string[];
}

/** A path from the partition to a LUN. Plain JSON, because it is recorded. */
export const volumePathSchema = z.object({
  initiatorWwpn: wwpnSchema,
  targetWwpn: wwpnSchema,
  lun: lunSchema,
  deviceNumber: z.string().nullable(),
});
export type VolumePath = z.infer<typeof volumePathSchema>;

/** A Cinder volume of an instance. @public */
export interface InstanceVolume {
  readonly volumeId: string;
  /** 0 if the compute manager does not say. */
  readonly sizeGib: number;
  readonly isBoot: boolean;
}

/** A volume that Cinder has mapped to the ports of a partition. @public */
export interface ConnectedVolume extends InstanceVolume {
  /** In boot order. */
  readonly paths: readonly VolumePath[];
  /** Page 83 identifier; null if the back end does not say. */
  readonly naa: string | null;
  /** Storage volume element on machines with storage groups; null with vHBAs, and until it is exposed. */
  readonly storageVolumeUri: string | null;
  /** Why the first path is the first, for messages. */
  readonly pathReason?: string | undefined;
  /** What to check when no path answers, if the answer of the back end suggests it. */
  readonly hint?: string | undefined;
}

/** An instance with its partition and ports. */
export interface StorageTarget extends PartitionOwner {
  readonly partition: PartitionRef;
  readonly initiators: readonly Initiator[];
}

/** Reports progress, because work on storage can take minutes. */
export interface StorageWaiting extends Waiting {
  readonly progress?: ((detail: string) => void) | undefined;
}

/** Storage that {@link PartitionStorage.allocate} created. */
export interface AllocatedStorage {
  readonly name: string;
  readonly uri: string;
  readonly instanceUuid: string;
  /** Names of the partitions to which it is attached. */
  readonly attachedTo?: readonly string[];
}

/** A prepared storage group, with the data for its use. */
export interface PreparedGroup {
  readonly uri: string;
  readonly name: string;
  /** The storage volume to boot from; null when the partition boots from elsewhere. */
  readonly bootVolumeUri: string | null;
}

export interface PreparedGroupRequest {
  readonly name: string;
  /** Whether the partition boots from the group. */
  readonly isBootSource: boolean;
  /** Which volume to boot from; needed only when the group has several boot volumes. */
  readonly bootVolume: string | undefined;
}

/**
 * Prepared storage groups: an administrator made them. They are used and never changed. Only on machines with storage
 * groups.
 */
export interface PreparedGroups {
  /** Checks that a group of this name exists. @throws NotFoundError */
  require(name: string, w: Waiting): Promise<unknown>;
  /**
   * Finds a group and checks that it can be used unchanged. Changes nothing.
   *
   * @throws NotFoundError, ConflictError that says what is wrong with it
   */
  find(request: PreparedGroupRequest, partition: string, w: Waiting): Promise<PreparedGroup>;
  /** Records the group, by which the partition can be found, then attaches it. */
  attach(partition: PartitionRef, group: PreparedGroup, w: Waiting): Promise<void>;
  detach(partition: PartitionRef, group: PreparedGroup, w: Waiting): Promise<void>;
  /** Lists the partitions to which the group is attached; none if the group is gone, or hidden from this user. */
  holders(groupUri: string, w: Waiting): Promise<readonly PortHolder[]>;
}

/** A path that the machine knows. */
export interface KnownPath {
  /** Cinder volume; null if the machine does not say which one it is. */
  readonly volumeId: string | null;
  readonly initiatorWwpn: Wwpn;
  readonly targetWwpn: Wwpn;
  readonly lun: Lun;
  readonly deviceNumber: string | null;
}

/** The result of testing a path; `untried` if the HMC cannot test paths, or the HMC user lacks the permission. */
export type PathVerdict = LunPathVerdict | 'untried';

/** Reads the paths of an instance's volumes from the machine. Changes nothing. */
export interface PathInspection {
  /** Lists every path that the machine knows for this partition, with or without a Cinder volume. */
  known(
    owner: PartitionOwner,
    partition: PartitionRef,
    initiators: readonly Initiator[],
    w: Waiting,
  ): Promise<readonly KnownPath[]>;
  /**
   * Tests each path from its port, or from the port that it would use; returns the results in the order of the paths.
   */
  examine(
    paths: readonly Pick<KnownPath, 'initiatorWwpn' | 'targetWwpn' | 'lun'>[],
    initiators: readonly Initiator[],
    w: Waiting,
  ): Promise<readonly { readonly adapterPortUri: string | null; readonly verdict: PathVerdict }[]>;
}

/** The boot properties of a partition, in terms of the SAN. */
export interface BootSource {
  readonly device: string;
  readonly hbaUri: string | null;
  readonly storageVolumeUri: string | null;
  readonly initiatorWwpn: string | null;
  readonly targetWwpn: string | null;
  readonly lun: string | null;
}

/** The owner whose ports are searched for, and its known ports. */
export interface HoldersRequest {
  readonly owner: PartitionOwner;
  readonly wwpns: readonly Wwpn[];
}

/** A partition that has a port of an instance, or its storage group. */
export interface PortHolder {
  /**
   * `port`: it has a WWPN of the instance, which may have been assigned again. `group`: it has the instance's storage
   * group, which was never released.
   */
  readonly holds: 'port' | 'group';
  /** Undefined, or not in the list of partitions, if this HMC user may not see it. */
  readonly partitionUri: string | undefined;
  /** Present if the machine says it. */
  readonly name?: string;
  /** For messages: "has vHBA … with WWPN …". */
  readonly how: string;
  /** The vHBAs or the storage group from which the partition boots. */
  readonly bootSources: readonly string[];
}

/**
 * How a partition reaches LUNs: by vHBAs on a z13, by storage groups since z14.
 *
 * Every method is idempotent; removing what is already gone succeeds.
 */
export interface PartitionStorage {
  readonly model: 'hba' | 'storage-group';
  /** Whether storage objects can outlive the partition. */
  readonly outlivesPartition: boolean;
  /** Whether the settings name adapter ports, over which Cinder volumes are reached. */
  readonly hasAdapterPorts: boolean;
  /** Undefined if the machine has no storage groups. */
  readonly preparedGroups: PreparedGroups | undefined;
  readonly inspection: PathInspection;
  readonly audit: StorageAudit;
  /**
   * Creates the storage group, which exists before the partition.
   *
   * @returns why an existing group of our name cannot be used, in which case nothing has to be undone; null when it can
   * @throws ConfigError when the settings name no port
   */
  allocate(owner: PartitionOwner, volumes: readonly InstanceVolume[], w: Waiting): Promise<string | null>;
  /**
   * Adds the adapter ports to the allocated storage group, and returns its WWPNs. With vHBAs there are none before the
   * partition has them.
   */
  addPorts(owner: PartitionOwner, w: Waiting): Promise<readonly Initiator[]>;
  /** @throws ConflictError when the group has foreign content, or is attached elsewhere: it is then not changed */
  deallocate(owner: PartitionOwner, w: Waiting): Promise<void>;
  /** Lists what is allocated for unknown instances of this host. Changes nothing. */
  listAllocated(host: string, known: ReadonlySet<string>, w: Waiting): Promise<readonly AllocatedStorage[]>;
  /**
   * Gives the partition its ports.
   *
   * @param known - what {@link PartitionStorage.addPorts} returned
   * @returns them in the order of the configured adapter ports
   */
  bind(
    owner: PartitionOwner,
    partition: PartitionRef,
    known: readonly Initiator[],
    w: Waiting,
  ): Promise<readonly Initiator[]>;
  /** @param partitionWillBeDeleted - whether the partition will be deleted with all that is attached */
  unbind(owner: PartitionOwner, partition: PartitionRef, partitionWillBeDeleted: boolean, w: Waiting): Promise<void>;
  /** Detaches all storage of the partition except that of its instance; its ports stay. */
  unbindOthers(owner: PartitionOwner, partition: PartitionRef, w: Waiting): Promise<void>;
  /**
   * Returns the current ports of the instance; empty when there are none. Changes nothing.
   *
   * @param partition - with the vHBAs that a look has just shown: vHBAs that were read before are not read again. Their
   *   WWPNs never change; people may change device number and adapter port
   */
  initiators(
    owner: PartitionOwner,
    partition: (PartitionRef & PortsSeen) | undefined,
    w: Waiting,
  ): Promise<readonly Initiator[]>;
  /**
   * Finds the partitions that have ports of an instance, whatever their names. Reads the CPC once for all requests. Changes
   * nothing.
   *
   * @returns the holders of each request, in the order of the requests
   */
  holders(requests: readonly HoldersRequest[], w: Waiting): Promise<readonly (readonly PortHolder[])[]>;
  /**
   * Finds out whether started partitions that this HMC user may not see use FCP adapters. One may be an instance's.
   *
   * @returns the evidence in words; undefined if there is none
   */
  hiddenUse(w: Waiting): Promise<string | undefined>;
  /**
   * Adds volumes that Cinder has mapped to the partition.
   *
   * @returns the volumes with what is then known of them, in the same order
   */
  expose(
    target: StorageTarget,
    volumes: readonly ConnectedVolume[],
    w: StorageWaiting,
  ): Promise<readonly ConnectedVolume[]>;
  /** Removes volumes from the HMC's configuration. */
  conceal(
    owner: PartitionOwner,
    volumes: readonly Pick<ConnectedVolume, 'volumeId'>[],
    w: StorageWaiting,
  ): Promise<void>;
  /** Lists what the HMC still has of a concealed volume, one line each. Changes nothing. */
  remains(owner: PartitionOwner, volumeId: string, w: Waiting): Promise<readonly string[]>;
  /**
   * Returns whether this process has just told the machine the LUNs of all volumes. Their storage volumes are then known, and
   * {@link PartitionStorage.waitForVolumes} only checks them.
   */
  isFulfilled(owner: PartitionOwner, w: StorageWaiting): Promise<boolean>;
  /**
   * Waits until all volumes of a partition are ready for its start.
   *
   * @param exposed - the exposed volumes, if known
   * @returns the same volumes, each with the storage volume where its LUN was found
   */
  waitForVolumes(
    owner: PartitionOwner,
    exposed: readonly ConnectedVolume[],
    w: StorageWaiting,
  ): Promise<readonly ConnectedVolume[]>;
  /** The likely cause when the load failed over every path, for this storage model. */
  readonly likelyBootFailure: string;
  /** Returns the boot properties for this volume and path. */
  bootProperties(volume: ConnectedVolume, path: VolumePath, initiators: readonly Initiator[]): UpdatePartition;
  /** Returns what the boot properties of a partition refer to. Changes nothing. */
  bootSource(partition: Partition, initiators: readonly Initiator[], w: Waiting): Promise<BootSource>;
}

/** Finds the partition of an instance if record and name do not. */
export type OwnershipTraces = Pick<PartitionStorage, 'model' | 'holders' | 'hiddenUse' | 'preparedGroups'>;
