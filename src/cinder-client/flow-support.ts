import { ConflictError, describeError, missingPeer, toError } from '../base/index.ts';
import type { Logger, Waiting } from '../base/index.ts';
import {
  CinderConnectionError,
  CinderHttpError,
  classify,
  isCinderError,
  isGone,
  lastAttempt,
  VolumeStateError,
} from './errors.ts';
import type { CinderClient, Connector, Volume } from './types.ts';
import { noVolume } from './volumes.ts';

/** What was tried with which volume, and the statuses for which it works. */
export interface Attempted {
  readonly what: string;
  readonly volumeId: string;
  readonly expected: readonly string[];
}

/** Cinder's 400 says "invalid": the volume's own status says why, where it is the reason. */
export async function explainRefusal(
  cinder: CinderClient,
  error: unknown,
  { what, volumeId, expected }: Attempted,
  w: Waiting,
): Promise<unknown> {
  if (!(lastAttempt(error) instanceof CinderHttpError)) return error;
  if (isGone(error)) return noVolume(volumeId, error);
  if (!isCinderError(error, 400)) return error;
  const volume = await cinder.findVolume(volumeId, w);
  if (volume === undefined) return noVolume(volumeId, error);
  return expected.includes(volume.status) ? error : new VolumeStateError(what, volume, expected, { cause: error });
}

/**
 * After a connection that failed at the array, or whose answer never came: tells the array to take back what it may have
 * masked, as Nova's client does. The first error is the one that counts, so a second is logged and no more.
 *
 * @returns whether the array has taken it back
 */
export async function backOut(
  cinder: CinderClient,
  volumeId: string,
  connector: Connector,
  error: unknown,
  log: Logger,
  w: Waiting,
): Promise<boolean> {
  if (isRefusedOutright(error) || w.signal.aborted) return false;
  try {
    await cinder.actions.terminateConnection(volumeId, connector, w);
    return true;
  } catch (second) {
    log.warn({ event: 'cinder.backout', volumeId, error: describeError(second) }, 'masking may be left behind');
    return false;
  }
}

/**
 * Did Cinder refuse to connect before it asked the array? Each of its errors of the 400s says so: what the array says no
 * to is a 500. A request that was never sent has not reached the array either.
 */
export function isRefusedOutright(error: unknown): boolean {
  const last = lastAttempt(error);
  if (last instanceof CinderConnectionError) return !last.sent;
  return last instanceof CinderHttpError && last.status >= 400 && last.status < 500;
}

/** Did Cinder itself say that the array failed? A proxy's answer says nothing of the array. */
function isArrayFailure(error: unknown): boolean {
  const last = lastAttempt(error);
  return last instanceof CinderHttpError && last.status === 500 && last.faultName !== '';
}

/** A connection that is to be removed, and the two calls that make and remove it. */
export interface Removal {
  readonly volumeId: string;
  readonly connector: Connector;
  readonly remove: () => Promise<void>;
  readonly connect: () => Promise<unknown>;
}

/**
 * Removes a connection that may not be there. An array that fails to remove it may be out of order, or may not have it:
 * an earlier answer was lost, or a person has unmasked the volume. Many fail then (Cinder's Storwize driver, for one), and
 * Cinder's 500 does not tell which it is. A connection that is made again is there for certain, and drivers have to bear
 * a repeat: so it is made again, and removed.
 */
export async function removeForCertain(removal: Removal, log: Logger, w: Waiting): Promise<void> {
  const { volumeId, connector, remove, connect } = removal;
  try {
    await remove();
  } catch (error) {
    if (!isArrayFailure(error)) throw error;
    const what = 'the array failed to disconnect; connecting again, to disconnect for certain';
    log.warn({ event: 'cinder.reconnect', volumeId, error: describeError(error) }, what);
    const failure = await connect().then(
      () => undefined,
      (second: unknown) => toError(second ?? error),
    );
    w.signal.throwIfAborted();
    try {
      await remove();
    } catch (third) {
      if (failure === undefined || !isArrayFailure(third)) throw third;
      // It takes no person, but a Cinder that answers: then the same will be tried again.
      if (missingPeer(failure) !== undefined) throw failure;
      const ports = connector.wwpns.join(', ');
      const message = `disconnect volume ${volumeId}: the array failed, also to connect it again; look on the array whether it still presents the volume to ${ports}`;
      throw new ConflictError(message, { volumeId, wwpns: connector.wwpns }, { cause: third });
    }
  }
}

/** Both flows detach from `in-use` by way of `detaching`. */
export async function beginDetaching(cinder: CinderClient, volumeId: string, w: Waiting): Promise<void> {
  try {
    await cinder.actions.beginDetaching(volumeId, w);
  } catch (error) {
    if (isUncertain(error) && (await statusOf(cinder, volumeId, w)) === 'detaching') return;
    throw await explainRefusal(cinder, error, { what: 'begin detaching', volumeId, expected: ['in-use'] }, w);
  }
}

/** It may have been done: no answer, or an error from above or below Cinder. */
export function isUncertain(error: unknown): boolean {
  return ['unknown-outcome', 'busy'].includes(classify(error));
}

async function statusOf(cinder: CinderClient, volumeId: string, w: Waiting): Promise<Volume['status'] | undefined> {
  return (await cinder.findVolume(volumeId, w))?.status;
}
