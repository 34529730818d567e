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
  /** Four hex digits; null until the partition has the port. */
  readonly deviceNumber: string | null;
  /** URI of the vHBA or virtual storage resource; null until the partition has the port. */
  readonly elementUri: string | null;
  readonly adapterPortUri: string | null;
}

/** The vHBAs that were read together with the partition; absent if they were not read. */
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
  /** 0 if the compute manager does not know the size. */
  readonly sizeGib: number;
  readonly isBoot: boolean;
}

/** A volume that Cinder has mapped to the ports of a partition, with the paths that its volume driver selected. @public */
export interface ConnectedVolume extends InstanceVolume {
  /** In boot order. */
  readonly paths: readonly VolumePath[];
  /** Identifier in SCSI page 0x83; null if the back end does not send it. */
  readonly naa: string | null;
  /** On machines with storage groups: the storage volume, once {@link PartitionStorage.expose} has added it. Else null. */
  readonly storageVolumeUri: string | null;
  /** Why the first of the paths is tried first, for messages. */
  readonly pathReason?: string | undefined;
  /** Advice if no path works, derived from the `connection_info` of the back end. */
  readonly hint?: string | undefined;
}

/** The instance, partition and initiators to which volumes are exposed. Unrelated to the target ports of an array. */
export interface StorageTarget extends PartitionOwner {
  readonly partition: PartitionRef;
  readonly initiators: readonly Initiator[];
}

/** The options of a method that can take minutes: a signal, and a callback for progress. */
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

/** A prepared storage group, and the storage volume to boot from. */
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
 * Attaches and detaches prepared storage groups, which an administrator made. Never changes the groups themselves. Exists only
 * on machines with storage groups.
 */
export interface PreparedGroups {
  /** Checks that a group of this name exists. @throws NotFoundError */
  require(name: string, w: Waiting): Promise<unknown>;
  /**
   * Finds a group and checks that it can be used unchanged. Changes nothing.
   *
   * @throws NotFoundError, or ConflictError that says why the group cannot be used
   */
  find(request: PreparedGroupRequest, partitionName: string, w: Waiting): Promise<PreparedGroup>;
  /** Records the group, then attaches it. After an interruption, nova-dpm can find the partition by the recorded group. */
  attach(partition: PartitionRef, group: PreparedGroup, w: Waiting): Promise<void>;
  detach(partition: PartitionRef, group: PreparedGroup, w: Waiting): Promise<void>;
  /** Lists the partitions to which the group is attached; none if the group is gone, or hidden from this HMC user. */
  holders(groupUri: string, w: Waiting): Promise<readonly PortHolder[]>;
}

