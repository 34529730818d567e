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

/** The argument of the constructor of a volume driver. @public */
export interface VolumeDriverContext {
  readonly log: Logger;
  /** Gives partitions of this machine access to LUNs. */
  readonly storage: PartitionStorage;
  /** Target ports that the operator excludes. */
  readonly ignoredTargets: ReadonlySet<Wwpn>;
}

/** The instance to which a volume is attached. @public */
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
  /** Reports to the user what the driver is waiting for. */
  readonly progress?: ((detail: string) => void) | undefined;
  /** Whether the whole instance is being destroyed, including all objects of its volumes on the platform. */
  readonly isTeardown?: boolean;
}

/**
 * Attaches the volumes of one `driver_volume_type`. The setting `dpm.volume_drivers` loads the class of a third party, whose
 * constructor receives a {@link VolumeDriverContext}. `volumeDriverChecks` of `nova-dpm/conformance` tests the rules below.
 *
 * One driver object serves all instances concurrently and keeps no state about them in memory: after a crash, another
 * process continues with a new driver object. A driver does not modify its arguments.
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
   * Set if the deletion of a partition also removes every object of its volumes. A delete then calls neither
   * `disconnectVolume` nor `rollback` with `isTeardown`.
   */
  readonly goesWithPartition?: boolean;
  /**
   * Makes a volume that Cinder has mapped usable by the partition, with `context.storage.expose`. On machines with
   * storage groups, only this call gives the partition access to the LUN.
   *
   * @returns the paths in boot order, starting with the port preferred for boot. Plain JSON, because the journal records
   * the paths of the boot volume
   * @throws DpmError when no path works; the caller then calls {@link VolumeDriver.rollback}
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
   * @throws DpmError when something may be left behind: after a success the caller unmaps the volume
   */
  disconnectVolume(connectionInfo: ConnectionInfo, instance: VolumeInstance, options: VolumeOptions): Promise<void>;
  /**
   * Undoes a connect that failed or whose outcome is unknown: when a spawn or an attach rolls back, also after a crash.
   * Unlike a disconnect, it may find the volume not connected, partly connected, or connected. It must not depend on
   * `connection_info`, which may be invalid. It has no reason to refuse, because nobody has used the volume yet.
   *
   * @throws DpmError when something is left behind; the flow then is stuck, names the volume, and can be resumed
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
   * Returns one line for each known path of the ports of the instance: device number, initiator, target, LUN, volume. An
   * unknown value is `-`. Changes nothing.
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
