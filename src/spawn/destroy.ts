import type { Waiting } from '../base/index.ts';
import { isHmcError } from '../hmc-client/errors/index.ts';
import { deletableStatuses, noEvidence } from '../partition/index.ts';
import type { Decided, NicPort, OwnPartition, PartitionOwner } from '../partition/index.ts';
import type { VolumeDriver } from '../volume/index.ts';
import { actsOf, beforeChanges } from './act.ts';
import type { Act } from './act.ts';
import type { PartitionWithPorts } from './partition.ts';
import type { MappedVolume, SpawnTools, VerbCall, VolumeMapper } from './types.ts';
import { evidenceOf, optionsFor } from './volumes.ts';

/** The acts of a destroy, as users and tests see them. */
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

/**
 * How long the last reading of the partition stays valid, in milliseconds. Acts that follow each other directly take less
 * time and share one reading. After a longer act, for example when Cinder is slow, the partition is read again.
 */
const READING_VALID_MS = 10_000;

export interface DestroyRequest {
  readonly owner: PartitionOwner;
  /** The volumes with a known connection_info: their drivers disconnect them. */
  readonly mapped: readonly MappedVolume[];
  /** False if the caller does not know the volumes: some may be mapped. */
  readonly isMappingKnown: boolean;
  /** The network ports, as far as the caller knows them. */
  readonly nics?: readonly NicPort[] | undefined;
  /** Called each time before the partition is read. */
  readonly onLook?: (() => void) | undefined;
}

/**
 * Destroys an instance in the order that protects its data: stop the partition, disconnect and unmap its volumes, and only
 * then delete the partition with its WWPNs. The HMC may assign these WWPNs to another partition later. That partition could
 * then access every volume that is still mapped to them.
 *
 * Can be retried after an interruption; destroying an instance that is already gone succeeds. Checks the owner of
 * the partition again after the stop, and each time the last check is too old: meanwhile, an administrator may have started, renamed or
 * restored the partition. Does not check the status just before the delete, because an HMC refuses to delete a running
 * partition.
 *
 * @throws NothingChangedError when the destroy failed before it changed anything, for example because the partition is in
 *   doubt
 */
export async function destroy(
  asked: DestroyRequest,
  mapper: Pick<VolumeMapper, 'unmap'>,
  tools: SpawnTools,
  call: VerbCall,
): Promise<void> {
  let lastReading: Decided | null = null; // null if no reading is valid
  // When the last reading began, not when it ended: its first answers may be minutes old if it waited for an outage to end.
  let lastReadingAt = 0;
  const onLook = () => {
    lastReadingAt = performance.now();
  };
  const request = { ...asked, onLook };
  const { owner } = request;
  const { partitions, storage } = tools;
  const act: DestroyAct = actsOf('destroy', call, tools.watchers);
  const readAgain = async () => (lastReading = await readAndStop(request, tools, call));
  /** Reads the partition again unless the last reading is still valid. */
  const currentReading = async () =>
    lastReading !== null && performance.now() - lastReadingAt < READING_VALID_MS ? lastReading : await readAgain();

  const ours = await beforeChanges(call, () => act('find-partition', () => findPartition(request, tools, call)));
  if (ours !== null) {
    lastReading = await act('stop-partition', async () => await stop(ours.partition, request, tools, call));
    if (hasWorkToDisconnect(request, tools)) {
      await act('disconnect-volumes', async () => {
        await currentReading();
        await disconnectAll(request, ours, tools, call);
      });
      lastReading = null; // the drivers may have taken long
    }
  }
  const readingBeforeUnmap = await act('unmap-volumes', async () => {
    const found = await currentReading();
    await mapper.unmap(call);
    return found;
  });
  const otherGroupUris = readingBeforeUnmap.kind === 'ours' ? readingBeforeUnmap.partition.otherGroupUris : [];
  // If undefined, the reading did not include the storage groups, so groups of other owners may be attached.
  if (storage.model === 'storage-group' && otherGroupUris?.length !== 0)
    await act('detach-storage-groups', async () => {
      const found = await readAgain();
      if (found.kind === 'ours') await storage.unbind(owner, found.partition, true, call);
    });
  await act('delete-partition', async () => {
    // If there was no partition at the start, an administrator may have restored it meanwhile.
    const found = ours === null ? await readAgain() : await currentReading();
    // If the partition was found at the start but not by the last reading, try to delete it anyway. If that reading is
    // wrong, the partition would become an orphan.
    const partition = found.kind === 'ours' ? found.partition : ours?.partition;
    if (partition !== undefined) await deleteAtRest(partition, request, tools, call);
    partitions.recordPartitionDeleted(owner);
  });
  if (storage.model === 'storage-group') await act('delete-storage-group', () => storage.deallocate(owner, call));
  partitions.recordAllDeleted(owner);
}

