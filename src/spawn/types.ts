import type { Logger, UndoPolicy, Waiting } from '../base/index.ts';
import type { ConnectionInfo } from '../cinder-client/index.ts';
import type { CreatePartition, HmcSession, UpdatePartition } from '../hmc-client/index.ts';
import type { EncodedParameters, GuestParameters } from '../partition/guest-parameters/index.ts';
import type {
  Initiator,
  InstancePartitions,
  InstanceVolume,
  NicRequest,
  PartitionLifecycle,
  PartitionNetwork,
  PartitionOwner,
  PartitionRef,
  PartitionStorage,
  StorageWaiting,
  VolumePath,
} from '../partition/index.ts';
import type { VolumeDriverRegistry } from '../volume/index.ts';
import type { Watchers } from './act.ts';

/** A volume that Cinder has mapped to the partition's ports. */
export interface MappedVolume extends InstanceVolume {
  readonly connectionInfo: ConnectionInfo;
}

/** Options of a load; omitted options have the machine's default. Source: zhmc-ansible-modules zhmc_partition.py. */
export interface BootOptions {
  readonly secureBoot?: boolean | undefined;
  readonly bootLoadParameters?: string | undefined;
  readonly bootConfigurationSelector?: number | undefined;
  /** Kernel parameters of the user; the description of the volumes follows them. */
  readonly bootOsSpecificParameters?: string | undefined;
  /** Seconds. */
  readonly bootTimeout?: number | undefined;
}

/** Processors and memory of a partition. */
export type PartitionResources = Omit<CreatePartition, 'name' | 'description' | 'type'>;

export interface PartitionSpec {
  readonly name: string;
  readonly description: string;
  readonly resources: PartitionResources;
  readonly boot: BootOptions;
}

/** The request of {@link prepare} and {@link spawn}. */
export interface PartitionRequest {
  readonly owner: PartitionOwner;
  readonly partition: PartitionSpec;
  readonly volumes: readonly InstanceVolume[];
  readonly nics: readonly NicRequest[];
  /** A storage group that an administrator prepared, and its boot volume if there are several. */
  readonly storageGroup: { readonly name: string; readonly bootVolume: string | null } | null;
  /** Null to boot from a volume. */
  readonly bootSource: BootSource | null;
}

/** One way to load, with its boot properties. */
export interface BootTry {
  readonly volumeId: string | null;
  readonly path: VolumePath | null;
  readonly reason: string;
  /** What to look at when nothing answers. */
  readonly hint: string | undefined;
  /** Of a source other than a volume, instead of the cause that {@link PartitionStorage} names. */
  readonly likelyFailure?: string;
  readonly properties: UpdatePartition;
}

/** What a partition boots from instead of a volume: an ISO image, a server on the network, … */
export interface BootSource {
  /**
   * Makes the source available to the partition, for example by an upload, and returns the way to load it. Idempotent.
   *
   * @throws ConflictError when the partition cannot boot from the source
   */
  prepare(partition: PartitionRef, w: StorageWaiting): Promise<BootTry>;
}

export interface BootPolicy {
  /** Maximum number of paths to try when the load does not find its LUN. */
  readonly attempts: number;
  /** Start each new partition once without a boot device, before its volumes are mapped. */
  readonly loginBeforeZoning: boolean;
}

/** Maps and unmaps volumes in Cinder, by the virtapi of the compute manager. */
export interface VolumeMapper {
  /** Maps every volume of the instance to these ports. */
  map(initiators: readonly Initiator[], w: Waiting): Promise<readonly MappedVolume[]>;
  /** Unmaps every volume of the instance; succeeds when none is mapped. */
  unmap(w: Waiting): Promise<void>;
}

export interface SpawnTools {
  readonly hmc: HmcSession;
  readonly cpcUri: string;
  readonly lifecycle: PartitionLifecycle;
  /** Decides which partition belongs to an instance, and keeps its record. */
  readonly partitions: InstancePartitions;
  readonly storage: PartitionStorage;
  readonly network: PartitionNetwork;
  readonly volumeDrivers: VolumeDriverRegistry;
  /** Writes what the guest has to know into the text of its boot parameters. */
  readonly encodeGuestParameters: (given: GuestParameters) => EncodedParameters;
  readonly boot: BootPolicy;
  /** Retries and time limit for undoing the partial work of a verb. */
  readonly undo: UndoPolicy;
  /** Whether the driver itself has the volumes unmapped. If not, the compute manager does after a destroy; masks exist until then. */
  readonly driverUnmaps: boolean;
  readonly watchers: Watchers;
  /** Gives a stopped partition what is no property of it, such as crypto domains. */
  readonly assign?: ((partition: PartitionRef, w: Waiting) => Promise<void>) | undefined;
}

/** One call of a verb. */
export interface VerbCall extends Waiting {
  /** The flow of the compute manager, or the instance's UUID. */
  readonly flowId: string;
  /** Name of the instance, for progress. */
  readonly subject?: string | undefined;
  readonly log: Logger;
}
