import { ConfigError, silentLogger } from '../base/index.ts';
import type { Logger, StepEvent } from '../base/index.ts';
import { thisProcess, wwnnFromTemplate } from '../config/index.ts';
import type { LoadOptions, OptionKinds, Settings } from '../config/index.ts';
import { readArguments } from './arguments.ts';
import { watchOutages } from './journal/index.ts';
import { defaultDpmPolicies, loadDriver } from '../virt/index.ts';
import type { ComputeDriver, DpmDriverSettings, DpmPolicies, PartitionRecords, VirtApi } from '../virt/index.ts';

/** Options of {@link loadComputeDriver}. Every option has a default. @public */
export interface LoadComputeDriverOptions {
  /**
   * The driver calls this back to map volumes. Default: the caller maps the volumes before `spawn`, as Nova does, and a
   * spawn with an unmapped volume fails.
   */
  readonly virtapi?: VirtApi | undefined;
  /** Default: in memory, so that after a restart partitions are recognised only by name and description. */
  readonly partitionRecords?: PartitionRecords | undefined;
  /** Default: no log. */
  readonly log?: Logger | undefined;
  readonly onStep?: ((event: StepEvent) => void) | undefined;
  readonly policies?: Partial<DpmPolicies> | undefined;
  /** Directory from which third-party modules are loaded. Default: the current directory. */
  readonly baseDir?: string | undefined;
}

const optionKinds: OptionKinds<LoadComputeDriverOptions> = {
  virtapi: 'object',
  partitionRecords: 'object',
  log: 'object',
  onStep: 'function',
  policies: 'object',
  baseDir: 'string',
};

/**
 * Loads the driver that `DEFAULT.compute_driver` names, for another compute manager. Sends nothing before `initHost`.
 *
 * @throws ConfigError naming the option, the value and what was expected
 * @example
 * ```ts
 * import { loadComputeDriver } from 'nova-dpm';
 *
 * const driver = await loadComputeDriver({ configFile: 'nova-dpm.conf' });
 * const context = { requestId: 'req-1', signal: AbortSignal.timeout(60_000) };
 * await driver.initHost('compute1', context);
 * console.log(await driver.listInstances(context));
 * await driver.cleanupHost('compute1');
 * ```
 * @public
 */
export async function loadComputeDriver(options?: LoadOptions & LoadComputeDriverOptions): Promise<ComputeDriver>;
/**
 * Loads the driver for settings that the caller has loaded.
 * @public
 */
export async function loadComputeDriver(settings: Settings, options?: LoadComputeDriverOptions): Promise<ComputeDriver>;
export async function loadComputeDriver(
  first?: Settings | (LoadOptions & LoadComputeDriverOptions),
  second?: LoadComputeDriverOptions,
): Promise<ComputeDriver> {
  const { settings, options } = readArguments('loadComputeDriver', first, second, optionKinds);
  const { baseDir = thisProcess().cwd, virtapi = unmappedVolumes, log = silentLogger } = options;
  const policies = { ...defaultDpmPolicies, ...options.policies };
  const { outages, onStep } = watchOutages({ onStep: options.onStep, log });
  const services = {
    log,
    onStep,
    outages,
    partitionRecords: options.partitionRecords,
    virtapi,
    host: settings.host,
    dpm: () => toDpmSettings(settings, policies, baseDir),
  };
  return await loadDriver(settings.computeDriver, services, baseDir);
}

/** Like stock Nova's virtapi, it can neither map volumes nor unmap them. */
export const unmappedVolumes: VirtApi = {
  prepBlockDevice: (_context, { name }) => {
    const how = 'map the volumes before spawn (see prepareForSpawn), or give loadComputeDriver the option virtapi';
    return Promise.reject(new ConfigError(`instance ${name} has volumes without connection_info: ${how}`));
  },
};

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
      messagePort: dpm.hmcStompPort,
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
    imageLagMs: policies.imageLagMs,
    undo: policies.undo,
    powerWatch: policies.powerWatch,
  };
}
