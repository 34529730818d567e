import { defaultOutagePolicy } from '../base/index.ts';
import { CinderConnectionError, CinderHttpError, classify, lastAttempt } from './errors.ts';
import type { CinderPolicies, CinderTimeouts } from './options.ts';

/**
 * Cinder's answers to "is it worth another try", as data.
 *
 * @remarks Nova makes five attempts of update, delete, terminate and detach within half a second, which an array that
 * is busy for a second outlives (observed.md 13): ours are five too, but spread.
 */
export const defaultPolicies: CinderPolicies = {
  read: { attempts: 4, firstDelayMs: 500, maxDelayMs: 8_000, factor: 2, budgetMs: 60_000 },
  repeatable: { attempts: 5, firstDelayMs: 1_000, maxDelayMs: 15_000, factor: 2, budgetMs: 300_000 },
  once: { attempts: 4, firstDelayMs: 500, maxDelayMs: 8_000, factor: 2, budgetMs: 60_000 },
  outage: defaultOutagePolicy,
};

/** Cinder itself waits 60 s for its volume service (rpc_response_timeout), and some arrays' drivers take longer. */
export const defaultTimeouts: CinderTimeouts = { connectMs: 10_000, requestMs: 60_000, backendMs: 180_000 };

/** What a repeat of a call can do; each has its policy. */
export type CallKind = Exclude<keyof CinderPolicies, 'outage'>;

interface Repeats {
  /** The request may have arrived, and no answer came. */
  readonly lost: boolean;
  readonly statuses: ReadonlySet<number>;
}

/**
 * Source: cinder api/openstack/wsgi.py and exception.py; cinder volume/manager.py. A request that was not sent, and a
 * rate limit, are repeated for every kind.
 */
const repeats: Readonly<Record<CallKind, Repeats>> = {
  read: { lost: true, statuses: new Set([502, 503, 504]) },
  repeatable: { lost: true, statuses: new Set([500, 502, 503, 504]) },
  once: { lost: false, statuses: new Set() },
};

/** Is a call of this kind made again after this error? */
export function mayRepeat(kind: CallKind, error: Error): boolean {
  if (error instanceof CinderConnectionError) {
    const outcome = classify(error);
    return outcome === 'transient' || (outcome === 'unknown-outcome' && repeats[kind].lost);
  }
  if (!(error instanceof CinderHttpError)) return false;
  if (repeats[kind].statuses.has(error.status)) return true;
  return classify(error) === 'busy' && error.status !== 503;
}

/** The server's wish for the next attempt, in milliseconds. */
export function askedDelayMs(error: Error): number | undefined {
  const last = lastAttempt(error);
  return last instanceof CinderHttpError ? last.retryAfterMs : undefined;
}
