import pRetry, { AbortError } from 'p-retry';
import { RetriesExhaustedError, toError } from './errors.ts';
import { sleep } from './abort.ts';
import type { Logger } from './logger.ts';

/** How often a call is repeated, with which delays. @public */
export interface RetryPolicy {
  /** Total number of calls; 1 means no retry. */
  readonly attempts: number;
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  readonly factor: number;
  /** No attempt starts after this many milliseconds. */
  readonly budgetMs: number;
}

/** How the undo of a step is tried. */
export interface UndoPolicy {
  /** After the last attempt the flow is stuck, or waits. */
  readonly retry: RetryPolicy;
  /** For one attempt. The caller's signal does not stop an undo. */
  readonly timeoutMs: number;
}

/**
 * What an error means for a retry.
 *
 * - `transient`: nothing reached the peer, or a repeat is harmless.
 * - `busy`: the peer asked to try again later.
 * - `session-lost`: log on again first; not handled by this loop.
 * - `unknown-outcome`: the call may have had its effect; check before repeating.
 * - `permanent`: a repeat would get the same answer.
 */
export type RetryClass = 'transient' | 'busy' | 'session-lost' | 'unknown-outcome' | 'permanent';

export interface RetryOptions {
  /** The operation, for the error and the log. */
  readonly what: string;
  readonly policy: RetryPolicy;
  readonly signal: AbortSignal;
  readonly isRetryable: (error: Error) => boolean;
  /** Returns the delay that the peer asked for (Retry-After), in milliseconds. */
  readonly askedDelayMs?: (error: Error) => number | undefined;
  readonly log?: Logger | undefined;
}

/**
 * Repeats `work` with jitter, bounded in attempts and time, until the signal fires. The only retry loop of this
 * package.
 *
 * @throws the error itself when it is not retryable or only one attempt was made; else {@link RetriesExhaustedError}
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
      // Gives up at once if the peer asks for more time than is left.
      if (asked > policy.budgetMs - (performance.now() - startedAt)) throw new AbortError(error);
      if (asked > 0) await sleep(asked, signal);
      // Wrapped, because p-retry never retries after a TypeError.
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
