import type { Logger, Waiting, Wwpn } from '../base/index.ts';
import type { ConnectionInfo } from '../cinder-client/index.ts';
import type {
  ConnectedVolume,
  Initiator,
  PartitionOwner,
  PartitionRef,
  PartitionStorage,
  VolumePath,
} from '../partition/index.ts';

/** What the constructor of a volume driver gets. @public */
export interface VolumeDriverContext {
  readonly log: Logger;
  /** Gives partitions of this machine access to LUNs. */
  readonly storage: PartitionStorage;
  /** Target ports that the operator excludes. */
  readonly ignoredTargets: ReadonlySet<Wwpn>;
}

/** The instance that a volume is for. @public */
export interface VolumeInstance extends PartitionOwner {
  readonly partition: PartitionRef;
  /** The partition's ports. The first is preferred for boot. */
  readonly initiators: readonly Initiator[];
}

/** @public */
export interface VolumeOptions extends Waiting {
  readonly volumeId: string;
  /** 0 when the compute manager does not know it. */
  readonly sizeGib: number;
  readonly isBoot: boolean;
  /** Shows the user what the driver waits for. */
  readonly progress?: ((detail: string) => void) | undefined;
  /** The whole instance is being destroyed, with everything that its platform keeps of its volumes. */
  readonly isTeardown?: boolean;
}

/**
 * Serves one `driver_volume_type`. The setting `dpm.volume_drivers` loads a third party's class; its constructor gets a
 * {@link VolumeDriverContext}. `volumeDriverChecks` of `nova-dpm/conformance` tests the rules below.
 *
 * One driver serves all instances at the same time and keeps no state of them in memory: after a crash, another process
 * continues with a new driver. A driver does not modify its arguments.
 *
 * Every method except `getSearchPath` is idempotent. Methods that take options obey `options.signal`, also while they
 * wait: they throw the signal's reason.
 *
 * Errors are typed ({@link DpmError}), one sentence each, and hold no secret: `connection_info` may contain passwords.
 *
 * @public
 */
export interface VolumeDriver {
  /**
   * Says that no volume leaves anything behind when the whole partition is deleted. A delete then asks the driver for
   * neither a disconnect nor a rollback with `isTeardown`.
   */
  readonly goesWithPartition?: boolean;
  /**
   * Makes a volume that Cinder has mapped usable by the partition, with `context.storage.expose`. On machines with
   * storage groups that call alone gives the partition the LUN.
   *
   * @returns the paths in boot order, the port preferred for boot first; plain JSON, because the paths of the boot volume
   * are recorded
   * @throws DpmError when no path works; {@link VolumeDriver.rollback} then undoes what was begun
   */
  connectVolume(
    connectionInfo: ConnectionInfo,
    instance: VolumeInstance,
    options: VolumeOptions,
  ): Promise<ConnectedVolume>;
  /**
   * Removes a volume that was connected and may have been used, while Cinder still maps it: on detach, on delete
   * (`isTeardown`), and after a crash during an attach, when its progress is unknown. Succeeds when the volume is already
   * gone. May refuse: the flow then ends and the volume stays connected.
   *
   * @throws DpmError when something is or may be left: after a success the volume is unmapped
   */
  disconnectVolume(connectionInfo: ConnectionInfo, instance: VolumeInstance, options: VolumeOptions): Promise<void>;
  /**
   * Undoes a connect that failed or whose outcome is unknown: when a spawn or an attach rolls back, also after a crash.
   * Unlike a disconnect it may find nothing, a part, or everything. It must not need `connection_info`, which may be the
   * one that the connect refused. It has no reason to refuse, because nobody has used the volume yet.
   *
   * @throws DpmError when something is left; the flow then is stuck, names the volume, and can be resumed
   */
  rollback(connectionInfo: ConnectionInfo, instance: VolumeInstance, options: VolumeOptions): Promise<void>;
  /** Returns the current paths of the volume. Changes nothing. */
  getVolumePaths(
    connectionInfo: ConnectionInfo,
    instance: VolumeInstance,
    options: VolumeOptions,
  ): Promise<readonly VolumePath[]>;
  /** Returns where such paths are found: a directory on a host, a URI on an HMC. */
  getSearchPath(instance: VolumeInstance | undefined): string;
  /**
   * Returns one line for each known path of the instance's ports: device number, initiator, target, LUN, volume; `-`
   * where the machine does not say. Changes nothing.
   */
  getAllVolumes(instance: VolumeInstance, options: Waiting): Promise<readonly string[]>;
}

/** @public */
export type VolumeDriverClass = new (context: VolumeDriverContext) => VolumeDriver;

/** The methods that every driver must have. @public */
export const volumeDriverMethods = [
  'connectVolume',
  'disconnectVolume',
  'rollback',
  'getVolumePaths',
  'getSearchPath',
  'getAllVolumes',
] as const satisfies readonly (keyof VolumeDriver)[];
