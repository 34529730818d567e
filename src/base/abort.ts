import { setTimeout as sleepFor } from 'node:timers/promises';
import { TimeoutError, toError } from './errors.ts';

/** Options of every function that waits. */
export interface Waiting {
  readonly signal: AbortSignal;
}

/** Sleeps. @throws the signal's reason when it fires */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  try {
    await sleepFor(ms, undefined, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}

/**
 * Runs `work` with a deadline.
 *
 * @param what - the operation, for the message ("log on to HMC a90")
 * @throws TimeoutError when the deadline passes; the reason of the caller's signal when that fires
 */
export async function withDeadline<T>(
  what: string,
  timeoutMs: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  // Not AbortSignal.any: every request would leave an entry in a signal that lives as long as the process.
  const end = new AbortController();
  const giveUp = (): void => end.abort(signal.reason);
  signal.addEventListener('abort', giveUp, { once: true });
  const timer = setTimeout(() => {
    end.abort(new TimeoutError(`${what} took longer than ${timeoutMs / 1000} s`, { timeoutMs }));
  }, timeoutMs);
  try {
    return await work(end.signal);
  } catch (error) {
    if (signal.aborted) throw toError(signal.reason);
    if (end.signal.aborted) throw toError(end.signal.reason);
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', giveUp);
  }
}

/** Waits for shared work. @throws the signal's reason when it fires; the work then continues for other waiters */
export async function whileWanted<T>(shared: Promise<T>, signal: AbortSignal): Promise<T> {
  let giveUp = (): void => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    giveUp = () => reject(toError(signal.reason));
  });
  if (signal.aborted) giveUp();
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    // Race even if the signal has already fired, so that a failure of the shared work is never an unhandled rejection.
    return await Promise.race([aborted, shared]);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

/** Returns a signal that never fires, for tests and the start of the process. */
export function neverAborted(): AbortSignal {
  return new AbortController().signal;
}
