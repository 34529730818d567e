import type { DpmError, JsonValue } from '../base/index.ts';
import type { ConnectionInfo, Connector } from '../cinder-client/index.ts';
import type { AllocatedStorage, CountedStorage, PowerState, SurplusStorage } from '../partition/index.ts';
import type { PathRecord } from '../volume/index.ts';
import type { DiagnosedPath } from './diagnosed-path.ts';
import type { PartitionVolumes } from './partition-volumes.ts';

/** Who asks, and until when. Nova's request context, as far as a driver needs it. @public */
export interface RequestContext {
  /** `req-<uuid>`, as Nova writes it; shown with every failure. */
  readonly requestId: string;
  readonly signal: AbortSignal;
  /** The compute manager's flow that makes the call: progress is shown under it. */
  readonly flowId?: string | undefined;
}

/** Nova's instance, as far as a driver needs it. @public */
export interface Instance {
  readonly uuid: string;
  readonly name: string;
  readonly host: string;
  readonly flavor: {
    readonly vcpus: number;
    readonly memoryMb: number;
    readonly extraSpecs?: Readonly<Record<string, string>>;
  };
}

/** One entry of `block_device_mapping`. @public */
export interface DriverBlockDevice {
  readonly volumeId: string;
  readonly sizeGib: number;
  /** 0 is the boot volume; null is never booted from. */
  readonly bootIndex: number | null;
  readonly mountDevice: string;
  readonly attachmentId: string | null;
  readonly deleteOnTermination: boolean;
  /** Undefined until Cinder has mapped the volume: that is how the deferred order is told from the stock one. */
  readonly connectionInfo?: ConnectionInfo | undefined;
}

/** @public */
export interface BlockDeviceInfo {
  readonly rootDeviceName: string;
  readonly blockDeviceMapping: readonly DriverBlockDevice[];
}

/** @public */
export interface InstanceInfo {
  readonly state: PowerState;
  readonly internalId?: string;
}

/** What the platform knows of an instance, for `server show`. JSON in the outputs' own form. @public */
export interface InstanceDiagnostics {
  readonly partition: string;
  readonly partitionUri: string;
  readonly partitionStatus: string;
  /** Why it is not certain that it is this instance's, in words; absent where it is. */
  readonly doubt?: string;
  readonly powerState: PowerState;
  readonly storageModel: 'hba' | 'storage-group';
  readonly connector: Connector | null;
  readonly boot: {
    readonly device: string;
    readonly hbaUri: string | null;
    readonly storageVolumeUri: string | null;
    readonly initiatorWwpn: string | null;
    readonly targetWwpn: string | null;
    readonly lun: string | null;
  } | null;
  readonly volumes: ReadonlyMap<string, readonly DiagnosedPath[]>;
}

/** Where the guest of an instance is; in doubt is neither there nor gone. @public */
export type GuestLocation =
  | {
      readonly kind: 'found';
      readonly name: string;
      readonly uri: string;
      readonly status: string;
      /** Nothing runs in it: it can be deleted without stopping anything. */
      readonly isAtRest: boolean;
    }
  | { readonly kind: 'absent' }
  | { readonly kind: 'in-doubt'; readonly error: DpmError };

/** Nova's dictionary of the same name, in camelCase. Memory in MiB, disk in GiB. @public */
export interface AvailableResource {
  readonly vcpus: number;
  readonly memoryMb: number;
  readonly localGb: number;
  readonly vcpusUsed: number;
  readonly memoryMbUsed: number;
  readonly localGbUsed: number;
  readonly cpuInfo: string;
  readonly numaTopology: null;
  readonly hypervisorType: string;
  readonly hypervisorVersion: number;
  readonly hypervisorHostname: string;
  readonly supportedInstances: readonly (readonly [string, string, string])[];
  readonly diskAvailableLeast: number;
  readonly stats: Readonly<Record<string, JsonValue>>;
}

/** A guest as the platform lists it, ours or not. @public */
export interface PlatformGuest {
  readonly name: string;
  readonly uri: string;
  readonly status: string;
  /** Nothing runs in it: it can be deleted without stopping anything. */
  readonly isAtRest: boolean;
  readonly instanceUuid: string | null;
  /** Why it is not certain that it is this instance's, in words; absent where it is. */
  readonly doubt?: string;
  /** The instance that was destroyed, and for whose ports it is kept: it is not counted as an instance. */
  readonly parkedFor?: string;
  readonly iflProcessors: number | null;
  readonly memoryMib: number | null;
}

