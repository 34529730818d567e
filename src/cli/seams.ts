import type { ErrorCode, JsonValue, Logger, StepEvent, Waiting } from '../base/index.ts';
import type { HostConnectorSetting, Settings } from '../config/index.ts';
import type { KeptDeviceInfo } from '../compute/local/index.ts';

/*
 * What the commands need of the rest of the program. They are written against these interfaces, so that they can be
 * tested without a machine; open.ts is the one place that fills them.
 */

/** Plain JSON as interfaces.md section 3 describes it: printed as it is. */
export type JsonObject = Readonly<Record<string, JsonValue | undefined>>;

/** A volume of `dpm server create`. */
export interface VolumeRequest {
  /** Name or id. */
  readonly volumeId: string;
  /** 0 is the boot volume. */
  readonly bootIndex?: number;
  readonly deleteOnTermination: boolean;
}

export interface ServerRequest {
  readonly name: string;
  readonly vcpus: number;
  readonly memoryMib: number;
  readonly volumes: readonly VolumeRequest[];
  /** A storage group that is there already. */
  readonly storageGroup?: { readonly name: string; readonly bootVolume?: string };
  /** `dpm:secure_boot` and the like; keys as in a flavour's extra specs. */
  readonly properties?: Readonly<Record<string, string>>;
  /** False leaves the partition stopped. */
  readonly start: boolean;
}

/** Whose paths are wanted: of one partition, or of all of this compute host. */
export interface PathsOf {
  readonly server?: string | undefined;
  readonly partition?: string | undefined;
}

/** os-brick's two switches. */
export interface MultipathRequest {
  readonly multipath: boolean;
  readonly enforceMultipath: boolean;
}

export interface HostConnectorRequest extends MultipathRequest {
  /** `dpm.host_connectors` */
  readonly hostConnectors: readonly HostConnectorSetting[];
}

export interface LocalAttachRequest extends MultipathRequest {
  /** Name or id. */
  readonly volume: string;
  /** Undefined: the host on which the command runs. */
  readonly partition?: string | undefined;
  readonly mountpoint?: string | undefined;
  readonly mode: 'rw' | 'ro';
}

export interface LocalDetachRequest extends MultipathRequest {
  readonly volume: string;
  readonly partition?: string | undefined;
  readonly attachmentId?: string | undefined;
  /** As another attach had printed it. */
  readonly deviceInfo?: KeptDeviceInfo | undefined;
  readonly force: boolean;
}

/** Volumes that are attached without Nova. */
export interface LocalVolumeVerbs {
  localAttach(request: LocalAttachRequest, w: Waiting): Promise<JsonObject>;
  localDetach(request: LocalDetachRequest, w: Waiting): Promise<JsonObject>;
}

/** Those of the host on which the command runs, for which no HMC is asked. */
export interface LocalManager extends LocalVolumeVerbs, AsyncDisposable {}

/** The compute manager as the commands see it. A server is a name or a UUID, a volume too. */
export interface Manager extends LocalVolumeVerbs, AsyncDisposable {
  list(w: Waiting): Promise<readonly JsonObject[]>;
  show(server: string, w: Waiting): Promise<JsonObject>;
  create(request: ServerRequest, w: Waiting): Promise<JsonObject>;
  delete(server: string, w: Waiting): Promise<void>;
  start(server: string, w: Waiting): Promise<JsonObject>;
  stop(server: string, options: { readonly soft: boolean }, w: Waiting): Promise<JsonObject>;
  reboot(server: string, options: { readonly hard: boolean }, w: Waiting): Promise<JsonObject>;
  addVolume(server: string, volume: string, options: { readonly mode: 'rw' | 'ro' }, w: Waiting): Promise<JsonObject>;
  removeVolume(server: string, volume: string, w: Waiting): Promise<JsonObject>;
  hypervisorShow(w: Waiting): Promise<JsonObject>;
  hypervisorStats(w: Waiting): Promise<JsonObject>;
  listPartitions(options: { readonly all: boolean }, w: Waiting): Promise<readonly JsonObject[]>;
  getConnector(of: { readonly server: string } | { readonly partition: string }, w: Waiting): Promise<JsonObject>;
  /** Paths of volumes with their state. Changes nothing. */
  volumePaths(of: PathsOf & { readonly volume: string | undefined }, w: Waiting): Promise<readonly JsonObject[]>;
  searchPath(of: PathsOf, w: Waiting): Promise<readonly JsonObject[]>;
  /** What belongs to nobody; with `repair`, what came of putting it right. */
  verify(options: { readonly repair: boolean }, w: Waiting): Promise<readonly JsonObject[]>;
  resumeFlow(id: string, w: Waiting): Promise<JsonObject>;
}

