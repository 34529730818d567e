import type { Waiting } from '../../base/index.ts';
import { encodeGuestParameters } from '../../guest-parameters/index.ts';
import { isHmcError } from '../../hmc-client/index.ts';
import type { PartitionOwner, PartitionRef } from '../../partition/index.ts';
import { guestVolumes, warnOfOmitted } from '../../spawn/index.ts';
import type { MappedVolume } from '../../spawn/index.ts';
import type { DpmRuntime } from './runtime.ts';
import { volumePaths } from './volume-paths.ts';

/**
 * Renews what a partition that is about to be loaded tells its guest: volumes have come and gone since the last load.
 * What somebody else has put there stays. A machine that refuses it is started with what it has: the guest is then told
 * too much or too little, and looks for itself.
 */
export async function renewGuestParameters(
  runtime: DpmRuntime,
  owner: PartitionOwner,
  partition: PartitionRef,
  mapped: readonly MappedVolume[],
  w: Waiting,
): Promise<void> {
  const { hmc, storage, log } = runtime;
  try {
    const [{ bootOsSpecificParameters: present = '' }, initiators] = await Promise.all([
      hmc.partitions.get(partition.uri, w, ['boot-os-specific-parameters']),
      storage.initiators(owner, partition, w),
    ]);
    const instance = { ...owner, partition, initiators };
    const volumes = await Promise.all(
      mapped.map(async (volume) => ({ ...volume, paths: [...(await volumePaths(runtime, instance, volume, w))] })),
    );
    const told = { otherText: present, nics: [], volumes: guestVolumes(volumes, initiators) };
    const encoded = encodeGuestParameters(told);
    warnOfOmitted(encoded, log);
    if (encoded.text === present) return;
    await hmc.partitions.update(partition.uri, { bootOsSpecificParameters: encoded.text }, w);
  } catch (error) {
    if (!isHmcError(error, 400) && !isHmcError(error, 403) && !isHmcError(error, 409)) throw error;
    log.warn(
      { event: 'guest.parameters-stale', partition: partition.name, error: error.message },
      'what the guest is told of its volumes could not be renewed',
    );
  }
}
