import type { Waiting } from '../../base/index.ts';
import type { VolumePath } from '../../partition/index.ts';
import type { MappedVolume } from '../../spawn/index.ts';
import type { VolumeInstance } from '../../volume/index.ts';
import type { DpmRuntime } from './runtime.ts';

/** The paths of a mapped volume, as its volume driver tells them; none, and a warning, where it cannot. */
export async function volumePaths(
  { volumeDrivers, log }: DpmRuntime,
  instance: VolumeInstance,
  volume: MappedVolume,
  w: Waiting,
): Promise<readonly VolumePath[]> {
  try {
    const driver = volumeDrivers.get(volume.connectionInfo.driver_volume_type);
    return await driver.getVolumePaths(volume.connectionInfo, instance, { ...volume, signal: w.signal });
  } catch (error) {
    // A picture with a hole is better than no picture.
    log.warn({ event: 'volume.paths', volumeId: volume.volumeId, error: String(error) }, 'paths cannot be told');
    return [];
  }
}
