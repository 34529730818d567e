import { ConflictError } from '../base/index.ts';
import type { Waiting } from '../base/index.ts';
import type { Initiator, PreparedGroup, PreparedGroups } from '../partition/index.ts';
import type { PartitionRequest, SpawnTools } from './types.ts';

/**
 * Does the instance need ports of its own? One that only uses a prepared storage group gets them with its first volume of
 * Cinder; unless the fabric wants to have seen them log in, which is done before the boot.
 */
export function needsPorts({ storageGroup, volumes }: PartitionRequest, { storage, boot }: SpawnTools): boolean {
  if (storage.preparedGroups === undefined || storageGroup === null || volumes.length > 0) return true;
  return boot.loginBeforeZoning && storage.hasAdapterPorts;
}

/**
 * Creates the storage group of an instance, or takes over the one that an interrupted spawn has made; with vHBAs, only
 * checks that there are adapter ports to put them on.
 *
 * @returns the ports that are known with it
 * @throws ConflictError when what has its name cannot be used. A destroy leaves it if it is not ours, and else says what is in it
 */
export async function createStorageGroup(
  { owner, volumes }: PartitionRequest,
  { storage }: SpawnTools,
  w: Waiting,
): Promise<readonly Initiator[]> {
  const { initiators, obstacle } = await storage.allocate(owner, volumes, w);
  if (obstacle !== null) throw new ConflictError(`${obstacle}: it is left as it is`);
  return initiators;
}

/**
 * Finds the prepared storage group that a spawn names, and checks that it can be used as it is. Changes nothing.
 *
 * @throws NotFoundError or ConflictError saying what is wrong with the group
 */
export async function findStorageGroup(
  { volumes, partition }: PartitionRequest,
  { name, bootVolume }: NonNullable<PartitionRequest['storageGroup']>,
  tools: SpawnTools,
  w: Waiting,
): Promise<PreparedGroup> {
  const isBootSource = !volumes.some(({ isBoot }) => isBoot);
  const request = { name, isBootSource, bootVolume: bootVolume ?? undefined };
  return await preparedGroups(tools, name).find(request, partition.name, w);
}

/** @throws ConflictError when the machine has none */
export function preparedGroups({ storage }: SpawnTools, name: string): PreparedGroups {
  if (storage.preparedGroups !== undefined) return storage.preparedGroups;
  throw new ConflictError(`storage group "${name}": this CPC has vHBAs and no storage groups`, { storageGroup: name });
}
