import type { Logger, UndoPolicy, Waiting } from '../base/index.ts';
import type { ConnectionInfo } from '../cinder-client/index.ts';
import type { HmcSession } from '../hmc-client/index.ts';
import type {
  Initiator,
  InstancePartitions,
  InstanceVolume,
  PartitionLifecycle,
  PartitionOwner,
  PartitionStorage,
} from '../partition/index.ts';
import type { VolumeDriverRegistry } from '../volume/index.ts';
import type { Watchers } from './act.ts';

/** A volume that Cinder has mapped to the partition's ports. */
export interface MappedVolume extends InstanceVolume {
  readonly connectionInfo: ConnectionInfo;
}

/**
 * How a partition is to be loaded, besides from where. What is left out has the machine's default. Source:
 * zhmc-ansible-modules zhmc_partition.py.
 */
export interface BootOptions {
  readonly secureBoot?: boolean | undefined;
  readonly bootLoadParameters?: string | undefined;
  readonly bootConfigurationSelector?: number | undefined;
  /** Kernel parameters of the user; the description of the volumes comes behind them. */
  readonly bootOsSpecificParameters?: string | undefined;
  /** Seconds. */
  readonly bootTimeout?: number | undefined;
}

/** What a partition is to be. */
export interface PartitionSpec {
  readonly name: string;
  readonly description: string;
  readonly iflProcessors: number;
  readonly memoryMib: number;
  readonly boot: BootOptions;
}

/** What {@link prepare} and {@link spawn} are asked for. */
export interface PartitionRequest {
  readonly owner: PartitionOwner;
  readonly partition: PartitionSpec;
  readonly volumes: readonly InstanceVolume[];
  /** A storage group that an administrator prepared, and which of its volumes to boot from where that has to be said. */
  readonly storageGroup: { readonly name: string; readonly bootVolume: string | null } | null;
}

export interface BootPolicy {
  /** How many paths are tried when the load does not find its LUN. */
  readonly attempts: number;
  /** Start each new partition once without a boot device, before its volumes are mapped. */
  readonly loginBeforeZoning: boolean;
}

/** The compute manager's side of a spawn and a destroy, by way of its virtapi: it asks Cinder. */
export interface VolumeMapper {
  /** Maps every volume of the instance to these ports. */
  map(initiators: readonly Initiator[], w: Waiting): Promise<readonly MappedVolume[]>;
  /** Unmaps every volume of the instance; succeeds when none is mapped. */
  unmap(w: Waiting): Promise<void>;
}

/** What the verbs work with. */
export interface SpawnTools {
  readonly hmc: HmcSession;
  readonly cpcUri: string;
  readonly lifecycle: PartitionLifecycle;
  /** Decides which partition is the instance's, and keeps the record of it. */
  readonly partitions: InstancePartitions;
  readonly storage: PartitionStorage;
  readonly volumeDrivers: VolumeDriverRegistry;
  readonly boot: BootPolicy;
  /** How often and how long a verb tries to undo its own partial work. */
  readonly undo: UndoPolicy;
  /** Can the compute manager be asked to unmap? Else masks may stand until it does so by itself, after a destroy. */
  readonly canUnmap: boolean;
  readonly watchers: Watchers;
}

/** One call of a verb. */
export interface VerbCall extends Waiting {
  /** The compute manager's flow that calls, or the instance's UUID. */
  readonly flowId: string;
  readonly log: Logger;
}
