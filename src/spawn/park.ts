import { noEvidence, parkedDescription } from '../partition/index.ts';
import type { PartitionOwner } from '../partition/index.ts';
import { actsOf, beforeChanges } from './act.ts';
import { readAndStop, destroy, disconnectAll, findPartition, hasWorkToDisconnect, stop } from './destroy.ts';
import type { DestroyRequest } from './destroy.ts';
import type { SpawnTools, VerbCall } from './types.ts';

/** What {@link park} does, by the names under which people and tests see it. */
export const parkActs = [
  'find-partition',
  'stop-partition',
  'disconnect-volumes',
  'detach-storage-groups',
  'delete-nics',
  'park-partition',
] as const;

/** The mapper of a destroy without mapped volumes. */
const nothingMapped = { unmap: () => Promise.resolve() };

/**
 * Destroys an instance of a compute manager that unmaps afterwards by itself (stock Nova). Masks may still exist when this
 * returns, so the WWPNs must be kept: the partition is stopped and kept for its ports, until {@link removeParked} or the
 * next spawn of the instance.
 *
 * Can be retried after an interruption. A partition without a port has no mask, and is deleted.
 *
 * @throws NothingChangedError when it failed before it changed anything; also when the partition is in doubt
 */
export async function park(request: DestroyRequest, tools: SpawnTools, call: VerbCall): Promise<void> {
  const { owner } = request;
  const { hmc, partitions, storage } = tools;
  const act = actsOf<(typeof parkActs)[number]>('destroy', call, tools.watchers);
  const lookAtRest = () => readAndStop(request, tools, call);

  const place = await beforeChanges(call, () => act('find-partition', () => findPartition(request, tools, call)));
  if (place === null) {
    // vHBAs are deleted with the partition; a storage group remains, and keeps its WWPNs.
    if (storage.model === 'storage-group') partitions.recordPartitionDeleted(owner);
    else partitions.recordAllDeleted(owner);
    return;
  }
  const { partition } = place;
  const isConnected = hasWorkToDisconnect(request, tools);
  const initiators = isConnected ? place.initiators : await storage.initiators(owner, partition, call);
  partitions.recordPorts(owner, initiators);
  if (initiators.length === 0 && !partitions.hadPorts(owner)) {
    await destroy(request, nothingMapped, tools, call);
    return;
  }
  await act('stop-partition', () => stop(partition, request, tools, call));
  if (isConnected)
    await act('disconnect-volumes', async () => {
      await lookAtRest();
      await disconnectAll(request, place, tools, call);
    });
  if (storage.model === 'storage-group')
    await act('detach-storage-groups', async () => {
      const found = await lookAtRest();
      if (found.kind === 'ours') await storage.unbindOthers(owner, found.partition, call);
    });
  // The ports of the networks are deleted with the instance, and another instance may get their MAC addresses.
  await act('delete-nics', async () => {
    const found = await lookAtRest();
    if (found.kind === 'ours') await tools.network.remove(found.partition, request.nics ?? [], 'delete', call);
  });
  await act('park-partition', async () => {
    const found = await lookAtRest();
    const { uri, hasImage } = found.kind === 'ours' ? found.partition : partition;
    partitions.recordParking(owner);
    const description = parkedDescription(owner.host);
    await hmc.partitions.update(uri, { description, bootDevice: 'none', bootOsSpecificParameters: '' }, call);
    if (hasImage === true) await hmc.partitions.unmountIso(uri, call);
  });
}

/**
 * Deletes the parked partition of an instance and its WWPNs. The caller knows that no mask is left. An instance that was
 * spawned again meanwhile is left as it is.
 *
 * @throws ConflictError when somebody has started the parked partition; NothingChangedError as {@link destroy}
 */
export async function removeParked(owner: PartitionOwner, tools: SpawnTools, call: VerbCall): Promise<void> {
  const found = await beforeChanges(call, () => tools.partitions.decide(owner, noEvidence, call));
  if (found.kind === 'ours' && found.partition.isParked !== true) return;
  await beforeChanges(call, () => tools.partitions.requireAtRest(owner, noEvidence, call));
  await destroy({ owner, mapped: [], isMappingKnown: false }, nothingMapped, tools, call);
}