/** A path that DPM knows. */
export interface KnownPath {
  /** ID of the Cinder volume; null if the objects on the HMC do not show which volume it is. */
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
  /** Lists every path that DPM knows for this partition, with or without a Cinder volume. */
  listPaths(
    owner: PartitionOwner,
    partition: PartitionRef,
    initiators: readonly Initiator[],
    w: Waiting,
  ): Promise<readonly KnownPath[]>;
  /**
   * Tests each path from the adapter port of its initiator. If the partition does not have the initiator yet, tests from the
   * adapter port that the initiator will use. Returns the results in the order of the paths.
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

/** The instance whose partition is searched for, and the known WWPNs of its ports. */
export interface HoldersRequest {
  readonly owner: PartitionOwner;
  readonly wwpns: readonly Wwpn[];
}

/** A partition that has a port of an instance, or a storage group with such ports. */
export interface PortHolder {
  /**
   * `port`: the partition has a WWPN of the instance. This is weak evidence, because DPM may have assigned the WWPN again.
   * `group`: the partition has the storage group of the instance. DPM never gives this group to another instance.
   */
  readonly holds: 'port' | 'group';
  /**
   * The URI of the partition. If this HMC user has no access to the partition, the URI is undefined, or is not in the answer to
   * List Partitions.
   */
  readonly partitionUri: string | undefined;
  /** Present if the HMC returns it. */
  readonly name?: string;
  /** The evidence, for messages: "has vHBA … with WWPN …". */
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
  /** With storage groups, the storage objects can outlive the partition. */
  readonly model: 'hba' | 'storage-group';
  /** Whether the settings name adapter ports. Without them, no Cinder volume can be reached. */
  readonly hasAdapterPorts: boolean;
  /** Undefined if the machine has no storage groups. */
  readonly preparedGroups: PreparedGroups | undefined;
  readonly inspection: PathInspection;
  readonly audit: StorageAudit;
  /**
   * Creates the storage group of an instance, before its partition is created.
   *
   * @returns null on success. If a group of this name exists and cannot be used, returns the reason and changes nothing
   * @throws ConfigError when the settings name no adapter port
   */
  allocate(owner: PartitionOwner, volumes: readonly InstanceVolume[], w: Waiting): Promise<string | null>;
  /**
   * Adds the adapter ports to the allocated storage group, and returns the initiators with their WWPNs. With vHBAs, returns an
   * empty list: a vHBA and its WWPN exist only after {@link PartitionStorage.bind}.
   */
  addPorts(owner: PartitionOwner, w: Waiting): Promise<readonly Initiator[]>;
  /**
   * Deletes the storage group of an instance.
   *
   * @throws ConflictError when the group contains volumes that nova-dpm did not add, or is attached to another partition; the
   *   group is then not changed
   */
  deallocate(owner: PartitionOwner, w: Waiting): Promise<void>;
  /** Lists the storage groups of this host whose instances are not in `known`. Changes nothing. */
  listAllocated(host: string, known: ReadonlySet<string>, w: Waiting): Promise<readonly AllocatedStorage[]>;
  /**
   * Gives the partition its ports.
   *
   * @param known - the result of {@link PartitionStorage.addPorts}
   * @returns the ports in the order of the configured adapter ports
   */
  bind(
    owner: PartitionOwner,
    partition: PartitionRef,
    known: readonly Initiator[],
    w: Waiting,
  ): Promise<readonly Initiator[]>;
  /**
   * Takes the ports away from the partition.
   *
   * @param partitionWillBeDeleted - whether the caller deletes the partition next. If it does, this method detaches all storage
   *   groups, and leaves the vHBAs, which DPM deletes with the partition. Otherwise, this method detaches the storage group of
   *   the instance, or deletes the vHBAs that nova-dpm created
   */
  unbind(owner: PartitionOwner, partition: PartitionRef, partitionWillBeDeleted: boolean, w: Waiting): Promise<void>;
  /** Detaches all storage groups from the partition except the group of its instance, so that its ports stay. */
  unbindOthers(owner: PartitionOwner, partition: PartitionRef, w: Waiting): Promise<void>;
  /**
   * Returns the current ports of the instance; empty when there are none. Changes nothing.
   *
   * @param partition - if it has `hbaUris`, and this process has read all these vHBAs before, returns their cached properties.
   *   WWPNs never change, so they are correct. Device numbers and adapter ports may be outdated
   */
  initiators(
    owner: PartitionOwner,
    partition: (PartitionRef & PortsSeen) | undefined,
    w: Waiting,
  ): Promise<readonly Initiator[]>;
  /**
   * Finds the partitions that have ports of an instance, under any name. Reads the CPC once for all requests. Changes nothing.
   *
   * @returns the holders of each request, in the order of the requests
   */
  holders(requests: readonly HoldersRequest[], w: Waiting): Promise<readonly (readonly PortHolder[])[]>;
  /**
   * Checks whether FCP adapters are used by running partitions to which this HMC user has no access. Such a partition could
   * belong to an instance.
   *
   * @returns the evidence as text for messages; undefined if there is none
   */
  hiddenUse(w: Waiting): Promise<string | undefined>;
  /**
   * Tells the HMC about volumes that Cinder has mapped, so that the partition can use them. Does nothing with vHBAs.
   *
   * @returns the volumes in the same order; `storageVolumeUri` is set where the storage volume is known already
   */
  expose(
    target: StorageTarget,
    volumes: readonly ConnectedVolume[],
    w: StorageWaiting,
  ): Promise<readonly ConnectedVolume[]>;
  /** Reverses {@link PartitionStorage.expose}. */
  conceal(
    owner: PartitionOwner,
    volumes: readonly Pick<ConnectedVolume, 'volumeId'>[],
    w: StorageWaiting,
  ): Promise<void>;
  /** Lists the objects of a removed volume that still exist on the HMC, one line for each. Changes nothing. */
  remains(owner: PartitionOwner, volumeId: string, w: Waiting): Promise<readonly string[]>;
  /**
   * Whether this process has just sent the LUNs of all storage volumes of the instance to DPM. DPM then needs no discovery
   * for them: {@link PartitionStorage.waitForVolumes} only checks them.
   */
  hasJustSentLuns(owner: PartitionOwner, w: StorageWaiting): Promise<boolean>;
  /**
   * Waits until all volumes of a partition are ready, so that the partition can start.
   *
   * @param exposed - the volumes that were exposed; empty if the caller does not know them
   * @returns the same volumes, each with the storage volume that has its LUN
   */
  waitForVolumes(
    owner: PartitionOwner,
    exposed: readonly ConnectedVolume[],
    w: StorageWaiting,
  ): Promise<readonly ConnectedVolume[]>;
  /** The most likely cause, with this storage model, when a partition cannot boot over any of its paths. */
  readonly likelyBootFailure: string;
  /** Returns the boot properties for this volume and path. */
  bootProperties(volume: ConnectedVolume, path: VolumePath, initiators: readonly Initiator[]): UpdatePartition;
  /** Returns what the boot properties of a partition refer to. Changes nothing. */
  bootSource(partition: Partition, initiators: readonly Initiator[], w: Waiting): Promise<BootSource>;
}

/** The methods that find the partition of an instance when it cannot be found by its record or its name. */
export type OwnershipTraces = Pick<PartitionStorage, 'model' | 'holders' | 'hiddenUse' | 'preparedGroups'>;
