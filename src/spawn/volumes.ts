import { describeError, neverAborted, parseWwpn, retry, withDeadline } from '../base/index.ts';
import type { Waiting } from '../base/index.ts';
import type { ConnectedVolume, Evidence, StorageWaiting } from '../partition/index.ts';
import type { VolumeInstance, VolumeOptions } from '../volume/index.ts';
import type { MappedVolume, SpawnTools, VerbCall } from './types.ts';

/**
 * Connects each volume by its driver, and returns the volumes with their paths in boot order. A driver that fails rolls back
 * its own work; the volumes before it stay connected, for the caller to disconnect.
 */
export async function connectVolumes(
  instance: VolumeInstance,
  mapped: readonly MappedVolume[],
  tools: SpawnTools,
  call: VerbCall & StorageWaiting,
): Promise<readonly ConnectedVolume[]> {
  const connected: ConnectedVolume[] = [];
  for (const volume of mapped) {
    const { connectionInfo: info } = volume;
    const driver = tools.volumeDrivers.get(info.driver_volume_type);
    try {
      connected.push(await driver.connectVolume(info, instance, optionsFor(volume, call)));
    } catch (error) {
      await undoPartialWork(error, tools, call, async (w) => {
        await driver.rollback(info, instance, { ...optionsFor(volume, w), isTeardown: true });
      });
      throw error;
    }
  }
  return connected;
}

export function optionsFor({ volumeId, sizeGib, isBoot }: MappedVolume, w: StorageWaiting): VolumeOptions {
  return { volumeId, sizeGib, isBoot, signal: w.signal, progress: w.progress };
}

/** Returns the initiators to which Cinder has mapped the volumes. */
export function evidenceOf(mapped: readonly Pick<MappedVolume, 'connectionInfo'>[]): Evidence {
  const wwpns = mapped.flatMap(({ connectionInfo }) => {
    const { initiator_target_map: map } = connectionInfo.data;
    if (map === null || typeof map !== 'object' || Array.isArray(map)) return [];
    return Object.keys(map).flatMap((text) => parseWwpn(text) ?? []);
  });
  return { wwpns, hasVolumes: mapped.length > 0 };
}

/**
 * Undoes the partial work of a verb, with retries. Uses its own signal, because the caller may have aborted the verb.
 *
 * @throws AggregateError of the failure and of the error of the undo
 */
export async function undoPartialWork(
  error: unknown,
  { undo }: Pick<SpawnTools, 'undo'>,
  { log }: Pick<VerbCall, 'log'>,
  work: (w: Waiting) => Promise<unknown>,
): Promise<void> {
  const signal = neverAborted();
  const what = 'undo of a volume operation';
  try {
    await retry(() => withDeadline(what, undo.timeoutMs, signal, (deadline) => work({ signal: deadline })), {
      what,
      policy: undo.retry,
      signal,
      isRetryable: () => true,
      log,
    });
  } catch (undoError) {
    throw new AggregateError([error, undoError], `${describeError(error)}, and it could not be undone`);
  }
}
