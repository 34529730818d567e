import { deletableStatuses, noEvidence } from '../partition/index.ts';
import type { Decided, PartitionOwner } from '../partition/index.ts';
import { actsOf, unchanged } from './act.ts';
import type { Act } from './act.ts';
import type { PartitionWithPorts } from './partition.ts';
import type { MappedVolume, SpawnTools, VerbCall, VolumeMapper } from './types.ts';
import { evidenceOf, optionsFor } from './volumes.ts';

/** What a destroy does, by the names under which people and tests see it. */
export const destroyActs = [
  'find-partition',
  'stop-partition',
  'disconnect-volumes',
  'unmap-volumes',
  'detach-storage-groups',
  'delete-partition',
  'delete-storage-group',
] as const;
type DestroyAct = Act<(typeof destroyActs)[number]>;

export interface DestroyRequest {
  readonly owner: PartitionOwner;
  /** The volumes whose connection_info is still known: their drivers disconnect them. */
  readonly mapped: readonly MappedVolume[];
  /** False where whoever asks knows nothing of volumes, so that some may be mapped. */
  readonly isMappingKnown: boolean;
}

/**
 * Destroys an instance in the order that protects its data: stop the partition, disconnect and unmap its volumes, and only
 * then give up its WWPNs, because an HMC assigns a WWPN again and the disk would come with it.
 *
 * Safe to run again after an interruption; succeeds when nothing is left. Looks at the partition again before each act that
 * takes something away: a person may have started, renamed or restored it meanwhile.
 *
 * @throws NothingChangedError when it failed before it had changed anything; also when the partition is in doubt
 */
export async function destroy(
  request: DestroyRequest,
  mapper: Pick<VolumeMapper, 'unmap'>,
  tools: SpawnTools,
  call: VerbCall,
): Promise<void> {
  const { owner, mapped } = request;
  const { lifecycle, partitions, storage } = tools;
  const act: DestroyAct = actsOf('destroy', call, tools.watchers);
  const lookAtRest = () => atRest(request, tools, call);

  const place = await unchanged(call, () => act('find-partition', () => findPartition(request, tools, call)));
  if (place !== null) {
    await act('stop-partition', () => lifecycle.ensureStopped(place.partition, call));
    if (mapped.length > 0)
      await act('disconnect-volumes', async () => {
        await lookAtRest();
        await disconnectAll(request, place, tools, call);
      });
  }
  await act('unmap-volumes', async () => {
    await lookAtRest();
    await mapper.unmap(call);
  });
  if (storage.outlivesPartition)
    await act('detach-storage-groups', async () => {
      const found = await lookAtRest();
      if (found.kind === 'ours') await storage.unbind(owner, found.partition, true, call);
    });
  await act('delete-partition', async () => {
    const found = await lookAtRest();
    // Also what is absent by now: one reading that says "gone" is not enough to leave a partition behind.
    const partition = found.kind === 'ours' ? found.partition : place?.partition;
    if (partition !== undefined) await lifecycle.deleteStopped(partition, call);
    partitions.deleted(owner);
  });
  if (storage.outlivesPartition) await act('delete-storage-group', () => storage.deallocate(owner, call));
  partitions.gone(owner);
}

/** @throws PartitionInDoubtError */
async function decide(
  { owner, mapped, isMappingKnown }: DestroyRequest,
  { partitions }: SpawnTools,
  call: VerbCall,
): Promise<Decided> {
  // Without the mappings nobody knows whether there are any.
  return await partitions.decide(owner, isMappingKnown ? evidenceOf(mapped) : noEvidence, call);
}

/** The partition as it is now; it is stopped again if somebody has started it: that is what a delete is asked for. */
export async function atRest(request: DestroyRequest, tools: SpawnTools, call: VerbCall): Promise<Decided> {
  const found = await decide(request, tools, call);
  const isRunning = found.kind === 'ours' && !deletableStatuses.has(found.partition.status);
  if (isRunning) await tools.lifecycle.ensureStopped(found.partition, call);
  return found;
}

/** The partition of the instance with the ports that its volume drivers want to know; null when it does not exist. */
export async function findPartition(
  request: DestroyRequest,
  tools: SpawnTools,
  call: VerbCall,
): Promise<PartitionWithPorts | null> {
  const found = await decide(request, tools, call);
  if (found.kind === 'absent') return null;
  const { uri, name } = found.partition;
  const { owner, mapped } = request;
  // The ports are of interest only to the drivers of volumes.
  const initiators = mapped.length === 0 ? [] : await tools.storage.initiators(owner, { uri, name }, call);
  return { partition: { uri, name }, initiators };
}

/**
 * Disconnects the volumes, last first. What the partition holds of them goes with it, or is put right by the next spawn. Of
 * a spawn that did not come to connect them all, each driver rolls back whatever there is.
 */
export async function disconnectAll(
  { owner, mapped }: Pick<DestroyRequest, 'owner' | 'mapped'>,
  place: PartitionWithPorts,
  { partitions, volumeDrivers }: SpawnTools,
  call: VerbCall,
): Promise<void> {
  const verb = partitions.isConnected(owner) ? 'disconnectVolume' : 'rollback';
  for (const volume of mapped.toReversed()) {
    const driver = volumeDrivers.find(volume.connectionInfo.driver_volume_type);
    if (driver === undefined) continue; // no driver can have connected it
    const options = { ...optionsFor(volume, call), isTeardown: true };
    await driver[verb](volume.connectionInfo, { ...owner, ...place }, options);
  }
}
