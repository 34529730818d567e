import type { FaultEngine, Latency, RequestLog, SimServer, TlsMaterial } from '../server/index.ts';
import type { SimulatedSan } from '../san/index.ts';
import type { CinderQuota, CinderTiming, NovaAnswer } from './cinder/service.ts';
import type { ConnectionShapeName } from './cinder/shapes.ts';
import type { KeptCinder } from './cinder/keep.ts';
import type { CinderSnapshot } from './cinder/snapshot.ts';
import type { Now } from './clock.ts';
import type { ImageOptions } from './glance/images.ts';
import type { UserOptions } from './keystone/directory.ts';

/**
 * Settings of {@link startOpenstack}; only `san`, `faults` and `log` are required.
 * @public
 */
export interface OpenstackOptions {
  readonly san: SimulatedSan;
  readonly faults: FaultEngine;
  readonly log: RequestLog;
  /** HTTPS with this; plain HTTP if absent. */
  readonly tls?: TlsMaterial | undefined;
  readonly host?: string | undefined;
  /** Default 0: any free port. */
  readonly ports?:
    | {
        readonly keystone?: number | undefined;
        readonly cinder?: number | undefined;
        readonly glance?: number | undefined;
      }
    | undefined;
  /** Ports that are used if they are free and `ports` has none. */
  readonly preferredPorts?: OpenstackOptions['ports'];
  /** Called after each request, before its answer is sent. */
  readonly onServed?: (() => void) | undefined;
  /** The database of an earlier simulator, to continue with instead of the initial volumes. */
  readonly kept?: KeptCinder | undefined;
  /** For both servers; volume actions share the name `Volume Action` here. */
  readonly latencyMs?: Latency | undefined;
  readonly cinder?: CinderOptions | undefined;
  readonly keystone?: KeystoneOptions | undefined;
  /** Default: `admin`, `demo`, and `dpm` with role `service`; passwords in {@link defaultUsers}. */
  readonly users?: readonly UserOptions[] | undefined;
  /** Default: two bootable ones and two empty ones, see {@link defaultVolumes}. */
  readonly volumes?: readonly VolumeOptions[] | undefined;
  /** Images of Glance; default: two, see {@link defaultImages}. With an empty list there is no Glance. */
  readonly images?: readonly ImageOptions[] | undefined;
  /** Equal seeds give equal ids and equal random orders; default 1. */
  readonly seed?: number | undefined;
  /** Clock in milliseconds since the epoch; default the machine's. */
  readonly now?: Now | undefined;
}

/**
 * Settings of the simulated Cinder.
 * @public
 */
export interface CinderOptions {
  /** Default `keystone`. With `noauth` the token is `user:project` and everyone is an administrator. */
  readonly auth?: 'keystone' | 'noauth' | undefined;
  /** Highest microversion, `3.0` to `3.71` (default); below `3.44` there is no os-complete, below `3.27` no attachments. */
  readonly maxMicroversion?: string | undefined;
  /** Which back-end's connection_info is imitated; default `storwize`. */
  readonly connectionShape?: ConnectionShapeName | undefined;
  /** Refuses connectors without `wwnns`, as most drivers do; default false, as Storwize does. */
  readonly requireWwnns?: boolean | undefined;
  /**
   * The array fails to terminate a connection that it does not have, as many do; default true. False: nothing happens.
   */
  readonly strictTerminate?: boolean | undefined;
  /**
   * Status with which the attachments API reports a connector that the driver refuses: 500 (default) as Cinder 21.3.1
   * does, or 400 as the action does.
   */
  readonly refusedConnectorStatus?: 400 | 500 | undefined;
  /** What Nova says of attachments with an `instance_uuid`; default `uses`, which a service token alone overrides. */
  readonly nova?: NovaAnswer | undefined;
  /** Default 1000 volumes and 100 000 GiB. */
  readonly quota?: Partial<CinderQuota> | undefined;
  /** Default 0: everything is done when it is next looked at; 500 for `downloadMs`. */
  readonly timing?: Partial<CinderTiming> | undefined;
  /** Project that the initial volumes belong to; default the first project of user `dpm`, or of the last user. */
  readonly project?: string | undefined;
}

/**
 * Settings of the simulated Keystone.
 * @public
 */
export interface KeystoneOptions {
  /** Default one hour. */
  readonly tokenLifetimeMs?: number | undefined;
  /** Leaves the project id out of Cinder's URL in the catalogue; default false. */
  readonly catalogWithoutProjectId?: boolean | undefined;
  /** Default `RegionOne`. */
  readonly region?: string | undefined;
}

/**
 * A volume that exists from the start.
 * @public
 */
export interface VolumeOptions {
  /** Default: a UUID that follows from the name. */
  readonly id?: string;
  readonly name: string;
  /** GiB. */
  readonly size: number;
  readonly bootable?: boolean;
  readonly multiattach?: boolean;
}

/**
 * A volume that exists from the start, as it was made.
 * @public
 */
export interface InitialVolume {
  readonly id: string;
  readonly name: string;
  /** GiB. */
  readonly size: number;
  readonly bootable: boolean;
}

/**
 * Running Keystone and Cinder.
 * @public
 */
export interface Openstack extends AsyncDisposable {
  readonly keystone: {
    /** The auth_url, ending in `/v3`. */
    readonly url: string;
    readonly server: SimServer;
    readonly users: readonly UserOptions[];
    readonly region: string;
    /** Ids that clients are configured with. */
    credentialId(user: string, credential: string): string;
    /** Ends every token: the next request of anyone is a 401. */
    revokeAll(): void;
  };
  readonly cinder: {
    /** The endpoint with the project id. */
    readonly url: string;
    /** Scheme, host and port. */
    readonly rootUrl: string;
    readonly auth: 'keystone' | 'noauth';
    readonly projectId: string;
    /** What a client sends as `X-Auth-Token` under noauth. */
    readonly noauthToken: string;
    readonly server: SimServer;
    snapshot(): CinderSnapshot;
  };
  /** Absent without images. */
  readonly glance: { readonly url: string; readonly server: SimServer } | undefined;
  readonly images: readonly { readonly id: string; readonly name: string }[];
  readonly volumes: readonly InitialVolume[];
  /** Returns what a restarted simulator continues with. */
  keep(): KeptCinder;
  snapshot(): CinderSnapshot;
  close(): Promise<void>;
}
