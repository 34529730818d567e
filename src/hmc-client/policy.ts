import { defaultOutagePolicy } from '../base/index.ts';
import type { Upload } from '../http/index.ts';
import type { OutagePolicy, RetryClass, RetryPolicy } from '../base/index.ts';

/**
 * The effect of a request, which decides about retries.
 *
 * - `read`: changes nothing.
 * - `create`: creates an object; if the outcome is unknown, the object is looked up by name (see `reconcile.ts`).
 * - `update`, `delete`: idempotent.
 * - `action`: starts something once (start, stop, a raw POST); if the outcome is unknown, the caller has to check.
 */
export type OperationKind = 'read' | 'create' | 'update' | 'delete' | 'action';

/** Failures after which a request of each kind is retried. */
export const repeatable: Readonly<Record<OperationKind, ReadonlySet<RetryClass>>> = {
  read: new Set(['transient', 'busy', 'unknown-outcome']),
  update: new Set(['transient', 'busy', 'unknown-outcome']),
  delete: new Set(['transient', 'busy', 'unknown-outcome']),
  create: new Set(['transient', 'busy']),
  action: new Set(['transient', 'busy']),
};

/** The shortest and the longest pause between two polls, or between two attempts. @public */
export interface PollPolicy {
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
}

/** How this client uses the notifications of the HMC. @public */
export interface EventPolicy {
  /** Pauses before the connection is opened again. */
  readonly reconnect: PollPolicy;
  /** A wait for a job opens the connection when it has lasted this long, so that short commands never do. */
  readonly openAfterMs: number;
  /** Pause between two polls of a job while notifications arrive. */
  readonly safetyNetMs: number;
  readonly heartbeatMs: number;
}

/** Retries and waits of this client. @public */
export interface HmcPolicies {
  readonly read: RetryPolicy;
  readonly write: RetryPolicy;
  /** Rounds of "look it up, else create it again" after a create with unknown outcome. */
  readonly reconcile: RetryPolicy;
  readonly poll: PollPolicy;
  readonly events: EventPolicy;
  /** How long to wait for an HMC that stops answering. */
  readonly outage: OutagePolicy;
}

/**
 * Busy (409.2) lasts seconds, until another operation on the object ends, so writes are retried for up to a minute.
 * Source: users' threads 15 and 16; the numbers are this client's choice.
 */
export const defaultPolicies: HmcPolicies = {
  read: { attempts: 4, firstDelayMs: 250, maxDelayMs: 5_000, factor: 2, budgetMs: 60_000 },
  write: { attempts: 8, firstDelayMs: 500, maxDelayMs: 10_000, factor: 2, budgetMs: 60_000 },
  reconcile: { attempts: 3, firstDelayMs: 500, maxDelayMs: 5_000, factor: 2, budgetMs: 300_000 },
  poll: { minDelayMs: 500, maxDelayMs: 5_000 },
  // Heart-beats as python-zhmcclient (_constants.py).
  events: {
    reconnect: { minDelayMs: 1_000, maxDelayMs: 60_000 },
    openAfterMs: 5_000,
    safetyNetMs: 30_000,
    heartbeatMs: 5_000,
  },
  outage: defaultOutagePolicy,
};

/** Deadlines of one session, in milliseconds. @public */
export interface HmcTimeouts {
  /** To a connected socket, TLS included. */
  readonly connectMs: number;
  /**
   * One request with its answer. Some synchronous operations take 45 s. Source: python-zhmcclient
   * design/network-errors.rst.
   */
  readonly requestMs: number;
  /** One method call, with session renewal and all retries. */
  readonly callMs: number;
}

/** The numbers are this client's choice. */
export const defaultTimeouts: HmcTimeouts = { connectMs: 10_000, requestMs: 120_000, callMs: 300_000 };

/** The slowest connection to an HMC for which an upload has time, in bytes per millisecond: about 1 MB/s. */
const SLOWEST_UPLOAD = 1_000;

/** Returns the time limit of an upload. The HMC also copies the content to the SE. The numbers are this client's choice. */
export function uploadMs({ bytes }: Upload): number {
  return 600_000 + bytes / SLOWEST_UPLOAD;
}
