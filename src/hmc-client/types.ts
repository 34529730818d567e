import type { Logger, Outages, Secret, Waiting } from '../base/index.ts';
import type { TlsOptions } from '../http/index.ts';
import type { HmcPolicies, HmcTimeouts } from './policy.ts';
import type { AdapterResource } from './resources/adapter.ts';
import type { ConsoleResource } from './resources/console.ts';
import type { CpcResource } from './resources/cpc.ts';
import type { HbaResource } from './resources/hba.ts';
import type { PartitionResource } from './resources/partition.ts';
import type { StorageGroupResource } from './resources/storage-group.ts';
import type { StorageVolumeResource } from './resources/storage-volume.ts';
import type { VirtualStorageResourceResource } from './resources/virtual-storage-resource.ts';
import type { ApiVersion } from './wire/session.ts';

/** @public */
export interface HmcSessionOptions {
  /** `https://hmc1:6794`; several are redundant HMCs of the same machines, in order of preference. */
  readonly urls: readonly string[];
  readonly userid: string;
  /** Asked at each logon, so that a password can change while the session lives. */
  readonly password: () => Promise<Secret>;
  readonly tls?: TlsOptions | undefined;
  readonly timeouts?: Partial<HmcTimeouts> | undefined;
  /** Requests in flight at once; further ones wait. */
  readonly maxConcurrent?: number | undefined;
  /** Waiting requests beyond which a further one is refused. */
  readonly maxQueued?: number | undefined;
  readonly policies?: Partial<HmcPolicies> | undefined;
  /** Where it is noted that the HMC does not answer; default: one of the session's own. */
  readonly outages?: Outages | undefined;
  readonly log?: Logger | undefined;
}

/** A request of the raw escape hatch. @public */
export interface RawRequest extends Waiting {
  readonly body?: unknown;
}

/** Status and parsed body of an answer below 400. @public */
export interface RawAnswer {
  readonly status: number;
  readonly body: unknown;
}

/**
 * A session with an HMC, or with one of several redundant ones. It logs on when the first request needs it, once for all
 * who call at that time, renews the session when the HMC has lost it, and logs off when closed.
 *
 * @public
 */
export interface HmcSession extends AsyncDisposable {
  readonly console: ConsoleResource;
  readonly cpcs: CpcResource;
  readonly adapters: AdapterResource;
  readonly partitions: PartitionResource;
  /** On machines without storage management. */
  readonly hbas: HbaResource;
  /** On machines with storage management, as the two that follow. */
  readonly storageGroups: StorageGroupResource;
  readonly storageVolumes: StorageVolumeResource;
  readonly virtualStorageResources: VirtualStorageResourceResource;
  /** Performs "Query API Version", which needs neither user nor session: also a sign of life. */
  apiVersion(w: Waiting): Promise<ApiVersion>;
  /** Host and port of the HMC in use. */
  hmcHost(): string;
  /**
   * Any operation of the Web Services API. A GET is repeated like our own reads; nothing else is repeated once it may
   * have reached the HMC.
   *
   * @throws HmcHttpError for a status of 400 and above
   */
  request(method: 'GET' | 'POST' | 'DELETE', uri: string, options: RawRequest): Promise<RawAnswer>;
  /**
   * Waits for what still runs in the background, and logs off. What fails is logged at `warn`, never thrown. Give it a
   * signal that has not fired: a session that is not logged off stays at the HMC until it times out.
   */
  close(w: Waiting): Promise<void>;
}
