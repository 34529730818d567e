import type { ConnectionInfo, Connector } from '../cinder-client/index.ts';
import type { AllocatedStorage, ExpectedStorage, PowerState, SurplusStorage } from '../partition/index.ts';
import type { PathRecord } from '../volume/index.ts';
import type { ConsoleReading, SerialConsole } from './console.ts';
import type { LifecycleSource } from './lifecycle.ts';
import type { NetworkInfo, VirtualInterface } from './network-info.ts';
import type { PartitionVolumes } from './partition-volumes.ts';
import type {
  AvailableResource,
  BlockDeviceInfo,
  BootFrom,
  BootSettings,
  Diagnostics,
  Flavor,
  GuestChange,
  GuestConfiguration,
  GuestDescription,
  GuestEnd,
  GuestLocation,
  GuestUsage,
  HostUsage,
  Instance,
  InstanceInfo,
  PlatformGuest,
  PlatformNic,
  ProviderTree,
  RequestContext,
} from './driver-types.ts';

/**
 * What a driver can call of its compute manager.
 *
 * Nova's own virtapi cannot call `_prep_block_device`; the deferred order needs that, and a way to undo it.
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
   * Removes all volume mappings of the instance; needs only its UUID. Succeeds when there are none.
   *
   * A manager without this method, like stock Nova, unmaps after {@link ComputeDriver.destroy}: the driver then keeps the
   * ports of the instance until {@link ComputeDriver.removeParked}.
   */
  unprepBlockDevice?(context: RequestContext, instanceUuid: string): Promise<void>;
  /**
   * Returns the size of a volume in GiB. Nova's connection_info, with which it attaches a volume, has no size. A machine
   * with storage groups does not always find a LUN whose size it is not told.
   */
  volumeSize?(context: RequestContext, volumeId: string): Promise<number>;
}

/**
 * Nova's contract of a virt driver, in camelCase, with Nova's argument order and meaning. Methods that DPM does not need are
 * omitted; a manager treats a missing method as `NotImplementedError`. `docs/support-matrix.md` lists every method of Nova's.
 *
 * @remarks Source: nova virt/driver.py.
 * @public
 */
export interface ComputeDriver {
  readonly capabilities: Readonly<Record<string, boolean>>;

  /** Connects to the platform and validates the settings. An error stops the service. */
  initHost(host: string, context: RequestContext): Promise<void>;
  /** Asks the platform for a sign of life. @throws what says why there is none */
  ping?(context: RequestContext): Promise<void>;
  /** Logs off when the service stops. */
  cleanupHost(host: string): Promise<void>;
  /** Restores what the driver keeps in memory; called before the manager resumes the flows of these instances. */
  processInstancesAtStartup(context: RequestContext, instances: readonly Instance[]): Promise<readonly Instance[]>;

  /** Checks the properties of a flavour before anything is made. @throws ConfigError naming the key */
  checkExtraSpecs?(extraSpecs: Readonly<Record<string, string>>): void;
  /** Checks that what the properties of a flavour name exists on the platform. Changes nothing. @throws NotFoundError */
  requireNamed?(context: RequestContext, extraSpecs: Readonly<Record<string, string>>): Promise<void>;
  /** Returns the memory that the platform assigns for a requested size, both in MiB. Default: the requested size. */
  assignedMemory?(memoryMib: number): number;
  /** Creates partition and ports, so that there is a connector. On ComputeResourcesUnavailable, Nova tries another host. */
  prepareForSpawn(instance: Instance, context?: RequestContext): Promise<void>;
  /**
   * Prepares this host for an instance that Nova spawns here without {@link ComputeDriver.prepareForSpawn}, so that there is a
   * connector: after an evacuation from another host, or an unshelve. Does nothing if this host has a guest of the instance
   * already, also a parked one.
   */
  prepareForArrival?(instance: Instance, context?: RequestContext): Promise<void>;
  /** Undoes {@link ComputeDriver.prepareForSpawn}, also when that never ran or was interrupted. */
  failedSpawnCleanup(instance: Instance, context?: RequestContext): Promise<void>;
  /**
   * Spawns the guest. With connection_info in the mapping, this is Nova's stock order; without it, the deferred order, which
   * calls {@link VirtApi.prepBlockDevice}.
   */
  spawn(
    context: RequestContext,
    instance: Instance,
    imageMeta: unknown,
    injectedFiles: readonly unknown[],
    adminPassword: string | null,
    allocations: unknown,
    networkInfo?: NetworkInfo | null,
    blockDeviceInfo?: BlockDeviceInfo | null,
    powerOn?: boolean,
  ): Promise<void>;
  /**
   * Destroys the guest; succeeds when it is already gone. Without {@link VirtApi.unprepBlockDevice}, masks may exist when it
   * returns: the driver keeps the ports of the instance, and {@link ComputeDriver.getVolumeConnector} still works.
   */
  destroy(
    context: RequestContext,
    instance: Instance,
    networkInfo: NetworkInfo | null,
    blockDeviceInfo?: BlockDeviceInfo | null,
    destroyDisks?: boolean,
  ): Promise<void>;
  cleanup(
    context: RequestContext,
    instance: Instance,
    networkInfo: NetworkInfo | null,
    blockDeviceInfo?: BlockDeviceInfo | null,
  ): Promise<void>;
  /**
   * Removes what a destroy has kept; called when Cinder has no attachment of the instance left. Succeeds when there is
   * nothing; an instance that was spawned again is left as it is.
   *
   * @throws ConflictError when somebody has started the kept partition
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
  /** Called after the array has grown the volume; the guest sees it after a rescan. Size in bytes. */
  extendVolume(
    context: RequestContext,
    connectionInfo: ConnectionInfo,
    instance: Instance,
    requestedSize: number,
  ): Promise<void>;

