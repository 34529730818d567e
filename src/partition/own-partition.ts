import type { Waiting } from '../base/index.ts';
import type { HmcSession, PartitionSummary } from '../hmc-client/index.ts';
import { instanceOf, partitionName } from './naming.ts';
import type { PartitionOwner } from './naming.ts';

/**
 * The partition of an instance, or undefined. One that has its name and not the mark of its host is somebody else's: it
 * is neither shown as ours, nor stopped, nor deleted.
 *
 * @throws HmcHttpError, HmcConnectionError
 */
export async function findOwnPartition(
  hmc: HmcSession,
  cpcUri: string,
  owner: PartitionOwner,
  w: Waiting,
): Promise<PartitionSummary | undefined> {
  const found = await hmc.partitions.listDetailed(cpcUri, { name: partitionName(owner) }, ['description'], w);
  return found.find((partition) => instanceOf(owner.host, partition) === owner.instanceUuid);
}
