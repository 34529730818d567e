import { ConflictError, describeError, retry } from '../base/index.ts';
import type { Waiting } from '../base/index.ts';
import { classify, HmcSchemaError, isHmcError } from './errors.ts';
import type { Requester } from './requester.ts';

/** A create whose outcome can be looked up by the name that was asked for. */
export interface Creation {
  /** The beginning of every message. */
  readonly what: string;
  readonly create: () => Promise<string>;
  /** The object of that name, and whether it is what was asked for; undefined when there is none. */
  readonly find: () => Promise<Found | undefined>;
}

export interface Found {
  readonly uri: string;
  readonly matches: boolean;
}

/**
 * Creates something exactly once, as names are unique: when the answer is lost, or an error comes after which the object
 * may exist, it is looked up; if it is not there, the create is sent again, and a refusal of the name as taken (400.8)
 * then means that the first one did have its effect.
 *
 * @returns the URI of the new object
 * @throws HmcHttpError 400.8 when the name is taken at the first attempt: that is somebody else's object
 * @throws ConflictError when the object found is not what was asked for
 */
export async function createOnce(requester: Requester, creation: Creation, w: Waiting): Promise<string> {
  const { what } = creation;
  const { log, policies } = requester;
  let isUncertain = false;
  let isBlind = false;
  const attempt = async (): Promise<string> => {
    try {
      return await creation.create();
    } catch (error) {
      const isNameTaken = isUncertain && isHmcError(error, 400, 8);
      if (!isNameTaken && !leavesUnknown(error)) throw error;
      isUncertain = true;
      isBlind = true;
      const found = await lookUp(requester, creation, error, w);
      isBlind = false;
      if (found === undefined) throw error;
      log.warn({ event: 'hmc.reconciled', what, uri: found }, 'created, though the HMC could not say so');
      return found;
    }
  };
  // A create is sent again only when a look has shown that the one before had no effect.
  const isRetryable = (error: Error): boolean => !isBlind && leavesUnknown(error);
  return await retry(attempt, { what, policy: policies.reconcile, signal: w.signal, isRetryable, log });
}

/** @throws the failure of the create when it cannot be looked up: what is unknown comes first, why second. */
async function lookUp(
  { log }: Requester,
  { what, find }: Creation,
  failure: unknown,
  w: Waiting,
): Promise<string | undefined> {
  let found: Found | undefined;
  try {
    found = await find();
  } catch (error) {
    w.signal.throwIfAborted();
    log.warn({ event: 'hmc.reconcile', what, error: describeError(error) }, 'cannot look it up');
    throw failure;
  }
  if (found?.matches !== false) return found?.uri;
  throw new ConflictError(`${what}: the name belongs to another object`, { uri: found.uri }, { cause: failure });
}

/** May the request have had its effect? */
function leavesUnknown(error: unknown): boolean {
  return classify(error) === 'unknown-outcome' || error instanceof HmcSchemaError;
}
