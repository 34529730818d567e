import { ConflictError, describeError, retry } from '../base/index.ts';
import type { Waiting } from '../base/index.ts';
import { isHmcError, mayHaveEffect } from './errors/index.ts';
import type { Requester } from './requester.ts';

/** A change that must be made only once. */
interface OnceOnly<T> {
  /** The beginning of every message. */
  readonly what: string;
  readonly send: () => Promise<T>;
  /** Looks up the result of the change; undefined when it had no effect. */
  readonly find: () => Promise<Found<T> | undefined>;
}

export interface Found<T> {
  readonly value: T;
  /** Whether the object is as requested; the name may belong to another object. */
  readonly matches: boolean;
  readonly uri: string;
}

/**
 * Makes a change exactly once. If its outcome is unknown, looks it up; if there was no effect, sends the request again.
 * After an unknown outcome, 400.8 (the name is taken) means that the first request had its effect.
 *
 * @returns the answer, or the result of the look-up
 * @throws HmcHttpError 400.8 when the name is taken at the first attempt, by another object
 * @throws ConflictError when the object found is not as requested
 */
export async function sendOnce<T>(requester: Requester, change: OnceOnly<T>, w: Waiting): Promise<T> {
  const { what } = change;
  const { log, policies } = requester;
  let isUncertain = false;
  let isBlind = false;
  const attempt = async (): Promise<T> => {
    try {
      return await change.send();
    } catch (error) {
      const isNameTaken = isUncertain && isHmcError(error, 400, 8);
      if (!isNameTaken && !mayHaveEffect(error)) throw error;
      isUncertain = true;
      isBlind = true;
      const found = await lookUp(requester, change, error, w);
      isBlind = false;
      if (found === undefined) throw error;
      log.warn({ event: 'hmc.reconciled', what, uri: found.uri }, 'the change was made, although its answer was lost');
      return found.value;
    }
  };
  // Retries only when the look-up has shown no effect.
  const isRetryable = (error: Error): boolean => !isBlind && mayHaveEffect(error);
  return await retry(attempt, { what, policy: policies.reconcile, signal: w.signal, isRetryable, log });
}

/** @throws the failure of the change when the look-up fails */
async function lookUp<T>(
  { log }: Requester,
  { what, find }: OnceOnly<T>,
  failure: unknown,
  w: Waiting,
): Promise<Found<T> | undefined> {
  let found: Found<T> | undefined;
  try {
    found = await find();
  } catch (error) {
    w.signal.throwIfAborted();
    log.warn({ event: 'hmc.reconcile', what, error: describeError(error) }, 'the look-up failed');
    throw failure;
  }
  if (found?.matches !== false) return found;
  throw new ConflictError(`${what}: the name belongs to another object`, { uri: found.uri }, { cause: failure });
}
