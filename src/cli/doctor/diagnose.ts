import type { Waiting } from '../../base/index.ts';
import { defaultDpmPolicies } from '../../virt/index.ts';
import { toDpmSettings } from '../../compute/index.ts';
import type { Settings } from '../../config/index.ts';
import type { DoctorCheck, DoctorOptions } from './checks.ts';
import { checkCinder } from './cinder.ts';
import { checkClocks } from './clock.ts';
import { checkHmcs } from './hmc.ts';
import { checkLocal } from './local.ts';

/**
 * Checks everything that a spawn needs. Changes nothing. Skips only what a failed check makes impossible.
 */
export async function diagnose(
  settings: Settings,
  options: DoctorOptions & { readonly baseDir: string },
  w: Waiting,
): Promise<readonly DoctorCheck[]> {
  const dpm = toDpmSettings(settings, defaultDpmPolicies, options.baseDir);
  const needsHmc = settings.computeDriver === 'dpm.DPMDriver';
  const checks = await Promise.all([
    needsHmc ? checkHmcs({ ...dpm, networks: settings.dpm.networks }, options, w) : [],
    checkCinder(settings, options, w),
    checkLocal(settings, options.baseDir, w),
    checkClocks(settings, options, w),
  ]);
  return checks.flat();
}