  /**
   * Takes a dump of the guest: of its memory as it is, by the dump program on a volume, or as the guest was configured to.
   *
   * @param dumpVolume - Nova does not have it: ID of an attached volume with a dump program
   * @throws ConflictError when nothing runs
   */
  triggerCrashDump?(
    instance: Instance,
    context?: RequestContext,
    blockDeviceInfo?: BlockDeviceInfo | null,
    dumpVolume?: string,
  ): Promise<void>;

  /**
   * Boots the guest from another source, for a repair.
   *
   * @param imageMeta - Nova passes the image of the rescue; a partition boots no image: what it boots from instead, for example a
   *   mapped volume
   */
  rescue?(
    context: RequestContext,
    instance: Instance,
    networkInfo: NetworkInfo | null,
    imageMeta: BootFrom,
    rescuePassword: string | null,
    blockDeviceInfo: BlockDeviceInfo,
  ): Promise<void>;
  /** Boots the guest from its boot volume again. @param blockDeviceInfo - Nova does not pass it; a partition needs it */
  unrescue?(context: RequestContext, instance: Instance, blockDeviceInfo?: BlockDeviceInfo): Promise<void>;

  /** Reads what the guest boots from, as plain JSON for {@link ComputeDriver.restoreBoot}. Changes nothing. */
  readBoot?(context: RequestContext, instance: Instance): Promise<BootSettings>;
  /**
   * Changes what the guest boots from, from its next start on. A running guest keeps running.
   *
   * @param blockDeviceInfo - the current volumes; the one with boot index 0 is that of `source: 'volume'`
   */
  setBoot?(
    context: RequestContext,
    instance: Instance,
    blockDeviceInfo: BlockDeviceInfo,
    from: BootFrom,
  ): Promise<void>;
  /** Uploads the image of a boot source, if it has one, so that {@link ComputeDriver.setBoot} can boot it by `source` alone. */
  mountBootMedia?(context: RequestContext, instance: Instance, from: BootFrom): Promise<void>;
  /** Undoes {@link ComputeDriver.setBoot} and {@link ComputeDriver.mountBootMedia}. */
  restoreBoot?(context: RequestContext, instance: Instance, settings: BootSettings): Promise<void>;
  /** Removes an uploaded image from which the guest no longer boots. */
  releaseBootMedia?(context: RequestContext, instance: Instance): Promise<void>;

  powerOn(
    context: RequestContext,
    instance: Instance,
    networkInfo: NetworkInfo | null,
    blockDeviceInfo?: BlockDeviceInfo | null,
  ): Promise<void>;
  /** Starts a guest that should run, after its host has started. Succeeds if it runs. */
  resumeStateOnHostBoot?(
    context: RequestContext,
    instance: Instance,
    networkInfo: NetworkInfo | null,
    shareInfo: unknown,
    blockDeviceInfo?: BlockDeviceInfo | null,
  ): Promise<void>;
  /** Stops the guest; a `timeout` other than 0 asks the guest first, for that many seconds. Stopping a stopped guest succeeds. */
  powerOff(
    instance: Instance,
    timeout?: number,
    retryInterval?: number,
    context?: RequestContext,
  ): Promise<GuestEnd | undefined>;
  /** @returns how a guest that was asked first (`SOFT`) has ended, as {@link ComputeDriver.powerOff} does */
  reboot(
    context: RequestContext,
    instance: Instance,
    networkInfo: NetworkInfo | null,
    rebootType: 'SOFT' | 'HARD',
    blockDeviceInfo?: BlockDeviceInfo | null,
  ): Promise<GuestEnd | undefined>;

