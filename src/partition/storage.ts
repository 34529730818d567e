import { z } from 'zod';
import { lunSchema, wwpnSchema } from '../base/index.ts';
import type { Lun, Waiting, Wwpn } from '../base/index.ts';
import type { LunPathVerdict, Partition, UpdatePartition } from '../hmc-client/index.ts';
import type { PartitionOwner } from './naming.ts';
import type { PartitionRef } from './lifecycle.ts';
import type { StorageAudit } from './storage-audit.ts';

/** One initiator port of a partition, whichever kind of machine it is on. */
export interface Initiator {
  readonly wwpn: Wwpn;
  /** Four hex digits, once the partition has the port. */
  readonly deviceNumber: string | null;
  /** vHBA, or virtual storage resource; null before the partition has it. */
  readonly elementUri: string | null;
  readonly adapterPortUri: string | null;
}

/** What a look has shown of the ports of a partition. */
export interface PortsSeen {
  readonly hbaUris?: readonly string[];
}

/** One way from the partition to a LUN. Plain JSON: it is recorded. */
export const volumePathSchema = z.object({
  initiatorWwpn: wwpnSchema,
  targetWwpn: wwpnSchema,
  lun: lunSchema,
  deviceNumber: z.string().nullable(),
});
export type VolumePath = z.infer<typeof volumePathSchema>;

/** A Cinder volume that an instance has, or is to have. @public */
export interface InstanceVolume {
  readonly volumeId: string;
  /** 0 where the compute manager does not tell it. */
  readonly sizeGib: number;
  readonly isBoot: boolean;
}

/** A volume that Cinder has mapped to the ports of a partition, and what is known of it there. @public */
export interface ConnectedVolume extends InstanceVolume {
  /** In boot order. */
  readonly paths: readonly VolumePath[];
  /** Page 83 identifier; null where the back end does not tell it. */
  readonly naa: string | null;
  /** Storage volume element on machines with storage groups; null with vHBAs, and until it is exposed. */
  readonly storageVolumeUri: string | null;
  /** Why the first path is the first, for messages. */
  readonly pathReason?: string | undefined;
  /** What to look at when no path answers, if the back end's answer gave cause to think so. */
  readonly hint?: string | undefined;
}

/** The instance whose storage it is, with its partition and ports. */
export interface StorageTarget extends PartitionOwner {
  readonly partition: PartitionRef;
  readonly initiators: readonly Initiator[];
}

/** Work on storage can take minutes: a watching person is told what it waits for. */
export interface StorageWaiting extends Waiting {
  readonly progress?: ((detail: string) => void) | undefined;
}

/** What {@link PartitionStorage.allocate} found or made. */
export interface Allocation {
  /** Ports that are known by now; none where they come only with the partition. */
  readonly initiators: readonly Initiator[];
  /** Why what stands under our name cannot be taken, and is nobody's to undo; null when it can. */
  readonly obstacle: string | null;
}

/** Something that {@link PartitionStorage.allocate} made. */
export interface AllocatedStorage {
  readonly name: string;
  readonly uri: string;
  readonly instanceUuid: string;
  /** Partitions that it is attached to, by name. */
  readonly attachedTo?: readonly string[];
}

/** A storage group that a storage administrator has made, as it can be used. */
export interface PreparedGroup {
  readonly uri: string;
  readonly name: string;
  /** What the partition is loaded from; null when it is loaded from elsewhere. */
  readonly bootVolumeUri: string | null;
}

/** Which prepared group is meant, and what of it. */
export interface PreparedGroupRequest {
  readonly name: string;
  /** Is the partition to be loaded from it? */
  readonly isBootSource: boolean;
  /** Which of its volumes to load from; needed only when several are for that. */
  readonly bootVolume: string | undefined;
}

