import { defaultOutagePolicy, retry, toError } from '../base/index.ts';
import type { Logger, Outages } from '../base/index.ts';
import {
  CinderConnectionError,
  CinderHttpError,
  classify,
  isRefusedOutright,
  lastAttempt,
  markReachedBefore,
  unreachablePeer,
} from './errors.ts';
import type { CinderPolicies, CinderTimeouts } from './options.ts';

/**
 * Default retry policies.
 *
 * @remarks Nova makes five attempts of update, delete, terminate and detach within half a second, which is too short for
 * an array that is busy for a second (observed.md 13). This client also makes five attempts, over a longer time.
 */
export const defaultPolicies: CinderPolicies = {
  read: { attempts: 4, firstDelayMs: 500, maxDelayMs: 8_000, factor: 2, budgetMs: 60_000 },
  repeatable: { attempts: 5, firstDelayMs: 1_000, maxDelayMs: 15_000, factor: 2, budgetMs: 300_000 },
  once: { attempts: 4, firstDelayMs: 500, maxDelayMs: 8_000, factor: 2, budgetMs: 60_000 },
  outage: defaultOutagePolicy,
};

/** Cinder itself waits 60 s for its volume service (rpc_response_timeout), and some arrays' drivers take longer. */
export const defaultTimeouts: CinderTimeouts = { connectMs: 10_000, requestMs: 60_000, backendMs: 180_000 };

/** The kind of a call, which decides its retry policy. */
export type CallKind = Exclude<keyof CinderPolicies, 'outage'>;

/**
 * The statuses after which a call is retried. Undefined: not even after a lost response. Calls of every kind are retried
 * after a request that was not sent, and after a rate limit. Source: cinder api/openstack/wsgi.py and exception.py; cinder
 * volume/manager.py.
 */
const repeatedStatuses: Readonly<Record<CallKind, ReadonlySet<number> | undefined>> = {
  read: new Set([502, 503, 504]),
  repeatable: new Set([500, 502, 503, 504]),
  once: undefined,
};

/** Returns whether to retry a call of this kind after this error. */
export function mayRepeat(kind: CallKind, error: Error): boolean {
  const statuses = repeatedStatuses[kind];
  const outcome = classify(error);
  if (error instanceof CinderConnectionError) {
    return outcome === 'transient' || (outcome === 'unknown-outcome' && statuses !== undefined);
  }
  if (!(error instanceof CinderHttpError)) return false;
  return statuses?.has(error.status) === true || (outcome === 'busy' && error.status !== 503);
}

/** Returns the delay that the server asked for (Retry-After), in milliseconds. */
export function askedDelayMs(error: Error): number | undefined {
  const last = lastAttempt(error);
  return last instanceof CinderHttpError ? last.retryAfterMs : undefined;
}

/** Retries an attempt by the policy of its kind, and starts again while Cinder or Keystone is unreachable. */
export async function repeat<T>(
  { what, kind, signal }: { readonly what: string; readonly kind: CallKind; readonly signal: AbortSignal },
  { policies, outages, log }: { readonly policies: CinderPolicies; readonly outages: Outages; readonly log: Logger },
  attempt: () => Promise<T>,
): Promise<T> {
  const isRetryable = (error: Error) => mayRepeat(kind, error);
  const options = { what, policy: policies[kind], signal, isRetryable, askedDelayMs, log };
  const reached = { before: false };
  const watched = async () => {
    try {
      return await attempt();
    } catch (error) {
      reached.before ||= !isRefusedOutright(error);
      throw error;
    }
  };
  try {
    return await outages.through(async () => await retry(watched, options), {
      policy: policies.outage,
      signal,
      peerOf: unreachablePeer,
      isRepeatable: (error) => isRetryable(toError(lastAttempt(error))),
      askedDelayMs,
    });
  } catch (thrown) {
    const error = toError(thrown);
    if (reached.before) markReachedBefore(error);
    throw error;
  }
}
