import { ConflictError, DpmError } from '../base/index.ts';
import type { Doubt } from './search-result.ts';

/** A partition did not reach the expected status; `observed` counts the statuses seen instead. @public */
export class StatusTimeoutError extends DpmError {
  readonly code = 'STATUS_TIMEOUT';
}

/** The load of a partition failed over every path. @public */
export class BootFailedError extends DpmError {
  readonly code = 'BOOT_FAILED';
}

/** The HMC did not start a partition: nothing was loaded, so another path would not help. @public */
export class StartRefusedError extends DpmError {
  readonly code = 'START_REFUSED';
}

/** The partition is in a status that does not allow the operation. @public */
export class PartitionStatusError extends DpmError {
  readonly code = 'CONFLICT';
}

/** No path reaches a LUN that Cinder has mapped; the message says where each path ends, and the likely cause. @public */
export class LunUnreachableError extends DpmError {
  readonly code = 'LUN_UNREACHABLE';
}

/** DPM did not find the LUN of a storage volume, or found another one; the message says what it found. @public */
export class VolumeNotFulfilledError extends DpmError {
  readonly code = 'NOT_FULFILLED';
}

/**
 * It is not known whether an instance has a partition, or which one; the message says what the HMC shows, and what to check
 * there. Nothing was changed, because the partition may run. @public
 */
export class PartitionInDoubtError extends ConflictError {}

/** @param what - what is in doubt; begins the message */
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
