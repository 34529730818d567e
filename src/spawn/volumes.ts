import { describeError, neverAborted, parseWwpn, retry, withDeadline } from '../base/index.ts';
import type { Waiting } from '../base/index.ts';
import type { ConnectedVolume, Evidence, StorageWaiting } from '../partition/index.ts';
import type { VolumeInstance, VolumeOptions } from '../volume/index.ts';
import type { MappedVolume, SpawnTools, VerbCall } from './types.ts';

/**
 * Has each volume's driver make it the partition's, and returns the paths in boot order. A driver that fails rolls back what
 * it has done; the volumes before it stay connected, for the caller to disconnect.
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

/** What the mappings of volumes tell of the partition that has them: the initiators that Cinder mapped them to. */
export function evidenceOf(mapped: readonly Pick<MappedVolume, 'connectionInfo'>[]): Evidence {
  const wwpns = mapped.flatMap(({ connectionInfo }) => {
    const { initiator_target_map: map } = connectionInfo.data;
    if (map === null || typeof map !== 'object' || Array.isArray(map)) return [];
    return Object.keys(map).flatMap((text) => parseWwpn(text) ?? []);
  });
  return { wwpns, hasVolumes: mapped.length > 0 };
}

/**
 * Undoes what a verb has done in part. Runs under a signal of its own: the caller may have ended the verb by aborting.
 *
 * @throws AggregateError of the failure and of what made the undo fail
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
