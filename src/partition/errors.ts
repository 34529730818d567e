import { ConflictError, DpmError } from '../base/index.ts';
import type { Doubt } from './whereabouts.ts';

/** A partition did not reach the status that was waited for; `observed` says what was seen instead, and how often. @public */
export class StatusTimeoutError extends DpmError {
  readonly code = 'STATUS_TIMEOUT';
}

/** A partition ended its start in another status than running, on every path that was tried. @public */
export class BootFailedError extends DpmError {
  readonly code = 'BOOT_FAILED';
}

/** The HMC did not start a partition: nothing was loaded, so that no other path would do better. @public */
export class StartRefusedError extends DpmError {
  readonly code = 'START_REFUSED';
}

/** The partition is in a status in which nobody can say what an operation would do. @public */
export class PartitionStatusError extends DpmError {
  readonly code = 'CONFLICT';
}

/** No path to a LUN answers, though Cinder has mapped it; says of each path where it ends, and the likely cause. @public */
export class LunUnreachableError extends DpmError {
  readonly code = 'LUN_UNREACHABLE';
}

/** DPM did not find the LUN of a storage volume, or found another one than was asked for; says what it saw. @public */
export class VolumeNotFulfilledError extends DpmError {
  readonly code = 'NOT_FULFILLED';
}

/**
 * Nobody can tell from here whether an instance has a partition, or which one it is; says what stands on the HMC, and what
 * to look at there. Nothing was changed: what is in doubt may run. @public
 */
export class PartitionInDoubtError extends ConflictError {}

/** @param what - what is in doubt, as a message begins with it */
export function doubtOf(
  what: string,
  { why, advice, candidates }: Doubt,
  facts: Readonly<Record<string, unknown>> = {},
  options?: ErrorOptions,
): PartitionInDoubtError {
  const partitions = candidates.map(({ name, uri }) => ({ name, uri }));
  const text = `${what} is in doubt: ${why}; ${advice}. Nothing was changed`;
  return new PartitionInDoubtError(text, { ...facts, partitions }, options);
}
