import { ConflictError, describeError, retry } from '../base/index.ts';
import type { Waiting } from '../base/index.ts';
import { isHmcError, mayHaveEffect } from './errors/index.ts';
import type { Requester } from './requester.ts';

/** A change that must not be made twice, whose effect can be looked up. */
interface OnceOnly<T> {
  /** The beginning of every message. */
  readonly what: string;
  readonly send: () => Promise<T>;
  /** What the change would have made; undefined when it had no effect. */
  readonly find: () => Promise<Found<T> | undefined>;
}

/** What a look-up found. */
export interface Found<T> {
  readonly value: T;
  /** Is it what was asked for? Names can belong to other objects. */
  readonly matches: boolean;
  readonly uri: string;
}

/**
 * Makes a change exactly once. When the answer is lost, or an error comes after which the effect may be there, it is
 * looked for; if it is not there, the request is sent again, and a refusal of its name as taken (400.8) then means that
 * the first one did have its effect.
 *
 * @returns the answer, or the same as the look-up gave it
 * @throws HmcHttpError 400.8 when the name is taken at the first attempt: that is somebody else's object
 * @throws ConflictError when the object found is not what was asked for
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
      log.warn({ event: 'hmc.reconciled', what, uri: found.uri }, 'done, though the HMC could not say so');
      return found.value;
    }
  };
  // It is sent again only when a look has shown that the one before had no effect.
  const isRetryable = (error: Error): boolean => !isBlind && mayHaveEffect(error);
  return await retry(attempt, { what, policy: policies.reconcile, signal: w.signal, isRetryable, log });
}

/** @throws the failure of the change when it cannot be looked up: what is unknown comes first, why second. */
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
    log.warn({ event: 'hmc.reconcile', what, error: describeError(error) }, 'cannot look it up');
    throw failure;
  }
  if (found?.matches !== false) return found;
  throw new ConflictError(`${what}: the name belongs to another object`, { uri: found.uri }, { cause: failure });
}
