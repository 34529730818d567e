import { silentLogger } from '../base/index.ts';
import type { Logger, StepEvent } from '../base/index.ts';
import type { Settings } from '../config/index.ts';
import { watchOutages } from './journal/index.ts';
import { defaultDpmPolicies, loadDriver } from '../virt/index.ts';
import type { ComputeDriver, DpmPolicies, PartitionRecords, VirtApi } from '../virt/index.ts';
import { toDpmSettings } from './dpm-settings.ts';

/** @public */
export interface LoadComputeDriverOptions {
  /** What the compute manager offers its driver: the way back into its block device mapping. */
  readonly virtapi: VirtApi;
  /** Default: kept in memory, so that after a restart partitions are recognised by name and description alone. */
  readonly partitionRecords?: PartitionRecords;
  readonly log?: Logger;
  readonly onStep?: (event: StepEvent) => void;
  readonly policies?: Partial<DpmPolicies>;
  /** Where modules of third parties are looked for. */
  readonly baseDir: string;
}

/**
 * Loads the driver that `DEFAULT.compute_driver` names, for a compute manager of one's own. Nothing is sent before
 * `initHost`.
 *
 * @throws ConfigError naming the option, the value and what was expected
 * @public
 */
export async function loadComputeDriver(settings: Settings, options: LoadComputeDriverOptions): Promise<ComputeDriver> {
  const policies = { ...defaultDpmPolicies, ...options.policies };
  const log = options.log ?? silentLogger;
  const { outages, onStep } = watchOutages({ onStep: options.onStep, log });
  const services = {
    log,
    onStep,
    outages,
    partitionRecords: options.partitionRecords,
    virtapi: options.virtapi,
    host: settings.host,
    dpm: () => toDpmSettings(settings, policies, options.baseDir),
  };
  return await loadDriver(settings.computeDriver, services, options.baseDir);
}