/** Storage groups that are there already, on machines that have such: used, and never changed. */
export interface PreparedGroups {
  /**
   * Finds a group and checks that it can be used as it is. Changes nothing.
   *
   * @throws NotFoundError, ConflictError saying what is the matter with it
   */
  find(request: PreparedGroupRequest, partition: string, w: Waiting): Promise<PreparedGroup>;
  /** Recorded beforehand, so that the partition is found by it. */
  attach(partition: PartitionRef, group: PreparedGroup, w: Waiting): Promise<void>;
  detach(partition: PartitionRef, group: PreparedGroup, w: Waiting): Promise<void>;
  /** Partitions that the group is attached to. None where it is gone, or not for this user: then nothing tells. */
  holders(groupUri: string, w: Waiting): Promise<readonly PortHolder[]>;
}

/** A way that the machine itself knows of, whoever told it. */
export interface KnownPath {
  /** Cinder volume; null where the machine does not tell which one it is. */
  readonly volumeId: string | null;
  readonly initiatorWwpn: Wwpn;
  readonly targetWwpn: Wwpn;
  readonly lun: Lun;
  readonly deviceNumber: string | null;
}

/** What came of trying a path; `untried` where the machine cannot, or may not. */
export type PathVerdict = LunPathVerdict | 'untried';

/** The paths of an instance's volumes as the machine sees them. Nothing here changes anything. */
export interface PathInspection {
  /** Every way that the machine knows of for this partition, with or without a Cinder volume. */
  known(
    owner: PartitionOwner,
    partition: PartitionRef,
    initiators: readonly Initiator[],
    w: Waiting,
  ): Promise<readonly KnownPath[]>;
  /** Tries each path from the port that it uses, or would use; the answers stand in the order of the paths. */
  examine(
    paths: readonly Pick<KnownPath, 'initiatorWwpn' | 'targetWwpn' | 'lun'>[],
    initiators: readonly Initiator[],
    w: Waiting,
  ): Promise<readonly { readonly adapterPortUri: string | null; readonly verdict: PathVerdict }[]>;
}

/** What the boot properties of a partition say, in terms of the SAN where there is one. */
export interface BootSource {
  readonly device: string;
  readonly hbaUri: string | null;
  readonly storageVolumeUri: string | null;
  readonly initiatorWwpn: string | null;
  readonly targetWwpn: string | null;
  readonly lun: string | null;
}

/** Whose ports are looked for, and which ports are known of it. */
export interface HoldersRequest {
  readonly owner: PartitionOwner;
  readonly wwpns: readonly Wwpn[];
}

/** A partition that has a port of an instance, or its storage group. */
export interface PortHolder {
  /** A port may be another's by now, because WWPNs are dealt out again; a group was never given up. */
  readonly holds: 'port' | 'group';
  /** Undefined, or of no partition in a list, where this HMC user may not see it. */
  readonly partitionUri: string | undefined;
  /** Where the machine tells it besides. */
  readonly name?: string;
  /** For messages: "has vHBA … with WWPN …". */
  readonly how: string;
  /** What a partition that we made boots from: vHBAs, or the storage group whose volume it is. */
  readonly bootSources: readonly string[];
}

/**
 * How a partition gets at LUNs: vHBAs on a z13, storage groups since z14. The verbs know only this.
 *
 * Every method is safe to call twice, and the ones that take away succeed when there is nothing left.
 */
