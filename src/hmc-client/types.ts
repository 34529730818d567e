import type { Logger, Outages, Secret, Waiting } from '../base/index.ts';
import type { TlsOptions } from '../http/index.ts';
import type { HmcEvents } from './events.ts';
import type { HmcPolicies, HmcTimeouts } from './policy.ts';
import type { RawAnswer } from './requester.ts';
import type { AdapterResource } from './resources/adapter.ts';
import type { CapacityGroupResource } from './resources/capacity-group.ts';
import type { ConsoleResource } from './resources/console.ts';
import type { CpcResource } from './resources/cpc.ts';
import type { HbaResource } from './resources/hba.ts';
import type { NicResource } from './resources/nic.ts';
import type { MetricsResource } from './resources/metrics.ts';
import type { PartitionResource } from './resources/partition.ts';
import type { StorageGroupResource } from './resources/storage-group.ts';
import type { StorageVolumeResource } from './resources/storage-volume.ts';
import type { VirtualStorageResourceResource } from './resources/virtual-storage-resource.ts';
import type { ApiVersion } from './wire/session.ts';

/** @public */
export interface HmcSessionOptions {
  /** URLs like `https://hmc1:6794` of redundant HMCs, in order of preference. */
  readonly urls: readonly string[];
  readonly userid: string;
  /** Called at each logon, because the password may change during the session. */
  readonly password: () => Promise<Secret>;
  readonly tls?: TlsOptions | undefined;
  readonly timeouts?: Partial<HmcTimeouts> | undefined;
  /** Concurrent requests; others wait. */
  readonly maxConcurrent?: number | undefined;
  /** Waiting requests; others are refused. */
  readonly maxQueued?: number | undefined;
  readonly policies?: Partial<HmcPolicies> | undefined;
  /** Records that the HMC does not answer (default: the session's own). */
  readonly outages?: Outages | undefined;
  readonly log?: Logger | undefined;
  /** Port for notifications, at each HMC (default: 61612). 0: never connect to it, and poll. */
  readonly messagePort?: number | undefined;
}

/** A request for {@link HmcSession.request}. @public */
export interface RawRequest extends Waiting {
  readonly body?: unknown;
}

/**
 * A session with an HMC, or with one of several redundant HMCs. Logs on before the first request, renews a lost session,
 * and logs off when closed.
 *
 * @public
 */
export interface HmcSession extends AsyncDisposable {
  /** What the HMC reports by itself. Nothing arrives before `open`, or before a wait for a job lasts long. */
  readonly events: HmcEvents;
  readonly console: ConsoleResource;
  readonly cpcs: CpcResource;
  readonly adapters: AdapterResource;
  readonly metrics: MetricsResource;
  readonly partitions: PartitionResource;
  readonly capacityGroups: CapacityGroupResource;
  /** On machines without storage management. */
  readonly hbas: HbaResource;
  readonly nics: NicResource;
  /** On machines with storage management, like the next two. */
  readonly storageGroups: StorageGroupResource;
  readonly storageVolumes: StorageVolumeResource;
  readonly virtualStorageResources: VirtualStorageResourceResource;
  /** Performs "Query API Version", which needs neither user nor session. */
  apiVersion(w: Waiting): Promise<ApiVersion>;
  /** Returns host and port of the current HMC. */
  hmcHost(): string;
  /**
   * Performs any operation of the Web Services API. Retries a GET like other reads, but nothing else once it may have
   * reached the HMC.
   *
   * @throws HmcHttpError for a status of 400 and above
   */
  request(method: 'GET' | 'POST' | 'DELETE', uri: string, options: RawRequest): Promise<RawAnswer>;
  /**
   * Waits for background work and logs off. Logs failures at `warn` instead of throwing them. With an aborted signal the
   * session stays at the HMC until it times out.
   */
  close(w: Waiting): Promise<void>;
}
