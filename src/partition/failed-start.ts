import { JobFailedError } from '../hmc-client/errors/index.ts';
import { StartRefusedError } from './errors.ts';
import type { FailedStart, PartitionRef } from './lifecycle.ts';
import { loadFailedStatuses } from './status.ts';

/**
 * Whether the HMC did not activate the partition, so that nothing was loaded. The status decides, not the result of the
 * job: a failed load leaves an activated partition (zhmc-ansible-modules issue 103), and missing resources leave
 * `reservation-error` (issue 474).
 */
export function wasRefused({ status, cause }: FailedStart): boolean {
  const isRefusal = cause instanceof JobFailedError && cause.status < 500;
  return isRefusal || !loadFailedStatuses.has(status);
}

/**
 * Returns the error of a refused start, with advice. Its cause is the error of the job.
 *
 * @param cause - the cause if the HMC gave no error
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
  return 'check the partition, and other operations on it, on the HMC';
}
