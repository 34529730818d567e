import pRetry, { AbortError } from 'p-retry';
import { RetriesExhaustedError, toError } from './errors.ts';
import { sleep } from './abort.ts';
import type { Logger } from './logger.ts';

/**
 * How often, and how long apart, a call is made again. Plain data, so that settings and tests can replace it.
 *
 * @public
 */
export interface RetryPolicy {
  /** Total calls, so 1 means no retry. */
  readonly attempts: number;
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  readonly factor: number;
  /** No attempt starts after this many milliseconds. */
  readonly budgetMs: number;
}

/** How a compensation is tried. */
export interface UndoPolicy {
  /** Per step: how often an undo is tried before the flow is stuck, or waits. */
  readonly retry: RetryPolicy;
  /** For one attempt at one step's undo; undo is shielded from the caller's signal. */
  readonly timeoutMs: number;
}

/**
 * What an error says about making the call again.
 *
 * - `transient`: nothing reached the peer, or a repeat is harmless.
 * - `busy`: the peer said "not now".
 * - `session-lost`: log on again first; not a matter for this loop.
 * - `unknown-outcome`: the call may have had its effect; look before repeating.
 * - `permanent`: a repeat would get the same answer.
 */
export type RetryClass = 'transient' | 'busy' | 'session-lost' | 'unknown-outcome' | 'permanent';

export interface RetryOptions {
  /** What is being done, for the error and the log. */
  readonly what: string;
  readonly policy: RetryPolicy;
  readonly signal: AbortSignal;
  /** Is another attempt allowed after this error? */
  readonly isRetryable: (error: Error) => boolean;
  /** The peer's wish for the next attempt (Retry-After), in milliseconds. */
  readonly askedDelayMs?: (error: Error) => number | undefined;
  readonly log?: Logger | undefined;
}

/**
 * The one retry loop of this package (p-retry): jittered, bounded in attempts and time, ended by the signal.
 *
 * @throws the error itself when it is not retryable or only one attempt was made; else {@link RetriesExhaustedError}:
 * giving up is what that one says, and an error that ends the loop at once has its own class to be asked for.
 */
export async function retry<T>(work: (attempt: number) => Promise<T>, options: RetryOptions): Promise<T> {
  const { policy, signal } = options;
  const failures: Error[] = [];
  const startedAt = performance.now();
  const run = async (attempt: number): Promise<T> => {
    try {
      return await work(attempt);
    } catch (thrown) {
      const error = toError(thrown);
      failures.push(error);
      if (!options.isRetryable(error)) throw new AbortError(error);
      options.log?.debug({ event: 'retry', what: options.what, attempt, error: error.message }, 'attempt failed');
      const asked = attempt < policy.attempts ? (options.askedDelayMs?.(error) ?? 0) : 0;
      // A peer that wants more time than there is gets no further attempt: waiting for the end would be in vain.
      if (asked > policy.budgetMs - (performance.now() - startedAt)) throw new AbortError(error);
      if (asked > 0) await sleep(asked, signal);
      // p-retry ends at a TypeError whatever it is told; behind another error, the decision is ours alone.
      throw new Error('again', { cause: error });
    }
  };
  try {
    return await pRetry(run, {
      retries: policy.attempts - 1,
      factor: policy.factor,
      minTimeout: policy.firstDelayMs,
      maxTimeout: policy.maxDelayMs,
      maxRetryTime: policy.budgetMs,
      randomize: true,
      signal,
    });
  } catch (thrown) {
    signal.throwIfAborted();
    const last = failures.at(-1) ?? toError(thrown);
    const gaveUp = failures.length > 1 && options.isRetryable(last);
    throw gaveUp ? new RetriesExhaustedError(options.what, failures) : last;
  }
}