export interface PartitionStorage {
  readonly model: 'hba' | 'storage-group';
  /** Is there something of an instance beside its partition, so that it can be left behind without it? */
  readonly outlivesPartition: boolean;
  /** Do the settings name adapter ports, so that volumes of Cinder can be reached? */
  readonly hasAdapterPorts: boolean;
  /** Undefined where the machine has no storage groups. */
  readonly preparedGroups: PreparedGroups | undefined;
  readonly inspection: PathInspection;
  readonly audit: StorageAudit;
  /** Makes what exists before the partition does (a storage group). @throws ConfigError when the settings name no port */
  allocate(owner: PartitionOwner, volumes: readonly InstanceVolume[], w: Waiting): Promise<Allocation>;
  /** @throws ConflictError when something in it, or attached to it, is not ours: then it is not touched */
  deallocate(owner: PartitionOwner, w: Waiting): Promise<void>;
  /** What is allocated for instances of this host that are not among the known ones. Changes nothing. */
  listAllocated(host: string, known: ReadonlySet<string>, w: Waiting): Promise<readonly AllocatedStorage[]>;
  /**
   * Gives the partition its ports.
   *
   * @param known - what {@link PartitionStorage.allocate} knew of them
   * @returns them in the order of the configured adapter ports
   */
  bind(
    owner: PartitionOwner,
    partition: PartitionRef,
    known: readonly Initiator[],
    w: Waiting,
  ): Promise<readonly Initiator[]>;
  /** @param goes - is the partition about to be deleted, and with it what hangs on it? */
  unbind(owner: PartitionOwner, partition: PartitionRef, goes: boolean, w: Waiting): Promise<void>;
  /** Takes away what the partition has besides the storage of its instance; its ports stay. */
  unbindOthers(owner: PartitionOwner, partition: PartitionRef, w: Waiting): Promise<void>;
  /**
   * The ports that the instance has now; empty when there are none. Changes nothing.
   *
   * @param partition - with the vHBAs that a look has just shown of it: those that were read before are then not read
   * again. Their WWPNs stay what they are; device number and adapter port are a person's to change
   */
  initiators(
    owner: PartitionOwner,
    partition: (PartitionRef & PortsSeen) | undefined,
    w: Waiting,
  ): Promise<readonly Initiator[]>;
  /**
   * Partitions that have ports of an instance, seen from the ports' side: whatever their names. What is read of the whole CPC
   * is read once for all of the instances. Changes nothing.
   *
   * @returns those of each request, in its place
   */
  holders(requests: readonly HoldersRequest[], w: Waiting): Promise<readonly (readonly PortHolder[])[]>;
  /**
   * Do started partitions that this HMC user may not see use FCP adapters? One of them may be an instance's.
   *
   * @returns what tells so, in words; undefined where nothing does
   */
  hiddenUse(w: Waiting): Promise<string | undefined>;
  /**
   * Makes volumes that Cinder has mapped the partition's.
   *
   * @returns them with what is known of them then, in the same order
   */
  expose(
    target: StorageTarget,
    volumes: readonly ConnectedVolume[],
    w: StorageWaiting,
  ): Promise<readonly ConnectedVolume[]>;
  /** Takes volumes away again, from the HMC's point of view. */
  conceal(
    owner: PartitionOwner,
    volumes: readonly Pick<ConnectedVolume, 'volumeId'>[],
    w: StorageWaiting,
  ): Promise<void>;
  /** What the HMC still has of a volume that was concealed, one line each. Changes nothing. */
  remains(owner: PartitionOwner, volumeId: string, w: Waiting): Promise<readonly string[]>;
  /**
   * Waits until all volumes of a partition that is about to start are as they must be for it to run.
   *
   * @param exposed - the volumes that were exposed, where they are known
   * @returns those, each at the place where its LUN was found
   */
  settle(
    owner: PartitionOwner,
    exposed: readonly ConnectedVolume[],
    w: StorageWaiting,
  ): Promise<readonly ConnectedVolume[]>;
  /** What it most likely means when a load over every path failed: as much as this kind of machine lets be known. */
  readonly likelyBootFailure: string;
  /** The boot properties that load from this volume over this path. */
  bootProperties(volume: ConnectedVolume, path: VolumePath, initiators: readonly Initiator[]): UpdatePartition;
  /** What the boot properties of a partition lead to. Changes nothing. */
  bootSource(partition: Partition, initiators: readonly Initiator[], w: Waiting): Promise<BootSource>;
}

/** What leads to the partition of an instance that its record and its name do not lead to. */
export type OwnershipTraces = Pick<PartitionStorage, 'model' | 'holders' | 'hiddenUse' | 'preparedGroups'>;