/**
 * What a compute manager hands to its driver.
 *
 * Nova's own virtapi has no way back into `_prep_block_device`; the deferred order needs one, and a way to undo it.
 *
 * @public
 */
export interface VirtApi {
  /** Maps the instance's volumes to its connector, and returns the same mapping with connection_info filled in. */
  prepBlockDevice(
    context: RequestContext,
    instance: Instance,
    blockDeviceInfo: BlockDeviceInfo,
  ): Promise<BlockDeviceInfo>;
  /**
   * Takes back whatever volume mappings the instance has. Succeeds when there are none; needs nothing but the UUID.
   *
   * A manager without it, like stock Nova, unmaps by itself after {@link ComputeDriver.destroy}: the driver then keeps the
   * ports of the instance until {@link ComputeDriver.removeParked}.
   */
  unprepBlockDevice?(context: RequestContext, instanceUuid: string): Promise<void>;
}

/**
 * Nova's contract of a virt driver, in camelCase: Nova's argument order and meaning. What DPM has no use for is left
 * out; a manager treats a missing method as `NotImplementedError`.
 *
 * @remarks Source: nova virt/driver.py.
 * @public
 */
export interface ComputeDriver {
  readonly capabilities: Readonly<Record<string, boolean>>;

  /** Connects and validates; throws to stop the service. */
  initHost(host: string, context: RequestContext): Promise<void>;
  /** The service stops: logs off. */
  cleanupHost(host: string): Promise<void>;
  /** Before the manager resumes the flows of these instances: a driver restores what it kept of them in memory. */
  processInstancesAtStartup(context: RequestContext, instances: readonly Instance[]): Promise<readonly Instance[]>;

  /** What can be said against the properties of a flavour before anything is made. @throws ConfigError naming the key */
  checkExtraSpecs?(extraSpecs: Readonly<Record<string, string>>): void;
  /** The memory that the platform gives to an instance that asks for this much, both in MiB. Default: what it asks for. */
  memoryGiven?(memoryMib: number): number;
  /** Makes partition and ports, so that there is a connector. ComputeResourcesUnavailable makes Nova try elsewhere. */
  prepareForSpawn(instance: Instance, context?: RequestContext): Promise<void>;
  /** Undoes {@link ComputeDriver.prepareForSpawn}; also when that never ran, or ran half. */
  failedSpawnCleanup(instance: Instance, context?: RequestContext): Promise<void>;
  /**
   * Ends with the guest running, or with the platform as it was. With connection_info in the mapping it is Nova's stock
   * order; without, the deferred one, which calls {@link VirtApi.prepBlockDevice} back.
   */
  spawn(
    context: RequestContext,
    instance: Instance,
    imageMeta: unknown,
    injectedFiles: readonly unknown[],
    adminPassword: string | null,
    allocations: unknown,
    networkInfo?: readonly unknown[] | null,
    blockDeviceInfo?: BlockDeviceInfo | null,
    powerOn?: boolean,
  ): Promise<void>;
  /**
   * Succeeds when the guest is gone already. Where {@link VirtApi.unprepBlockDevice} is missing, masks may stand when it
   * returns: the ports of the instance are kept, and {@link ComputeDriver.getVolumeConnector} still answers.
   */
  destroy(
    context: RequestContext,
    instance: Instance,
    networkInfo: readonly unknown[] | null,
    blockDeviceInfo?: BlockDeviceInfo | null,
    destroyDisks?: boolean,
  ): Promise<void>;
  cleanup(
    context: RequestContext,
    instance: Instance,
    networkInfo: readonly unknown[] | null,
    blockDeviceInfo?: BlockDeviceInfo | null,
  ): Promise<void>;
  /**
   * The manager says that no attachment of the instance is left in Cinder: what a destroy has kept is removed. Succeeds
   * when there is nothing; an instance that was spawned again is left as it is.
   *
   * @throws ConflictError when somebody has started the partition that is kept
   */
  removeParked?(context: RequestContext, instance: Pick<Instance, 'uuid'>): Promise<void>;

  getVolumeConnector(instance: Instance, context?: RequestContext): Promise<Connector>;
  attachVolume(
    context: RequestContext,
    connectionInfo: ConnectionInfo,
    instance: Instance,
    mountpoint: string,
    diskBus?: string | null,
    deviceType?: string | null,
    encryption?: unknown,
  ): Promise<void>;
  detachVolume(
    context: RequestContext,
    connectionInfo: ConnectionInfo,
    instance: Instance,
    mountpoint: string,
    encryption?: unknown,
  ): Promise<void>;
  /** The array has grown the volume; the guest sees it after a rescan of its own. Size in bytes. */
  extendVolume(
    context: RequestContext,
    connectionInfo: ConnectionInfo,
    instance: Instance,
    requestedSize: number,
  ): Promise<void>;

