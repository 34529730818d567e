import type { Waiting } from '../base/index.ts';
import { isHmcError } from '../hmc-client/index.ts';
import type { HmcSession, PartitionSummary } from '../hmc-client/index.ts';
import { instanceOf, partitionName } from './naming.ts';
import type { PartitionOwner } from './naming.ts';

/**
 * The partition of an instance, or undefined. One that has its name and not the mark of its host is somebody else's: it
 * is neither shown as ours, nor stopped, nor deleted.
 *
 * @throws HmcHttpError 404.1 when it is listed and cannot be read: whose it is, is then not decided
 */
export async function findOwnPartition(
  hmc: HmcSession,
  cpcUri: string,
  owner: PartitionOwner,
  w: Waiting,
): Promise<PartitionSummary | undefined> {
  const name = partitionName(owner);
  const found = await hmc.partitions.findByName(cpcUri, name, w);
  if (found === undefined) return undefined;
  try {
    const { description } = await hmc.partitions.get(found.uri, w, ['description']);
    return instanceOf(owner.host, { name, description }) === owner.instanceUuid ? found : undefined;
  } catch (error) {
    // Gone since it was listed, or hidden: the list tells.
    const isGone = isHmcError(error, 404) && (await hmc.partitions.findByName(cpcUri, name, w)) === undefined;
    if (isGone) return undefined;
    throw error;
  }
}