/** What the manager is given besides the settings. */
export interface ManagerOptions extends Waiting {
  readonly log: Logger;
  /** `req-<uuid>`: goes into logs, and to Cinder. */
  readonly requestId: string;
  /** A reader waits for nobody and leaves unfinished flows alone. */
  readonly access: 'read' | 'write';
  /** `dpm server create`: for another command that waits for this one. */
  readonly purpose: string;
  /** Told while another command works on what this one wants to work on. */
  readonly onWait: (other: string) => void;
  readonly onStep: (event: StepEvent) => void;
}

/** A line of `dpm doctor`. */
export interface DoctorCheck {
  readonly check: string;
  readonly status: 'ok' | 'warn' | 'fail';
  readonly detail: string;
  /** What to do; empty where nothing is to be done. */
  readonly advice: string;
  /** Why it failed: decides the exit code. */
  readonly code?: ErrorCode;
}

/** What the checks are given besides the settings. */
export type DoctorOptions = Pick<ManagerOptions, 'log' | 'requestId'>;

/** What the view of a host is given besides the settings. */
export type HostOptions = Pick<ManagerOptions, 'log' | 'requestId' | 'purpose' | 'onWait'>;

/** The Linux host on which the command runs. */
export interface HostAccess extends Disposable {
  readonly host: string;
  /** The directories in which paths are named. */
  searchPaths(): Promise<readonly string[]>;
  /** Has it Fibre Channel ports, or connectors of third parties? */
  takesVolumes(): Promise<boolean>;
  /** Of one volume, by name or id, or of all. Changes nothing. */
  paths(volume: string | undefined, w: Waiting): Promise<readonly JsonObject[]>;
  /** What belongs to no volume that Cinder has attached here; with `repair`, what came of removing it. */
  verify(options: { readonly repair: boolean }, w: Waiting): Promise<readonly JsonObject[]>;
}

/** What settings are turned into. */
export interface Backend {
  openManager(settings: Settings, options: ManagerOptions): Promise<Manager>;
  openHost(settings: Settings, options: HostOptions): Promise<HostAccess>;
  /** @param settings - may be without an HMC */
  openLocal(settings: Settings, options: ManagerOptions): Promise<LocalManager>;
  /** The connector of the host on which the command runs. No other settings are needed. */
  hostConnector(request: HostConnectorRequest, log: Logger, w: Waiting): Promise<JsonObject>;
  /** The journal alone: nobody else is asked. @param settings - may be without an HMC */
  listFlows(settings: Settings): Promise<readonly JsonObject[]>;
  showFlow(settings: Settings, id: string): Promise<JsonObject>;
  /** Looks at HMC, CPC, adapter ports and Cinder; a check that fails is a line, never an exception. */
  diagnose(settings: Settings, options: DoctorOptions, w: Waiting): Promise<readonly DoctorCheck[]>;
}

/** Flaws that the certificate of a simulated HMC can have, and none. */
export const hmcCertificates = ['none', 'expired', 'wrong-host', 'self-signed'] as const;

export type HmcCertificate = (typeof hmcCertificates)[number];

/** Machines that can be simulated without a definition. */
export const machines = ['z13', 'z14', 'z15', 'z16', 'z17'] as const;

type Machine = (typeof machines)[number];

/** The options of `dpm simulate`, as the simulator takes them. */
export interface SimulatorOptions {
  readonly machine?: Machine;
  readonly definition?: string;
  readonly adapters?: number;
  readonly tls: boolean;
  readonly seed: number;
  readonly latencyMs: number;
  readonly hmcCertificate: HmcCertificate;
  readonly hmcPort?: number;
  readonly cinderPort?: number;
  readonly keystonePort?: number;
  /** Fault rules, as they stand in the file: the simulator checks them. */
  readonly faults: unknown;
  readonly cinder: {
    readonly maxMicroversion?: string;
    readonly connectionShape?: string;
    readonly requireWwnns: boolean;
    readonly auth: 'keystone' | 'noauth';
  };
}

/** A running simulator, as far as the command is concerned. */
export interface RunningSimulator {
  readonly hmcUrl: string;
  readonly cinderUrl: string;
  readonly keystoneUrl: string | undefined;
  readonly cpcName: string;
  /** File with the certificate of its authority; undefined without TLS. */
  readonly caFile: string | undefined;
  readonly volumes: readonly {
    readonly id: string;
    readonly name: string;
    readonly size: number;
    readonly bootable: boolean;
  }[];
  /** Complete settings by section and option. */
  readonly settings: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
  readonly close: () => Promise<void>;
}

/** Starts HMC, SAN, Keystone and Cinder. Throws ConfigError for options that it cannot take. */
export type SimulatorStarter = (options: SimulatorOptions) => Promise<RunningSimulator>;

/** What the service answers from. */
export interface ServiceSources {
  readonly host: HostAccess;
  readonly manager: Manager | undefined;
}
