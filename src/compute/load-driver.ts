import { silentLogger } from '../base/index.ts';
import type { Logger, StepEvent } from '../base/index.ts';
import { wwnnFromTemplate } from '../config/index.ts';
import type { Settings } from '../config/index.ts';
import { watchOutages } from './journal/index.ts';
import { defaultDpmPolicies, loadDriver } from '../virt/index.ts';
import type { ComputeDriver, DpmDriverSettings, DpmPolicies, PartitionRecords, VirtApi } from '../virt/index.ts';

/** @public */
export interface LoadComputeDriverOptions {
  /** The driver calls this back to map volumes. */
  readonly virtapi: VirtApi;
  /** Default: in memory, so that after a restart partitions are recognised only by name and description. */
  readonly partitionRecords?: PartitionRecords;
  readonly log?: Logger;
  readonly onStep?: (event: StepEvent) => void;
  readonly policies?: Partial<DpmPolicies>;
  /** Directory from which third-party modules are loaded. */
  readonly baseDir: string;
}

/**
 * Loads the driver that `DEFAULT.compute_driver` names, for another compute manager. Sends nothing before `initHost`.
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

/** Returns the settings in the form of the driver's contract. */
export function toDpmSettings(settings: Settings, policies: DpmPolicies, baseDir: string): DpmDriverSettings {
  const { dpm } = settings;
  const template = dpm.wwnnTemplate;
  return {
    host: settings.host,
    hmc: {
      urls: dpm.hmcUrls,
      userid: dpm.hmcUsername,
      password: () => Promise.resolve(dpm.hmcPassword),
      ca: dpm.hmcCa,
      insecure: dpm.hmcInsecure,
      maxConcurrent: dpm.maxHmcRequests,
      client: policies.hmc,
    },
    cpc: dpm.cpcObjectId === undefined ? { name: dpm.cpcName ?? '' } : { objectId: dpm.cpcObjectId },
    maxProcessors: dpm.maxProcessors,
    maxMemoryMib: dpm.maxMemoryMib,
    memoryIncrementMib: policies.memoryIncrementMib,
    adapterPorts: dpm.adapterPorts,
    ignoredTargets: new Set(dpm.targetWwpnIgnoreList),
    volumeDrivers: dpm.volumeDrivers,
    baseDir,
    connector: {
      wwnnOf: template === undefined ? undefined : (wwpn) => wwnnFromTemplate(template, wwpn),
      ip: undefined,
    },
    bootAttempts: dpm.bootAttempts,
    bootTimeoutSeconds: dpm.bootTimeoutSeconds,
    loginBeforeZoning: dpm.loginBeforeZoning,
    fulfilment: { ...policies.fulfilment, timeoutMs: dpm.discoveryTimeoutMs },
    lifecycle: { ...policies.lifecycle, timeoutMs: dpm.startTimeoutMs },
    undo: policies.undo,
  };
}