  /**
   * Compares the guest with what the instance is to become. Changes nothing.
   *
   * @param isResize - the guest is to have the size of the flavour even if somebody else has changed it
   * @throws ConfigError, NotFoundError or ConflictError for what cannot be
   */
  planChange?(
    context: RequestContext,
    instance: Instance,
    wanted: { readonly name: string; readonly flavor: Flavor; readonly isResize: boolean },
  ): Promise<GuestChange>;
  /** Gives the guest a configuration of {@link ComputeDriver.planChange}. Idempotent. */
  applyChange?(context: RequestContext, instance: Instance, configuration: GuestConfiguration): Promise<void>;

  /**
   * Begins a resize of Nova: checks the flavour and stops the guest. Nova then calls {@link ComputeDriver.finishMigration}.
   *
   * @param destination - name or address of the host; only this one
   * @returns nothing: there are no disks to move
   */
  migrateDiskAndPowerOff?(
    context: RequestContext,
    instance: Instance,
    destination: string,
    flavor: Flavor,
    networkInfo: NetworkInfo | null,
    blockDeviceInfo?: BlockDeviceInfo | null,
    timeout?: number,
    retryInterval?: number,
  ): Promise<string>;
  /** Gives the stopped guest its new flavour, which the instance has by now, and starts it. */
  finishMigration?(
    context: RequestContext,
    migration: unknown,
    instance: Instance,
    diskInfo: string,
    networkInfo: NetworkInfo | null,
    imageMeta: unknown,
    resizeInstance: boolean,
    allocations: unknown,
    blockDeviceInfo?: BlockDeviceInfo | null,
    powerOn?: boolean,
  ): Promise<void>;
  /** Ends a resize: nothing of the old size is left to remove. */
  confirmMigration?(
    context: RequestContext,
    migration: unknown,
    instance: Instance,
    networkInfo: NetworkInfo | null,
  ): Promise<void>;
  /** Gives the guest its old flavour, which the instance has again, and starts it. */
  finishRevertMigration?(
    context: RequestContext,
    instance: Instance,
    networkInfo: NetworkInfo | null,
    migration: unknown,
    blockDeviceInfo?: BlockDeviceInfo | null,
    powerOn?: boolean,
  ): Promise<void>;
  /** Returns what the guest printed on its console, as far as the platform keeps it; empty when it does not run. */
  getConsoleOutput?(context: RequestContext, instance: Instance): Promise<string>;
  /** Returns the messages of the guest from a sequence number on (default: all that the platform keeps). */
  readConsole?(context: RequestContext, instance: Instance, begin?: number): Promise<ConsoleReading>;
  /** Returns the serial console of the guest. Does not open it. */
  getSerialConsole?(context: RequestContext, instance: Instance): Promise<SerialConsole>;

