import { wwnnFromTemplate } from '../config/index.ts';
import type { Settings } from '../config/index.ts';
import type { DpmDriverSettings, DpmPolicies } from '../virt/index.ts';

/** The settings in the driver's own words. */
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
