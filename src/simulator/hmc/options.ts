import type { FaultEngine, Latency, RequestLog, TlsMaterial } from '../server/index.ts';
import type { San } from '../san/index.ts';
import type { MachineName } from './machines.ts';
import type { Clock } from './model/clock.ts';
import type { KeptHmc } from './model/kept.ts';
import type { ReasonName } from './model/refusal.ts';

/**
 * A user of the HMC. What is not said is permitted.
 * @public
 */
export interface HmcUser {
  readonly userid: string;
  readonly password: string;
  /** Tasks that the user may not perform, by name, e.g. `New Partition`: such operations are refused with 403.1. */
  readonly withoutTasks?: readonly string[];
  /** Names or URIs of objects that the user may not see: they are not listed, and 404.1 when addressed. */
  readonly hidden?: readonly string[];
  /** Logon is refused with 403.40. */
  readonly disabled?: boolean;
  /** Logon is refused with 403.41. */
  readonly withoutWebServices?: boolean;
  /** Logon is refused with 400.45 until the password is changed. */
  readonly passwordExpired?: boolean;
  /** Logon beyond this number of sessions is refused with 400.13; default 1000, as in IBM's sample data. */
  readonly maxSessions?: number;
  /** Wrong passwords in a row that disable the user for a minute; default 3, as in IBM's sample data. */
  readonly maxFailedLogons?: number;
}

/**
 * How long things take, in milliseconds. All default to 0: done when next looked at.
 * @public
 */
export interface HmcTiming {
  /** From the request to the end of the Start Partition job. */
  readonly startMs?: number;
  /** From the request to the end of the Stop Partition job. */
  readonly stopMs?: number;
  /** From the end of a start or stop job to the partition status that it leads to: the status trails, and reads `paused` after a start. */
  readonly statusLagMs?: number;
  /** Duration of all other jobs. */
  readonly jobMs?: number;
  /** From an accepted Cancel Job to its effect. */
  readonly cancelMs?: number;
  /** Duration of a storage discovery. */
  readonly discoveryMs?: number;
  /** Between automatic storage discoveries; 10 minutes on an HMC, which is the default here too. */
  readonly discoveryIntervalMs?: number;
  /** How long the fault `stalled` keeps a partition in its transitional status; default for ever. */
  readonly stallMs?: number;
  /** How long ended jobs are kept; default until they are deleted. */
  readonly jobRetentionMs?: number;
  /** Idle sessions end after this; default never. */
  readonly sessionIdleMs?: number;
  /** From a guest's `shutdown` to the end of its operating system. */
  readonly shutdownMs?: number;
}

/**
 * A server that partitions boot from by FTP, FTPS and SFTP.
 * @public
 */
export interface BootServer {
  readonly host: string;
  readonly username: string;
  readonly password: string;
  /** Paths of INS files, each of an installer. */
  readonly insFiles: readonly string[];
}

/** How storage discovery behaves where machines differ or documentation is silent. */
export interface DiscoveryOptions {
  /** Look for LUNs by itself after attach, modify and every ten minutes; default true. */
  readonly automatic?: boolean;
  /** Seed of the order in which LUNs of equal size are matched to volumes; default the simulator's seed. */
  readonly orderSeed?: number;
}

/**
 * What kind of HMC is simulated. Everything has a default.
 * @public
 */
export interface HmcOptions {
  readonly machine?: MachineName;
  /** FCP adapters, alternating between the fabrics; default 4. */
  readonly adapters?: number;
  /** Whether a machine that can have storage groups does; false makes it one of early service level, with vHBAs. Default true. */
  readonly storageManagement?: boolean;
  /** Virtual connections allowed on an FCP adapter; default 64, as machines are delivered. */
  readonly adapterCapacity?: number;
  readonly cpcName?: string;
  readonly cpcMemoryMib?: number;
  readonly cpcIfls?: number;
  /** Memory is given out in these steps; default 512. */
  readonly memoryIncrementMib?: number;
  /** Default: one user `nova` who may do everything. */
  readonly users?: readonly HmcUser[];
  readonly timing?: HmcTiming;
  /** Status of a partition whose load found nothing; default `paused`; `starting` stays so until `boot-timeout`, then `paused`. */
  readonly bootFailure?: 'paused' | 'terminated' | 'starting';
  /** Whether the Start Partition job says so when resources are missing; default `complete`: only the status tells. */
  readonly reservationErrorJob?: 'complete' | 'failed';
  /** Hand freed WWPNs out again before new ones; default false. */
  readonly reuseWwpns?: boolean;
  readonly discovery?: DiscoveryOptions;
  /** Default: one server `install.example.com`, see docs/simulator.md. */
  readonly bootServers?: readonly BootServer[];
  /**
   * Whether an asynchronous operation answers 202 with a job; false makes it end with its answer, 204, as the mock of
   * python-zhmcclient does. Default true.
   */
  readonly jobs?: boolean;
  /**
   * What listens on the guests' line-mode console, to which Send OS Command writes: a root shell (the default), or a login
   * prompt, as after the installation of a distribution, which takes every command for the name of a user.
   */
  readonly lineModeConsole?: 'shell' | 'login';
  /** Whether the message broker runs, which sends notifications; false is a port that is closed. Default true. */
  readonly broker?: boolean;
  /** Bytes that wait for a client of the broker before it is cut off because it reads too slowly; default 1 MiB. */
  readonly brokerQueueBytes?: number;
  /** (status, reason) for conditions whose number is not public, or to try others. */
  readonly reasons?: Partial<Record<ReasonName, readonly [status: number, reason: number]>>;
  /** Path of a zhmcclient mock definition (YAML) or of a DPM export (JSON) to start from instead of a fresh machine. */
  readonly definition?: string;
}

/** What an HMC needs from its surroundings. */
export interface HmcSurroundings {
  readonly san: San;
  /** Fabrics that the FCP adapters are cabled to in turn. */
  readonly fabrics: readonly string[];
  readonly faults: FaultEngine;
  readonly log: RequestLog;
  readonly clock?: Clock | undefined;
  readonly seed?: number | undefined;
  readonly tls?: TlsMaterial | undefined;
  readonly port?: number | undefined;
  /** Used if it is free and `port` is absent. */
  readonly preferredPort?: number | undefined;
  /** Port of the message broker; default: any free one. */
  readonly stompPort?: number | undefined;
  /** Used if it is free and `stompPort` is absent. */
  readonly preferredStompPort?: number | undefined;
  /** Called after each request, before its answer is sent. */
  readonly onServed?: (() => void) | undefined;
  /** The state of an earlier simulator, to continue with instead of a fresh machine. */
  readonly kept?: KeptHmc | undefined;
  readonly host?: string | undefined;
  readonly latencyMs?: Latency | undefined;
}
