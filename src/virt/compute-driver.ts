import type { DpmError, JsonValue, Secret } from '../base/index.ts';
import type { ConnectionInfo, Connector } from '../cinder-client/index.ts';
import type { AllocatedStorage, ExpectedStorage, PowerState, SurplusStorage } from '../partition/index.ts';
import type { PathRecord } from '../volume/index.ts';
import type { ConsoleReading, SerialConsole } from './console.ts';
import type { NetworkInfo, VirtualInterface } from './network-info.ts';
import type { DiagnosedPath, PartitionVolumes } from './partition-volumes.ts';

/** The part of Nova's request context that a driver needs. @public */
export interface RequestContext {
  /** `req-<uuid>`, in Nova's form; shown with every failure. */
  readonly requestId: string;
  readonly signal: AbortSignal;
  /** The flow of the compute manager under which progress is shown. */
  readonly flowId?: string | undefined;
  /** Password of the server that a guest boots from. In no record and no journal. */
  readonly bootPassword?: Secret | undefined;
}

/**
 * What a guest boots from. An omitted value is that of the guest.
 *
 * @public
 */
export type BootFrom =
  | {
      readonly source: 'volume';
      /** Default: the volume with boot index 0. */
      readonly volumeId?: string | undefined;
    }
  | {
      readonly source: 'iso';
      /** Path of the image on this host. */
      readonly image?: string | undefined;
      /** Path of the INS file in the image; default: the only one in its root directory. */
      readonly insFile?: string | undefined;
    }
  | {
      readonly source: 'ftp' | 'ftps' | 'sftp';
      readonly host?: string | undefined;
      readonly username?: string | undefined;
      /** Path of the INS file on the server. */
      readonly insFile?: string | undefined;
      readonly password?: Secret | undefined;
    }
  | { readonly source: 'network' };

/** The part of Nova's instance that a driver needs. @public */
export interface Instance {
  readonly uuid: string;
  readonly name: string;
  readonly host: string;
  readonly flavor: Flavor;
  /** During a resize of Nova: the flavour before it. */
  readonly oldFlavor?: Flavor;
  /** During a resize of Nova: the flavour after it. */
  readonly newFlavor?: Flavor;
}

/** The part of Nova's flavour that a driver needs. @public */
export interface Flavor {
  readonly vcpus: number;
  readonly memoryMb: number;
  readonly extraSpecs?: Readonly<Record<string, string>>;
}

/** A part of the configuration of a guest, in a form that only its driver knows. @public */
export type GuestConfiguration = Readonly<Record<string, JsonValue>>;

/** What a change of an instance changes of its guest. @public */
export interface GuestChange {
  /** How it is now: for {@link ComputeDriver.applyChange} to undo the change. */
  readonly from: GuestConfiguration;
  readonly to: GuestConfiguration;
  /** Why the guest, which runs, has to be stopped for this, in words; empty if it can go on. */
  readonly stopNeededFor: readonly string[];
  /** Properties that take effect only at the next start, by their keys. */
  readonly atNextStart: readonly string[];
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
  /** Undefined until Cinder has mapped the volume: this distinguishes the deferred order from the stock order. */
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

/**
 * How a guest has ended that was asked to shut down: by itself, or by force, with the reason. Nova's drivers return nothing.
 * @public
 */
export type GuestEnd = { readonly endedBy: 'guest' } | { readonly endedBy: 'force'; readonly reason: string };

/** What the platform knows of an instance, for `server show`. @public */
export interface GuestDescription {
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
  /** NICs by the ID of their {@link VirtualInterface}; absent if the driver does not read them. */
  readonly nics?: ReadonlyMap<string, GuestNic>;
}

/** A network interface of a guest, as the platform shows it. @public */
export interface GuestNic {
  readonly name: string;
  /** `osd`, `iqd`, `roce`, … */
  readonly type: string;
  readonly macAddress: string | null;
  /** Four hex digits. */
  readonly deviceNumber: string | null;
}

/** A NIC of the driver in any guest. @public */
export interface PlatformNic {
  readonly uri: string;
  readonly name: string;
  /** URI of its guest. */
  readonly guestUri: string;
  /** ID of the {@link VirtualInterface} for which it was created. */
  readonly interfaceId: string;
}

/** Boot settings in the form of the driver. They contain no secret. @public */
export type BootSettings = Readonly<Record<string, string | null>>;

/** How much is used, as the platform measures it. Null: the platform does not report the value. @public */
export interface Usage {
  /** When the platform collected the values. */
  readonly at: Date | null;
  readonly processorPercent: number | null;
  /** Average share of the time in which the adapters were busy; likewise the next ones. */
  readonly networkPercent: number | null;
  readonly storagePercent: number | null;
  readonly acceleratorPercent: number | null;
  readonly cryptoPercent: number | null;
}

/** The use of the whole machine, by guests of every owner. @public */
export interface HostUsage extends Usage {
  readonly iflSharedPercent: number | null;
  readonly iflDedicatedPercent: number | null;
  readonly powerWatts: number | null;
  readonly temperatureCelsius: number | null;
}

/** The use of one guest, and the traffic of its network interfaces. @public */
export interface GuestUsage extends Usage {
  readonly interfaces: readonly InterfaceTraffic[];
}

/** Counters of a network interface. Dropped: for lack of resources; discarded: malformed. @public */
export interface InterfaceTraffic {
  readonly uri: string;
  readonly bytesSent: number | null;
  readonly bytesReceived: number | null;
  readonly packetsSent: number | null;
  readonly packetsReceived: number | null;
  readonly packetsSentDropped: number | null;
  readonly packetsReceivedDropped: number | null;
  readonly packetsSentDiscarded: number | null;
  readonly packetsReceivedDiscarded: number | null;
  readonly bytesPerSecondSent: number | null;
  readonly bytesPerSecondReceived: number | null;
}

/** Whether the guest of an instance exists; in doubt means that neither is certain. @public */
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
  /** Of `vcpus`, what the machine cannot provide now, because others hold it; default 0. */
  readonly vcpusReserved?: number;
  /** The same of `memoryMb`. */
  readonly memoryMbReserved?: number;
  readonly stats: Readonly<Record<string, JsonValue>>;
}

