import type { DpmError, JsonValue, Secret } from '../base/index.ts';
import type { ConnectionInfo, Connector } from '../cinder-client/index.ts';
import type { PowerState } from '../partition/index.ts';
import type { DiagnosedPath } from './partition-volumes.ts';

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
  /** How it is now: for `ComputeDriver.applyChange` to undo the change. */
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
  /** Of `vcpusUsed`, those that guests do not share with others; default 0. */
  readonly vcpusDedicated?: number;
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
