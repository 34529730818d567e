import pLimit from 'p-limit';
import { toError } from '../../../base/index.ts';

/** Servers that one command works on in parallel. The manager has further limits. */
const SERVERS_AT_ONCE = 8;

/**
 * Runs an operation on each of several servers in parallel. A failure does not stop the others.
 *
 * @param what - the operations, for the message of several failures: `deletions`
 * @returns the results in the order of the servers
 * @throws the only error, or an AggregateError with all of them
 */
export async function runOnEach<S, T>(
  what: string,
  servers: readonly S[],
  operation: (server: S) => Promise<T>,
): Promise<readonly T[]> {
  const limit = pLimit(SERVERS_AT_ONCE);
  const ends = await Promise.allSettled(servers.map((server) => limit(operation, server)));
  const failed = ends.filter((end) => end.status === 'rejected').map((end) => toError(end.reason));
  if (failed.length === 1 && failed[0] !== undefined) throw failed[0];
  if (failed.length > 1) throw new AggregateError(failed, `${failed.length} of ${servers.length} ${what} failed`);
  return ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
}
