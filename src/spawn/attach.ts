import { neverAborted } from '../base/index.ts';
import type { PartitionOwner } from '../partition/index.ts';
import type { VolumeInstance } from '../volume/index.ts';
import { actsOf, unchanged } from './act.ts';
import { locatePartition, requirePartition, requirePorts } from './partition.ts';
import type { PartitionWithPorts } from './partition.ts';
import type { MappedVolume, SpawnTools, VerbCall } from './types.ts';
import { evidenceOf, optionsFor, undoPartialWork } from './volumes.ts';

/** What an attach does, by the names under which people and tests see it. */
export const attachActs = ['connect-volume', 'roll-back-volume'] as const;
/** What a detach does. */
export const detachActs = ['disconnect-volume', 'reconnect-volume'] as const;

/** A volume that Cinder has mapped, with its instance. */
export interface AttachRequest {
  readonly owner: PartitionOwner;
  readonly volume: MappedVolume;
}

/**
 * Makes a volume that Cinder has mapped the partition's, running or stopped. Safe to run again.
 *
 * A failed attach rolls back what the volume driver has done; when the rollback fails too, the error says so.
 *
 * @throws NothingChangedError when the partition is not found, or in doubt
 */
export async function attachVolume(request: AttachRequest, tools: SpawnTools, call: VerbCall): Promise<void> {
  const act = actsOf<(typeof attachActs)[number]>('attach-volume', call, tools.watchers);
  const { driver, instance, info, volume } = await unchanged(call, async () => {
    const place = await requirePartition(request.owner, evidenceOf([request.volume]), tools, call);
    return connectionOf(request, place, tools);
  });
  try {
    await act('connect-volume', (progress) =>
      driver.connectVolume(info, instance, optionsFor(volume, { ...call, progress })),
    );
  } catch (error) {
    const undo = actsOf<(typeof attachActs)[number]>('attach-volume', wayBack(call), tools.watchers);
    await undoPartialWork(error, tools, call, (w) =>
      undo('roll-back-volume', () => driver.rollback(info, instance, optionsFor(volume, w))),
    );
    throw error;
  }
}

/**
 * Takes a volume away from the partition, while its mask still stands. Safe to run again.
 *
 * A failed detach connects the volume again; when that fails too, the error says so.
 *
 * @throws NothingChangedError when the partition is in doubt
 */
export async function detachVolume(request: AttachRequest, tools: SpawnTools, call: VerbCall): Promise<void> {
  const act = actsOf<(typeof detachActs)[number]>('detach-volume', call, tools.watchers);
  const found = await unchanged(call, async () => {
    const place = await locatePartition(request.owner, evidenceOf([request.volume]), tools, call);
    return place && connectionOf(request, place, tools);
  });
  if (found === undefined) return; // nothing has the volume any more
  const { driver, instance, info, volume } = found;
  try {
    await act('disconnect-volume', (progress) =>
      driver.disconnectVolume(info, instance, optionsFor(volume, { ...call, progress })),
    );
  } catch (error) {
    const undo = actsOf<(typeof detachActs)[number]>('detach-volume', wayBack(call), tools.watchers);
    await undoPartialWork(error, tools, call, (w) =>
      undo('reconnect-volume', () => driver.connectVolume(info, instance, optionsFor(volume, w))),
    );
    throw error;
  }
}

/** Goes on after the caller has aborted. */
function wayBack(call: VerbCall): VerbCall {
  return { ...call, signal: neverAborted() };
}

function connectionOf({ owner, volume }: AttachRequest, place: PartitionWithPorts, { volumeDrivers }: SpawnTools) {
  requirePorts(place);
  const info = volume.connectionInfo;
  const driver = volumeDrivers.get(info.driver_volume_type);
  const instance: VolumeInstance = { ...owner, ...place };
  return { driver, instance, info, volume };
}
