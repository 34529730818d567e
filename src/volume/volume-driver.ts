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

/** What a volume driver is given once, when it is made. @public */
export interface VolumeDriverContext {
  readonly log: Logger;
  /** How partitions of this machine get at LUNs. */
  readonly storage: PartitionStorage;
  /** Targets that the operator has excluded. */
  readonly ignoredTargets: ReadonlySet<Wwpn>;
}

/** The instance that a volume is for, as a volume driver sees it. @public */
export interface VolumeInstance extends PartitionOwner {
  readonly partition: PartitionRef;
  /** The partition's ports, the one preferred for boot first. */
  readonly initiators: readonly Initiator[];
}

/** @public */
export interface VolumeOptions extends Waiting {
  readonly volumeId: string;
  /** 0 where the compute manager does not tell it. */
  readonly sizeGib: number;
  readonly isBoot: boolean;
  /** Tells a watching person what is waited for. */
  readonly progress?: ((detail: string) => void) | undefined;
  /** The instance goes as a whole, and with it all that its platform keeps of its volumes. */
  readonly isTeardown?: boolean;
}

/**
 * What serves one `driver_volume_type`. A third party's class is loaded by the setting `dpm.volume_drivers`; its
 * constructor gets a {@link VolumeDriverContext}. `volumeDriverChecks` of `nova-dpm/conformance` tries all that is said here.
 *
 * One driver serves all instances, at the same time, and keeps nothing of them in memory: after a crash another process
 * goes on with a driver made anew. What it is given stays as it is.
 *
 * All methods but `getSearchPath` may be called twice for the same volume; the second call changes nothing. Those that
 * take options obey `options.signal`, also while they wait for something else: they then throw the signal's reason.
 *
 * Errors are typed ({@link DpmError}), a sentence each, and hold no secret: `connection_info` may carry passwords.
 *
 * @public
 */
export interface VolumeDriver {
  /**
   * Says that nothing of a volume stays when the partition goes as a whole. Then nothing is asked of the driver on a delete:
   * neither a disconnect nor a rollback with `isTeardown`.
   */
  readonly goesWithPartition?: boolean;
  /**
   * Makes a volume that Cinder has mapped usable by the partition, by `context.storage.expose`: on machines with storage
   * groups the partition gets the LUN by that alone.
   *
   * @returns its paths in the order in which a boot should try them, the port preferred for boot first; plain JSON, since
   * those of the boot volume are recorded
   * @throws DpmError when there is no way to it; whatever was begun is then taken back by {@link VolumeDriver.rollback}
   */
  connectVolume(
    connectionInfo: ConnectionInfo,
    instance: VolumeInstance,
    options: VolumeOptions,
  ): Promise<ConnectedVolume>;
  /**
   * Takes away a volume that was connected and may have been used, while Cinder still maps it: on detach, on delete
   * (`isTeardown`), and after a crash in an attach, when nobody knows how far it came. Succeeds when it is gone already. May
   * refuse: then the flow ends there, the volume stays connected.
   *
   * @throws DpmError when something is left, or may be: what is taken for gone is unmapped next
   */
  disconnectVolume(connectionInfo: ConnectionInfo, instance: VolumeInstance, options: VolumeOptions): Promise<void>;
  /**
   * Undoes a connect that failed, or whose outcome nobody knows: on the way back of a failed spawn, also after a crash, and
   * of a failed attach. Other than a disconnect it may find nothing, a half, or all of it; it gets the very `connection_info`
   * that the connect refused, which it must not need; nobody has used the volume yet, so that there is no reason to refuse.
   *
   * @throws DpmError when something is left; the flow then ends stuck, names the volume, and can be resumed
   */
  rollback(connectionInfo: ConnectionInfo, instance: VolumeInstance, options: VolumeOptions): Promise<void>;
  /** The paths that the volume has now. Changes nothing. */
  getVolumePaths(
    connectionInfo: ConnectionInfo,
    instance: VolumeInstance,
    options: VolumeOptions,
  ): Promise<readonly VolumePath[]>;
  /** Where paths of this kind live: a directory on a host, a URI on an HMC. */
  getSearchPath(instance: VolumeInstance | undefined): string;
  /**
   * Every path of every volume that the instance's ports are known to reach, one line each: device number, initiator,
   * target, LUN, volume; `-` where the machine does not tell. Changes nothing.
   */
  getAllVolumes(instance: VolumeInstance, options: Waiting): Promise<readonly string[]>;
}

/** @public */
export type VolumeDriverClass = new (context: VolumeDriverContext) => VolumeDriver;

/** The methods that a third party's driver must have. @public */
export const volumeDriverMethods = [
  'connectVolume',
  'disconnectVolume',
  'rollback',
  'getVolumePaths',
  'getSearchPath',
  'getAllVolumes',
] as const satisfies readonly (keyof VolumeDriver)[];
