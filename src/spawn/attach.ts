import { ConflictError, neverAborted } from '../base/index.ts';
import type { PartitionOwner } from '../partition/index.ts';
import type { VolumeInstance } from '../volume/index.ts';
import { actsOf, beforeChanges } from './act.ts';
import type { Act } from './act.ts';
import { locatePartition, requirePartition } from './partition.ts';
import type { PartitionWithPorts } from './partition.ts';
import type { MappedVolume, SpawnTools, VerbCall } from './types.ts';
import { evidenceOf, optionsFor, undoPartialWork } from './volumes.ts';

/** The acts of an attach, as users and tests see them. */
export const attachActs = ['connect-volume', 'roll-back-volume'] as const;
export const detachActs = ['disconnect-volume', 'reconnect-volume'] as const;

/** A volume that Cinder has mapped, with its instance. */
export interface AttachRequest {
  readonly owner: PartitionOwner;
  readonly volume: MappedVolume;
}

/**
 * Attaches a volume that Cinder has mapped to a partition, running or stopped. Idempotent.
 *
 * A failed attach rolls back the work of the volume driver. If the rollback fails too, the error says so.
 *
 * @throws NothingChangedError when the partition is not found, or in doubt
 */
export async function attachVolume(request: AttachRequest, tools: SpawnTools, call: VerbCall): Promise<void> {
  const act = actsOf<(typeof attachActs)[number]>('attach-volume', call, tools.watchers);
  const { driver, instance, info, volume } = await beforeChanges(call, async () => {
    const place = await requirePartition(request.owner, evidenceOf([request.volume]), tools, call);
    return connectionOf(request, place, tools);
  });
  try {
    await act('connect-volume', (progress) =>
      driver.connectVolume(info, instance, optionsFor(volume, { ...call, progress })),
    );
  } catch (error) {
    const undo = undoActsOf<(typeof attachActs)[number]>('attach-volume', call, tools);
    await undoPartialWork(error, tools, call, (w) =>
      undo('roll-back-volume', () => driver.rollback(info, instance, optionsFor(volume, w))),
    );
    throw error;
  }
}

/**
 * Detaches a volume from the partition, while its mask still exists. Idempotent.
 *
 * A failed detach connects the volume again. If that fails too, the error says so.
 *
 * @throws NothingChangedError when the partition is in doubt
 */
export async function detachVolume(request: AttachRequest, tools: SpawnTools, call: VerbCall): Promise<void> {
  const act = actsOf<(typeof detachActs)[number]>('detach-volume', call, tools.watchers);
  const found = await beforeChanges(call, async () => {
    const place = await locatePartition(request.owner, evidenceOf([request.volume]), tools, call);
    return place && connectionOf(request, place, tools);
  });
  if (found === undefined) return; // no partition has the volume any more
  const { driver, instance, info, volume } = found;
  try {
    await act('disconnect-volume', (progress) =>
      driver.disconnectVolume(info, instance, optionsFor(volume, { ...call, progress })),
    );
  } catch (error) {
    const undo = undoActsOf<(typeof detachActs)[number]>('detach-volume', call, tools);
    await undoPartialWork(error, tools, call, (w) =>
      undo('reconnect-volume', () => driver.connectVolume(info, instance, optionsFor(volume, w))),
    );
    throw error;
  }
}

/** Returns the helper for acts that also begin after the caller has aborted. */
function undoActsOf<Name extends string>(verb: string, call: VerbCall, { watchers }: SpawnTools): Act<Name> {
  return actsOf<Name>(verb, { ...call, signal: neverAborted() }, watchers);
}

/** @throws ConflictError when the partition has no FCP port */
function connectionOf({ owner, volume }: AttachRequest, place: PartitionWithPorts, { volumeDrivers }: SpawnTools) {
  const { name } = place.partition;
  if (place.initiators.length === 0)
    throw new ConflictError(`partition "${name}" has no FCP port`, { partition: name });
  const info = volume.connectionInfo;
  const driver = volumeDrivers.get(info.driver_volume_type);
  const instance: VolumeInstance = { ...owner, ...place };
  return { driver, instance, info, volume };
}
