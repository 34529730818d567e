import { JobFailedError } from '../hmc-client/errors/index.ts';
import { StartRefusedError } from './errors.ts';
import type { FailedStart, PartitionRef } from './lifecycle.ts';
import { loadFailedStatuses } from './status.ts';

/**
 * Whether the HMC did not activate the partition at all, so that nothing was loaded. A load that fails leaves an activated
 * partition behind, whichever way its job ended (zhmc-ansible-modules issue 103); without resources the partition is in
 * `reservation-error`, whichever way its job ended (zhmc-ansible-modules issue 474).
 */
export function wasRefused({ status, cause }: FailedStart): boolean {
  const isRefusal = cause instanceof JobFailedError && cause.status < 500;
  return isRefusal || !loadFailedStatuses.has(status);
}

/**
 * Says that a start was refused, and what to do. The job's error, with its status and reason, is the cause.
 *
 * @param cause - what else explains it, where the HMC gave no error
 */
export function startRefused(partition: PartitionRef, failed: FailedStart, cause?: Error): StartRefusedError {
  const { status, hmcSaid } = failed;
  const said = failed.cause === undefined ? ` (${hmcSaid})` : '';
  return new StartRefusedError(
    `start partition "${partition.name}": the HMC did not start it, and its status is "${status}"${said}; ${adviceFor(status)}`,
    { partition: partition.name, partitionUri: partition.uri, status, hmcSaid },
    { cause: failed.cause ?? cause },
  );
}

function adviceFor(status: string): string {
  if (status === 'reservation-error')
    return 'memory, processors, adapter capacity or storage is missing: stop other partitions, or look at this one on the HMC';
  return 'look at the partition, and at what else works on it, on the HMC';
}