/** Placement's record of a resource, with its own keys. Source: nova virt/driver.py, `update_provider_tree`. @public */
export interface ProviderInventory {
  readonly total: number;
  readonly reserved: number;
  readonly min_unit: number;
  readonly max_unit: number;
  readonly step_size: number;
  readonly allocation_ratio: number;
}

/** What a driver uses of Nova's tree of resource providers. Source: nova compute/provider_tree.py. @public */
export interface ProviderTree {
  /** Returns what is known of a provider: resource class → inventory, and traits. */
  data(name: string): {
    readonly inventory: Readonly<Record<string, ProviderInventory>>;
    readonly traits: ReadonlySet<string>;
  };
  /** Replaces the inventory of a provider. */
  updateInventory(name: string, inventory: Readonly<Record<string, ProviderInventory>>): void;
  addTraits(name: string, ...traits: readonly string[]): void;
}

/**
 * What the platform measures of an instance, with the fields of Nova's Diagnostics object in camelCase. Memory in MiB, use in
 * percent, rates in bytes per second; null: not known. Source: nova objects/diagnostics.py.
 *
 * @public
 */
export interface Diagnostics {
  readonly state: PowerState;
  readonly driver: string;
  readonly hypervisor: string | null;
  readonly hypervisorOs: string | null;
  readonly uptime: number | null;
  readonly configDrive: boolean;
  readonly memoryDetails: { readonly maximum: number | null; readonly used: number | null };
  readonly cpuDetails: readonly {
    readonly id: number;
    /** CPU time in nanoseconds. */
    readonly time: number | null;
    readonly utilisation: number | null;
  }[];
  readonly nicDetails: readonly {
    readonly macAddress: string | null;
    readonly rxOctets: number | null;
    readonly rxErrors: number | null;
    readonly rxDrop: number | null;
    readonly rxPackets: number | null;
    readonly rxRate: number | null;
    readonly txOctets: number | null;
    readonly txErrors: number | null;
    readonly txDrop: number | null;
    readonly txPackets: number | null;
    readonly txRate: number | null;
  }[];
  readonly diskDetails: readonly never[];
  readonly numCpus: number;
  readonly numNics: number;
  readonly numDisks: number;
}

/** A guest in the list of the platform, of any owner. @public */
export interface PlatformGuest {
  readonly name: string;
  readonly uri: string;
  readonly status: string;
  /** Nothing runs in it: it can be deleted without stopping anything. */
  readonly isAtRest: boolean;
  readonly instanceUuid: string | null;
  /** Why it is not certain that it is this instance's, in words; absent where it is. */
  readonly doubt?: string;
  /** The destroyed instance for whose ports the guest is kept; the guest does not count as an instance. */
  readonly parkedFor?: string;
  readonly iflProcessors: number | null;
  readonly memoryMib: number | null;
  /** URIs of all its NICs, of any owner. */
  readonly nicUris: readonly string[];
}

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
  /** Undoes {@link ComputeDriver.setBoot}. */
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
