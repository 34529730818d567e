import type { Waiting } from '../../base/index.ts';
import { encodeGuestParameters } from '../../partition/guest-parameters/index.ts';
import { isHmcError } from '../../hmc-client/index.ts';
import type { PartitionOwner, PartitionRef } from '../../partition/index.ts';
import { guestVolumes, warnOfOmitted } from '../../spawn/index.ts';
import type { MappedVolume } from '../../spawn/index.ts';
import { readBoot } from './boot-ways.ts';
import type { BootRecord } from './boot-ways.ts';
import type { DpmRuntime } from './runtime.ts';

/**
 * Renews what a partition that is about to be loaded tells its guest: volumes have come and gone since the last load.
 * What somebody else has put there stays. A machine that refuses it is started with what it has: the guest is then told
 * too much or too little, and looks for itself.
 *
 * @returns what the partition is loaded from, which was read on the way; undefined where that was refused
 */
export async function renewGuestParameters(
  runtime: DpmRuntime,
  owner: PartitionOwner,
  partition: PartitionRef,
  mapped: readonly MappedVolume[],
  w: Waiting,
): Promise<BootRecord | undefined> {
  const { hmc, log } = runtime;
  try {
    const record = await readBoot(runtime, owner, partition, mapped, w);
    const { parameters: present, initiators, volumes } = record;
    const told = {
      otherText: present,
      nics: [],
      volumes: guestVolumes(
        volumes.map((volume) => ({ ...volume, paths: [...volume.paths] })),
        initiators,
      ),
    };
    const encoded = encodeGuestParameters(told);
    warnOfOmitted(encoded, log);
    if (encoded.text !== present)
      await hmc.partitions.update(partition.uri, { bootOsSpecificParameters: encoded.text }, w);
    return record;
  } catch (error) {
    if (!isHmcError(error, 400) && !isHmcError(error, 403) && !isHmcError(error, 409)) throw error;
    log.warn(
      { event: 'guest.parameters-stale', partition: partition.name, error: error.message },
      'what the guest is told of its volumes could not be renewed',
    );
    return undefined;
  }
}
