import type { ConformanceCheck } from './check.ts';
import { connectChecks } from './volume-driver-connect.ts';
import { failureChecks } from './volume-driver-failure.ts';
import { removalChecks } from './volume-driver-removal.ts';
import type { MakeVolumeDriver } from './rehearsal.ts';
import type { VolumeDriverSample } from './volume-driver-subject.ts';

/** @public */
export interface VolumeDriverCheckOptions {
  /** How long a driver may take to obey its signal, in milliseconds; 5000 unless told otherwise. */
  readonly patienceMs?: number | undefined;
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