/**
 * Stops the partition.
 *
 * @returns the reading that showed the stopped partition, or showed that it is gone; null if it was not read
 */
export async function stop(
  partition: OwnPartition,
  request: DestroyRequest,
  tools: SpawnTools,
  call: VerbCall,
): Promise<Decided | null> {
  let found: Decided | null = deletableStatuses.has(partition.status) ? { kind: 'ours', partition } : null;
  const look = async (w: Waiting) => {
    found = await decide(request, tools, { ...call, ...w });
    return found.kind === 'ours' ? found.partition.status : 'stopped'; // a deleted partition does not run
  };
  await tools.lifecycle.ensureStopped(partition, call, { seen: partition.status, look });
  return found;
}

/**
 * Unmounts its ISO image and deletes the stopped partition. If the HMC refuses because somebody has started it meanwhile (status 409, reason 1), checks
 * the owner, stops the partition again and retries the delete.
 */
async function deleteAtRest(
  partition: OwnPartition,
  request: DestroyRequest,
  tools: SpawnTools,
  call: VerbCall,
): Promise<void> {
  const { hmc, lifecycle } = tools;
  try {
    if (partition.hasImage === true) await hmc.partitions.unmountIso(partition.uri, call);
    await lifecycle.deleteStopped(partition, call);
  } catch (error) {
    if (!isHmcError(error, 409, 1)) throw error;
    const found = await readAndStop(request, tools, call);
    await lifecycle.deleteStopped(found.kind === 'ours' ? found.partition : partition, call);
  }
}

/** @throws PartitionInDoubtError */
async function decide(request: DestroyRequest, { partitions }: SpawnTools, call: VerbCall): Promise<Decided> {
  request.onLook?.();
  const evidence = request.isMappingKnown ? evidenceOf(request.mapped) : noEvidence;
  return await partitions.decide(request.owner, evidence, call);
}

/** Reads the partition, and stops it if somebody has started it again. The partition that is returned does not run. */
export async function readAndStop(request: DestroyRequest, tools: SpawnTools, call: VerbCall): Promise<Decided> {
  const found = await decide(request, tools, call);
  const isRunning = found.kind === 'ours' && !deletableStatuses.has(found.partition.status);
  if (!isRunning) return found;
  return (await stop(found.partition, request, tools, call)) ?? found;
}

/** Finds the partition with the ports that its volume drivers need; null when it does not exist. */
export async function findPartition(request: DestroyRequest, tools: SpawnTools, call: VerbCall) {
  const found = await decide(request, tools, call);
  if (found.kind === 'absent') return null;
  const { partition } = found;
  const needsPorts = hasWorkToDisconnect(request, tools);
  return { partition, initiators: needsPorts ? await tools.storage.initiators(request.owner, partition, call) : [] };
}

/** Returns the driver of the volume, unless deleting the partition also disconnects the volume. */
function driverOf({ connectionInfo }: MappedVolume, { volumeDrivers }: SpawnTools): VolumeDriver | undefined {
  const driver = volumeDrivers.find(connectionInfo.driver_volume_type); // without a driver, the volume was never connected
  return driver?.goesWithPartition === true ? undefined : driver;
}

export function hasWorkToDisconnect({ mapped }: DestroyRequest, tools: SpawnTools): boolean {
  return mapped.some((volume) => driverOf(volume, tools) !== undefined);
}

/**
 * Disconnects the volumes, last first. If the spawn did not connect all volumes, calls `rollback` of each driver instead.
 *
 * Drivers do not remove vHBAs or storage volumes here (`isTeardown`). A destroy deletes these objects with the instance. A
 * parked partition keeps them. If the instance is spawned again (rebuild, unshelve), that spawn corrects them.
 */
export async function disconnectAll(
  { owner, mapped }: Pick<DestroyRequest, 'owner' | 'mapped'>,
  ours: PartitionWithPorts,
  tools: SpawnTools,
  call: VerbCall,
): Promise<void> {
  const verb = tools.partitions.isConnected(owner) ? 'disconnectVolume' : 'rollback';
  for (const volume of mapped.toReversed()) {
    const driver = driverOf(volume, tools);
    if (driver === undefined) continue;
    const options = { ...optionsFor(volume, call), isTeardown: true };
    await driver[verb](volume.connectionInfo, { ...owner, ...ours }, options);
  }
}
