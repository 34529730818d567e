import type { ConformanceCheck } from './check.ts';
import { connectChecks } from './volume-driver-connect.ts';
import { failureChecks } from './volume-driver-failure.ts';
import { removalChecks } from './volume-driver-removal.ts';
import type { MakeVolumeDriver } from './rehearsal.ts';
import type { VolumeDriverSample } from './volume-driver-subject.ts';

/** @public */
export interface VolumeDriverCheckOptions {
  /** How long a driver may take to stop after its signal is aborted, in milliseconds (default: 5000). */
  readonly patienceMs?: number | undefined;
}

/**
 * Returns the requirements of {@link VolumeDriver} as independent checks. They need no machine: they use a storage in
 * memory that fails on request.
 *
 * ```ts
 * for (const { name, run } of volumeDriverChecks((context) => new MyDriver(context), samples)) test(name, run);
 * ```
 *
 * @param make - called often: each check creates its own drivers
 * @param samples - at least one; one for each form of answer of the back end
 * @public
 */
export function volumeDriverChecks(
  make: MakeVolumeDriver,
  samples: readonly VolumeDriverSample[],
  { patienceMs = 5000 }: VolumeDriverCheckOptions = {},
): readonly ConformanceCheck[] {
  if (samples.length === 0) throw new Error('volumeDriverChecks needs at least one sample');
  return samples.flatMap((sample) =>
    [...connectChecks, ...removalChecks, ...failureChecks].map(({ name, run }) => ({
      name: `${sample.name}: ${name}`,
      // Each check gets a copy, so that a driver that changes its arguments fails only the check of that.
      run: async () =>
        await run({ make, sample: { ...sample, connectionInfo: structuredClone(sample.connectionInfo) }, patienceMs }),
    })),
  );
}
