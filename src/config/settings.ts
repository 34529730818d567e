import type { Secret, Wwpn } from '../base/index.ts';
import type { AdapterPort, HostConnectorSetting, VolumeDriverSetting } from './value-types.ts';
import type { SettingEntry } from './values.ts';

/** All settings, read, checked and frozen. @public */
export interface Settings {
  /** Name of the compute host and of its CPC subset. */
  readonly host: string;
  /** `dpm.DPMDriver`, `fake.FakeDriver` or `<module>#<Export>`. */
  readonly computeDriver: string;
  /** Absolute path of the directory of instances and journal. */
  readonly statePath: string;
  readonly dpm: DpmSettings;
  readonly cinder: CinderSettings;
  /** What surprises later, in words for people. To be shown at each start. */
  readonly warnings: readonly string[];
  /** The settings files that were read. */
  readonly files: readonly string[];
  /** Every value with its origin, secrets blanked: for {@link configShow}. */
  readonly entries: readonly SettingEntry[];
}

/**
 * Section `[dpm]`. With a compute driver other than `dpm.DPMDriver` nothing of it is required: then texts and lists may
 * be empty and numbers 0.
 *
 * @public
 */
export interface DpmSettings {
  /** `https://host:port`, redundant HMCs in order of preference. */
  readonly hmcUrls: readonly string[];
  readonly hmcUsername: string;
  readonly hmcPassword: Secret;
  /** PEM text; undefined for the certificates of Node.js. */
  readonly hmcCa: string | undefined;
  readonly hmcInsecure: boolean;
  /** Lower case. This or the name is given. */
  readonly cpcObjectId: string | undefined;
  readonly cpcName: string | undefined;
  readonly maxProcessors: number;
  readonly maxMemoryMib: number;
  /** In order of preference for boot. */
  readonly adapterPorts: readonly AdapterPort[];
  readonly targetWwpnIgnoreList: readonly Wwpn[];
  /** One for each `driver_volume_type`; `builtin` is a module of our own. */
  readonly volumeDrivers: readonly VolumeDriverSetting[];
  /** Those of third parties, in the order in which they are given; they serve without a DPM driver too. */
  readonly hostConnectors: readonly HostConnectorSetting[];
  /** Bus IDs; for volumes of the Linux host on which this runs. */
  readonly hostFcpDevices: readonly string[];
  readonly spawnOrder: 'deferred' | 'stock';
  /** Template for `wwnnFromTemplate`; undefined for a connector without WWNNs. */
  readonly wwnnTemplate: string | undefined;
  /** Boot paths tried before a spawn fails. */
  readonly bootAttempts: number;
  /** The HMC's `boot-timeout`, in seconds, 60 to 600. */
  readonly bootTimeoutSeconds: number;
  /** Start each new partition once without a boot device, before its volumes are mapped. */
  readonly loginBeforeZoning: boolean;
  /** For DPM to find the LUNs of a storage group. */
  readonly discoveryTimeoutMs: number;
  /** For a start or stop as a whole. */
  readonly startTimeoutMs: number;
  readonly maxHmcRequests: number;
  readonly maxConcurrentBuilds: number;
  /** Builds, deletions, starts and stops, attachments and detachments together. */
  readonly maxConcurrentOperations: number;
  /** For an operation to wait for its turn. */
  readonly queueTimeoutMs: number;
  /** How long, and how many, ended flows stay in the journal. */
  readonly history: { readonly days: number; readonly flows: number };
}

/** How to log on to OpenStack. @public */
export type CinderAuthSettings = PasswordAuth | ApplicationCredentialAuth | NoAuth;

/** A user by id, or by name and domain. @public */
export interface UserSettings {
  readonly username?: string;
  readonly userId?: string;
  readonly userDomainName?: string;
  readonly userDomainId?: string;
}

/** Keystone v3 with user and password. @public */
export interface PasswordAuth extends UserSettings {
  readonly type: 'password';
  readonly authUrl: string;
  readonly password: Secret;
  readonly projectName?: string;
  readonly projectId?: string;
  readonly projectDomainName?: string;
  readonly projectDomainId?: string;
}

/** Keystone v3 with an application credential: by id, or by name and user. @public */
export interface ApplicationCredentialAuth extends UserSettings {
  readonly type: 'v3applicationcredential';
  readonly authUrl: string;
  readonly id?: string;
  readonly name?: string;
  readonly secret: Secret;
}

/** A Cinder without Keystone. @public */
export interface NoAuth {
  readonly type: 'none';
  readonly endpoint: string;
  readonly userId?: string;
  readonly projectId?: string;
}

/** Section `[cinder]`, with `[service_user]` where it is to be used. @public */
export interface CinderSettings {
  readonly auth: CinderAuthSettings;
  readonly serviceUser?: CinderAuthSettings;
  readonly endpointOverride?: string;
  /** `<service type>:<service name>:<interface>` */
  readonly catalogInfo: string;
  readonly regionName?: string;
  /** From clouds.yaml or `OS_INTERFACE`; absent where `catalog_info` was given. */
  readonly interface?: string;
  readonly tls: { readonly ca?: string; readonly insecure?: boolean };
}
