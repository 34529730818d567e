import { setTimeout as sleepFor } from 'node:timers/promises';
import { TimeoutError, toError } from './errors.ts';

/** Anything that waits takes this. */
export interface Waiting {
  readonly signal: AbortSignal;
}

/** Sleeps under the signal; throws the signal's own reason when it fires. */
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
 * Runs `work` under the caller's signal and a deadline of ours. When ours fires, a {@link TimeoutError} says which and
 * how long it was; when the caller's does, its reason comes through untouched.
 *
 * @param what - what is being done, for the message ("log on to HMC a90")
 */
export async function withDeadline<T>(
  what: string,
  timeoutMs: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  // Not AbortSignal.any: of a signal that lives as long as the process, every request would leave a trace there.
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

/**
 * Waits for work that others wait for too: when this caller's signal fires, only this caller stops waiting.
 *
 * @throws the signal's own reason, untouched.
 */
export async function whileWanted<T>(shared: Promise<T>, signal: AbortSignal): Promise<T> {
  let giveUp = (): void => undefined;
  const given = new Promise<never>((_resolve, reject) => {
    giveUp = () => reject(toError(signal.reason));
  });
  if (signal.aborted) giveUp();
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    // Raced even when the signal has fired already: the shared work may fail too, and somebody has to have heard it.
    return await Promise.race([given, shared]);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

/** A signal that never fires, for the places that have no caller to be asked (tests, process start). */
export function neverAborted(): AbortSignal {
  return new AbortController().signal;
}
