import { describeError } from '../base/index.ts';
import type { Logger, Waiting } from '../base/index.ts';
import { CinderHttpError, classify, isCinderError, isGone, lastAttempt, VolumeStateError } from './errors.ts';
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
 */
export async function backOut(
  cinder: CinderClient,
  volumeId: string,
  connector: Connector,
  error: unknown,
  log: Logger,
  w: Waiting,
): Promise<void> {
  const isRefusedOutright = !['unknown-outcome', 'busy'].includes(classify(error));
  if (isRefusedOutright || w.signal.aborted) return;
  try {
    await cinder.actions.terminateConnection(volumeId, connector, w);
  } catch (second) {
    log.warn({ event: 'cinder.backout', volumeId, error: describeError(second) }, 'masking may be left behind');
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