  /** @throws NotFoundError when the platform does not know the instance */
  getInfo(instance: Instance, useCache?: boolean, context?: RequestContext): Promise<InstanceInfo>;
  /** Returns the name of the instance's guest on the platform, whether it exists or not. */
  guestName(instance: Pick<Instance, 'uuid'>): string;
  instanceExists(instance: Instance, context?: RequestContext): Promise<boolean>;
  listInstanceUuids(context?: RequestContext): Promise<readonly string[]>;
  listInstances(context?: RequestContext): Promise<readonly string[]>;
  getNumInstances(context?: RequestContext): Promise<number>;
  /** Finds the guest, for callers that must know its state before a change. Changes nothing. */
  locateGuest?(context: RequestContext, instance: Instance, blockDeviceInfo: BlockDeviceInfo): Promise<GuestLocation>;
  /** Records guests of these instances that have no record, so that they are found after a rename. */
  adoptGuests?(context: RequestContext, instances: readonly Instance[]): Promise<void>;
  /** Returns the power state of every instance of this host; the number of requests does not grow with the instances. */
  listPowerStates(context: RequestContext): Promise<ReadonlyMap<string, PowerState>>;
  /** @param options.parked - include guests that are kept for the ports of destroyed instances */
  listGuests(
    context: RequestContext,
    options: { readonly all: boolean; readonly parked?: boolean },
  ): Promise<readonly PlatformGuest[]>;
  /** Lists orphaned storage outside guests, of instances that are not among the known ones. */
  listStrayStorage?(context: RequestContext, known: ReadonlySet<string>): Promise<readonly AllocatedStorage[]>;
  /** Lists our storage in the guests and groups of these instances that the instances do not use. Changes nothing. */
  listSurplusStorage?(
    context: RequestContext,
    expected: readonly ExpectedStorage[],
  ): Promise<readonly SurplusStorage[]>;
  /** Checks the surplus storage at `uri` again and removes it. @throws ConflictError when that is not safe */
  removeSurplusStorage?(context: RequestContext, expected: ExpectedStorage, uri: string): Promise<void>;
  /** Lists the NICs in these guests that the driver has created. Changes nothing. */
  listNics?(context: RequestContext, guests: readonly PlatformGuest[]): Promise<readonly PlatformNic[]>;
  /** Lists every initiator WWPN that the platform shows, of any owner. */
  listWwpns?(context: RequestContext): Promise<ReadonlySet<string>>;
  /** Lists the paths of the instance's volumes and all other paths of its ports, with their state. Changes nothing. */
  listVolumePaths?(
    context: RequestContext,
    instance: Instance,
    blockDeviceInfo: BlockDeviceInfo,
  ): Promise<readonly PathRecord[]>;
  /** Returns the URI under which the platform has the instance, or all instances. */
  getSearchPath?(instance: Instance | undefined, context: RequestContext): Promise<string | undefined>;
  describeGuest(
    context: RequestContext,
    instance: Instance,
    blockDeviceInfo: BlockDeviceInfo,
  ): Promise<GuestDescription | undefined>;

  /** Returns what the platform measures of an instance. @throws NotFoundError when the platform does not know the instance */
  getInstanceDiagnostics?(instance: Instance, context?: RequestContext): Promise<Diagnostics>;
  /** Returns the same as one flat dictionary. */
  getDiagnostics?(
    instance: Instance,
    context?: RequestContext,
  ): Promise<Readonly<Record<string, number | string | null>>>;
  /** Reads how much of the machine is used, by guests of every owner. */
  readHostUsage?(context: RequestContext): Promise<HostUsage>;
  /** Reads how much these instances use. @returns UUID → use, without instances of which the platform knows nothing */
  readGuestUsage?(context: RequestContext, instances: readonly Instance[]): Promise<ReadonlyMap<string, GuestUsage>>;

  /** Returns the source of lifecycle events. It is empty until {@link ComputeDriver.initHost} has run. */
  lifecycleSource?(): LifecycleSource;
  /** Attaches volumes without Nova; absent in a driver without partitions. */
  partitionVolumes?(): PartitionVolumes;

  /** Returns trait → whether the compute node has it, from {@link ComputeDriver.capabilities}. */
  capabilitiesAsTraits?(): Readonly<Record<string, boolean>>;
  getAvailableNodes(refresh?: boolean): Promise<readonly string[]>;
  nodeIsAvailable(nodename: string): Promise<boolean>;
  getAvailableResource(nodename: string, context?: RequestContext): Promise<AvailableResource>;
  /** Writes inventory and traits of the node into Placement's tree. */
  updateProviderTree?(
    tree: ProviderTree,
    nodename: string,
    allocations?: unknown,
    context?: RequestContext,
  ): Promise<void>;
  /**
   * Checks that the machine has the memory that a guest needs to start, given in MiB. Changes nothing.
   *
   * @throws ComputeResourcesUnavailableError
   */
  requireFreeMemory?(context: RequestContext, memoryMib: number): Promise<void>;
  /** Returns how long the host has been up, in words. */
  getHostUptime?(): Promise<string>;
  /** Returns the IP address of the compute host. */
  getHostIpAddr?(): Promise<string>;
  /** Creates network interfaces that the guest lacks. Nova calls it for every server when its compute service starts. */
  plugVifs(instance: Instance, networkInfo: NetworkInfo, context?: RequestContext): Promise<void>;
  unplugVifs(instance: Instance, networkInfo: NetworkInfo, context?: RequestContext): Promise<void>;
  /** Attaches a network interface to a running or stopped guest. Attaching one that is already attached succeeds. */
  attachInterface(
    context: RequestContext,
    instance: Instance,
    imageMeta: unknown,
    vif: VirtualInterface,
  ): Promise<void>;
  /** Detaches a network interface. Detaching one that is already detached succeeds. */
  detachInterface(context: RequestContext, instance: Instance, vif: VirtualInterface): Promise<void>;
}
