import pRetry, { AbortError } from 'p-retry';
import { RetriesExhaustedError, toError } from './errors.ts';
import { sleep } from './abort.ts';
import type { Logger } from './logger.ts';

/** The number of attempts and the delays between them. @public */
export interface RetryPolicy {
  /** Total number of calls; 1 means no retry. */
  readonly attempts: number;
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  readonly factor: number;
  /** No attempt starts after this many milliseconds. */
  readonly budgetMs: number;
}

/** How to retry the undo of a step. */
export interface UndoPolicy {
  /** After the last attempt the flow is stuck, or waits for an unreachable peer. */
  readonly retry: RetryPolicy;
  /** Deadline of one attempt. The caller's signal does not stop an undo. */
  readonly timeoutMs: number;
}

/**
 * What an error means for a retry.
 *
 * - `transient`: the peer did not receive the call, or a retry is harmless.
 * - `busy`: the peer asked to try again later.
 * - `session-lost`: the caller has to log on again first; this function does not.
 * - `unknown-outcome`: the peer may have done the operation; check before a retry.
 * - `permanent`: a retry would fail in the same way.
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
 * Runs `work` and retries it with random delays, within the attempts and the time of the policy, until the signal fires.
 * The only retry loop of this package besides the class Outages, which waits for a peer that stopped answering.
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
      // Do not wait if the peer asks for more time than is left.
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