  powerOn(
    context: RequestContext,
    instance: Instance,
    networkInfo: readonly unknown[] | null,
    blockDeviceInfo?: BlockDeviceInfo | null,
  ): Promise<void>;
  /** `timeout` 0 stops at once; else the guest is asked first, for that many seconds. Stopping what is stopped succeeds. */
  powerOff(instance: Instance, timeout?: number, retryInterval?: number, context?: RequestContext): Promise<void>;
  reboot(
    context: RequestContext,
    instance: Instance,
    networkInfo: readonly unknown[] | null,
    rebootType: 'SOFT' | 'HARD',
    blockDeviceInfo?: BlockDeviceInfo | null,
  ): Promise<void>;

  /** @throws NotFoundError when the platform does not know the instance */
  getInfo(instance: Instance, useCache?: boolean, context?: RequestContext): Promise<InstanceInfo>;
  /** What the platform calls the instance's guest, whether it is there or not. */
  guestName(instance: Pick<Instance, 'uuid'>): string;
  instanceExists(instance: Instance, context?: RequestContext): Promise<boolean>;
  listInstanceUuids(context?: RequestContext): Promise<readonly string[]>;
  listInstances(context?: RequestContext): Promise<readonly string[]>;
  getNumInstances(context?: RequestContext): Promise<number>;
  /** Where the guest is, for whoever has to know that before something is changed. Changes nothing. */
  locateGuest?(context: RequestContext, instance: Instance, blockDeviceInfo: BlockDeviceInfo): Promise<GuestLocation>;
  /** Recognises guests of these instances of which it keeps no record, so that it knows them again when they change. */
  adoptGuests?(context: RequestContext, instances: readonly Instance[]): Promise<void>;
  /** Power state of every instance of this host, in as many requests for many as for one. */
  listPowerStates(context: RequestContext): Promise<ReadonlyMap<string, PowerState>>;
  /** @param options.parked - also those that are kept for the ports of instances that were destroyed */
  listGuests(
    context: RequestContext,
    options: { readonly all: boolean; readonly parked?: boolean },
  ): Promise<readonly PlatformGuest[]>;
  /** What the platform keeps beside guests for instances that are not among these: it belongs to nobody known. */
  listStrayStorage?(context: RequestContext, known: ReadonlySet<string>): Promise<readonly AllocatedStorage[]>;
  /** What of ours hangs on these instances' guests and storage, and is not counted. Changes nothing. */
  listSurplusStorage?(context: RequestContext, counted: readonly CountedStorage[]): Promise<readonly SurplusStorage[]>;
  /** Takes one of those away, after a second look. @throws ConflictError when that is not safe, or not any more */
  removeSurplusStorage?(context: RequestContext, counted: CountedStorage, uri: string): Promise<void>;
  /** Every initiator WWPN that the platform shows, whoever has it. */
  listWwpns?(context: RequestContext): Promise<ReadonlySet<string>>;
  /** Every path of the instance's volumes with its state, and those of others that its ports have. Changes nothing. */
  listVolumePaths?(
    context: RequestContext,
    instance: Instance,
    blockDeviceInfo: BlockDeviceInfo,
  ): Promise<readonly PathRecord[]>;
  /** Where the paths of an instance, or of all, live on this platform. */
  getSearchPath?(instance: Instance | undefined, context: RequestContext): Promise<string | undefined>;
  getInstanceDiagnostics(
    context: RequestContext,
    instance: Instance,
    blockDeviceInfo: BlockDeviceInfo,
  ): Promise<InstanceDiagnostics | undefined>;

  /** For volumes that are attached without Nova; a driver without partitions has none. */
  partitionVolumes?(): PartitionVolumes;

  getAvailableNodes(refresh?: boolean): Promise<readonly string[]>;
  nodeIsAvailable(nodename: string): Promise<boolean>;
  getAvailableResource(nodename: string, context?: RequestContext): Promise<AvailableResource>;
  plugVifs(instance: Instance, networkInfo: readonly unknown[]): Promise<void>;
  unplugVifs(instance: Instance, networkInfo: readonly unknown[]): Promise<void>;
}
