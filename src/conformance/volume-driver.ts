import type { ConnectionInfo } from '../cinder-client/index.ts';
import type { VolumePath } from '../partition/index.ts';
import type { ConformanceCheck } from './check.ts';
import { connectChecks } from './volume-driver-connect.ts';
import { failureChecks } from './volume-driver-failure.ts';
import { removalChecks } from './volume-driver-removal.ts';
import type { MakeVolumeDriver } from './rehearsal.ts';

/** A volume to try a driver with: what Cinder answers for it. @public */
export interface VolumeDriverSample {
  /** For the names of the checks: the back end, or what is special about its answer. */
  readonly name: string;
  /**
   * As Cinder gives it for the ports of {@link conformanceInstance}. At least one target can be reached from them, and
   * `data` means nothing once it is empty.
   */
  readonly connectionInfo: ConnectionInfo;
  /** The paths that the driver has to find, in the order in which a boot has to try them; not compared where it is left out. */
  readonly paths?: readonly Pick<VolumePath, 'initiatorWwpn' | 'targetWwpn' | 'lun'>[] | undefined;
}

/** @public */
export interface VolumeDriverCheckOptions {
  /** How long a driver may take to obey its signal, in milliseconds; 5000 unless told otherwise. */
  readonly patienceMs?: number | undefined;
}

/** One sample, and how the driver for it is made. */
export interface VolumeDriverSubject {
  readonly make: MakeVolumeDriver;
  readonly sample: VolumeDriverSample;
  readonly patienceMs: number;
}

/** A check of the contract, to be tried with each sample. */
export interface VolumeDriverCheck {
  readonly name: string;
  readonly run: (subject: VolumeDriverSubject) => Promise<void>;
}

/**
 * What the contract of {@link VolumeDriver} asks for, as checks that do not depend on one another. They need no machine:
 * the storage of the partition is one in memory, which fails where a check wants it to.
 *
 * ```ts
 * for (const { name, run } of volumeDriverChecks((context) => new MyDriver(context), samples)) test(name, run);
 * ```
 *
 * @param make - called often: each check makes drivers of its own
 * @param samples - at least one; more where the back end answers in several forms
 * @public
 */
export function volumeDriverChecks(
  make: MakeVolumeDriver,
  samples: readonly VolumeDriverSample[],
  { patienceMs = 5000 }: VolumeDriverCheckOptions = {},
): readonly ConformanceCheck[] {
  if (samples.length === 0) throw new Error('there is no sample to try the driver with');
  return samples.flatMap((sample) =>
    [...connectChecks, ...removalChecks, ...failureChecks].map(({ name, run }) => ({
      name: `${sample.name}: ${name}`,
      // A copy for each: a driver that changes what it is given shall not be found out by another check.
      run: async () =>
        await run({ make, sample: { ...sample, connectionInfo: structuredClone(sample.connectionInfo) }, patienceMs }),
    })),
  );
}
