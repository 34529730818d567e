import { defaultOutagePolicy } from '../base/index.ts';
import type { OutagePolicy, RetryClass, RetryPolicy } from '../base/index.ts';

/**
 * What a request does, as far as repeating it is concerned.
 *
 * - `read`: changes nothing.
 * - `create`: makes something new; when the outcome is not known, it is looked up by its name (see `reconcile.ts`).
 * - `update`, `delete`: doing it twice leaves the same state.
 * - `action`: starts something once (start, stop, a raw POST); its caller looks when the outcome is not known.
 */
export type OperationKind = 'read' | 'create' | 'update' | 'delete' | 'action';

/** After which kind of failure the same request is simply sent again. */
export const repeatable: Readonly<Record<OperationKind, ReadonlySet<RetryClass>>> = {
  read: new Set(['transient', 'busy', 'unknown-outcome']),
  update: new Set(['transient', 'busy', 'unknown-outcome']),
  delete: new Set(['transient', 'busy', 'unknown-outcome']),
  create: new Set(['transient', 'busy']),
  action: new Set(['transient', 'busy']),
};

/** How a job is looked at while it runs. */
export interface PollPolicy {
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
}

/** All that this client decides about waiting and repeating. Plain data. @public */
export interface HmcPolicies {
  readonly read: RetryPolicy;
  readonly write: RetryPolicy;
  /** Rounds of "look it up, else create it again" after a create whose outcome is not known. */
  readonly reconcile: RetryPolicy;
  readonly poll: PollPolicy;
  /** How long an HMC that has answered before is waited for, when it stops answering. */
  readonly outage: OutagePolicy;
}

/**
 * Busy (409.2) lasts while another operation on the object settles: seconds, so a write asks for up to a minute.
 * Source: users' threads 15 and 16; the numbers are ours.
 */
export const defaultPolicies: HmcPolicies = {
  read: { attempts: 4, firstDelayMs: 250, maxDelayMs: 5_000, factor: 2, budgetMs: 60_000 },
  write: { attempts: 8, firstDelayMs: 500, maxDelayMs: 10_000, factor: 2, budgetMs: 60_000 },
  reconcile: { attempts: 3, firstDelayMs: 500, maxDelayMs: 5_000, factor: 2, budgetMs: 300_000 },
  poll: { minDelayMs: 500, maxDelayMs: 5_000 },
  outage: defaultOutagePolicy,
};

/** Deadlines of one session, in milliseconds. @public */
export interface HmcTimeouts {
  /** To a connected socket, TLS included. */
  readonly connectMs: number;
  /**
   * One request and its answer. Synchronous operations of 45 s have been seen. Source: python-zhmcclient
   * design/network-errors.rst.
   */
  readonly requestMs: number;
  /** One call of a verb, with renewal and every repeat. */
  readonly callMs: number;
}

/** A connection in seconds, a request in two minutes, a verb with all its repeats in five. The numbers are ours. */
export const defaultTimeouts: HmcTimeouts = { connectMs: 10_000, requestMs: 120_000, callMs: 300_000 };
