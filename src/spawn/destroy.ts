import type { Waiting } from '../base/index.ts';
import { isHmcError } from '../hmc-client/errors/index.ts';
import { deletableStatuses, noEvidence } from '../partition/index.ts';
import type { Decided, OwnPartition, PartitionOwner, PartitionRef } from '../partition/index.ts';
import type { VolumeDriver } from '../volume/index.ts';
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
 * Safe to run again after an interruption; succeeds when nothing is left. The look that sees the partition stopped decides
 * once more whose it is; it is looked at again after each act that may have taken long, before something else is taken
 * away: a person may have started, renamed or restored it meanwhile. The delete needs no look of its own, since an HMC
 * deletes no partition that runs.
 *
 * @throws NothingChangedError when it failed before it had changed anything; also when the partition is in doubt
 */
export async function destroy(
  request: DestroyRequest,
  mapper: Pick<VolumeMapper, 'unmap'>,
  tools: SpawnTools,
  call: VerbCall,
): Promise<void> {
  const { owner } = request;
  const { partitions, storage } = tools;
  const act: DestroyAct = actsOf('destroy', call, tools.watchers);
  const lookAtRest = () => atRest(request, tools, call);

  const place = await unchanged(call, () => act('find-partition', () => findPartition(request, tools, call)));
  let found: Decided | null = null; // null: to be looked at again
  if (place !== null) {
    found = await act('stop-partition', () => stop(place.partition, request, tools, call));
    if (hasWorkToDisconnect(request, tools)) {
      await act('disconnect-volumes', () => disconnectAll(request, place, tools, call));
      found = null;
    }
  }
  await act('unmap-volumes', async () => {
    found ??= await lookAtRest();
    await mapper.unmap(call);
  });
  const others = found?.kind === 'ours' ? found.partition.otherGroupUris : [];
  if (storage.outlivesPartition && others?.length !== 0)
    await act('detach-storage-groups', async () => {
      found = await lookAtRest();
      if (found.kind === 'ours') await storage.unbind(owner, found.partition, true, call);
    });
  await act('delete-partition', async () => {
    // What was absent may have been restored.
    if (place === null) found = await lookAtRest();
    // Also what is absent by now: one reading that says "gone" is not enough to leave a partition behind.
    const partition = found?.kind === 'ours' ? found.partition : place?.partition;
    if (partition !== undefined) await deleteAtRest(partition, request, tools, call);
    partitions.deleted(owner);
  });
  if (storage.outlivesPartition) await act('delete-storage-group', () => storage.deallocate(owner, call));
  partitions.gone(owner);
}

/** Stops the partition. @returns what the look that saw it stopped found of it; null where it was not looked at */
export async function stop(
  partition: OwnPartition,
  request: DestroyRequest,
  tools: SpawnTools,
  call: VerbCall,
): Promise<Decided | null> {
  let found: Decided | null = deletableStatuses.has(partition.status) ? { kind: 'ours', partition } : null;
  const look = async (w: Waiting) => {
    found = await decide(request, tools, { ...call, ...w });
    return found.kind === 'ours' ? found.partition.status : GONE;
  };
  await tools.lifecycle.ensureStopped(partition, call, { seen: partition.status, look });
  return found;
}

/** What is not there does not run. */
const GONE = 'stopped';

/** An HMC refuses to delete what somebody has started again (409.1): then it is stopped again, if it is still ours. */
async function deleteAtRest(
  partition: PartitionRef,
  request: DestroyRequest,
  tools: SpawnTools,
  call: VerbCall,
): Promise<void> {
  const { lifecycle } = tools;
  try {
    await lifecycle.deleteStopped(partition, call);
  } catch (error) {
    if (!isHmcError(error, 409, 1)) throw error;
    const found = await atRest(request, tools, call);
    await lifecycle.deleteStopped(found.kind === 'ours' ? found.partition : partition, call);
  }
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
  if (!isRunning) return found;
  return (await stop(found.partition, request, tools, call)) ?? found;
}

/** A partition as it was seen, with the ports that its volume drivers want to know. */
interface FoundPartition extends PartitionWithPorts {
  readonly partition: OwnPartition;
}

/** The partition of the instance; null when it does not exist. */
export async function findPartition(
  request: DestroyRequest,
  tools: SpawnTools,
  call: VerbCall,
): Promise<FoundPartition | null> {
  const found = await decide(request, tools, call);
  if (found.kind === 'absent') return null;
  const { partition } = found;
  // The ports are of interest only to the drivers of volumes.
  const isAsked = hasWorkToDisconnect(request, tools);
  return { partition, initiators: isAsked ? await tools.storage.initiators(request.owner, partition, call) : [] };
}

/** The drivers that have something to do for a volume of a partition that goes as a whole. */
function driverOf({ connectionInfo }: MappedVolume, { volumeDrivers }: SpawnTools): VolumeDriver | undefined {
  const driver = volumeDrivers.find(connectionInfo.driver_volume_type); // none: then none can have connected it
  return driver?.goesWithPartition === true ? undefined : driver;
}

export function hasWorkToDisconnect({ mapped }: DestroyRequest, tools: SpawnTools): boolean {
  return mapped.some((volume) => driverOf(volume, tools) !== undefined);
}

/**
 * Disconnects the volumes, last first. What the partition holds of them goes with it, or is put right by the next spawn. Of
 * a spawn that did not come to connect them all, each driver rolls back whatever there is.
 */
export async function disconnectAll(
  { owner, mapped }: Pick<DestroyRequest, 'owner' | 'mapped'>,
  place: PartitionWithPorts,
  tools: SpawnTools,
  call: VerbCall,
): Promise<void> {
  const verb = tools.partitions.isConnected(owner) ? 'disconnectVolume' : 'rollback';
  for (const volume of mapped.toReversed()) {
    const driver = driverOf(volume, tools);
    if (driver === undefined) continue;
    const options = { ...optionsFor(volume, call), isTeardown: true };
    await driver[verb](volume.connectionInfo, { ...owner, ...place }, options);
  }
}
