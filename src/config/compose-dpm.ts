import { Secret } from '../base/index.ts';
import { describeSource } from './layers.ts';
import type { NamedPath, Surroundings } from './paths.ts';
import { readCertificates, readPasswordFile } from './paths.ts';
import { settingsSchema } from './schema.ts';
import type { SectionValues } from './schema.ts';
import type { DpmSettings } from './settings.ts';
import type { Findings } from './sources.ts';
import type { AdapterPort, VolumeDriverSetting } from './value-types.ts';

/** Finds the path that a setting of `[dpm]` names, with its origin. */
export type PathOf = (name: 'hmc_password_file' | 'hmc_ca_certs') => NamedPath | undefined;

/**
 * Puts `[dpm]` together and checks what concerns more than one option.
 *
 * @param needed - is the DPM driver the compute driver, so that the required options must be there?
 */
export function composeDpm(
  values: SectionValues<'dpm'>,
  pathOf: PathOf,
  around: Surroundings,
  findings: Findings,
  needed: boolean,
): DpmSettings {
  if (needed) checkRequired(values, findings);
  checkAdapterPorts(values.physical_storage_adapter_mappings, findings);
  const caPath = pathOf('hmc_ca_certs');
  const settings: DpmSettings = {
    hmcUrls: [...new Set(values.hmc)],
    hmcUsername: values.hmc_username ?? '',
    hmcPassword: password(values, pathOf, around, findings, needed),
    hmcCa: caPath === undefined ? undefined : readCertificates(caPath, around, findings),
    hmcInsecure: values.hmc_insecure,
    cpcObjectId: values.cpc_object_id,
    cpcName: values.cpc_name,
    maxProcessors: values.max_processors ?? 0,
    maxMemoryMib: values.max_memory ?? 0,
    adapterPorts: values.physical_storage_adapter_mappings,
    targetWwpnIgnoreList: values.target_wwpn_ignore_list,
    volumeDrivers: volumeDrivers(values.volume_drivers),
    hostConnectors: values.host_connectors,
    hostFcpDevices: values.host_fcp_devices,
    spawnOrder: values.spawn_order,
    wwnnTemplate: values.connector_wwnns.template,
    bootAttempts: values.boot_attempts,
    bootTimeoutSeconds: values.boot_timeout,
    loginBeforeZoning: values.login_before_zoning,
    discoveryTimeoutMs: values.discovery_timeout * 1000,
    startTimeoutMs: values.start_timeout * 1000,
    maxHmcRequests: values.max_hmc_requests,
    maxConcurrentBuilds: values.max_concurrent_builds,
    maxConcurrentOperations: values.max_concurrent_operations,
    queueTimeoutMs: values.queue_timeout * 1000,
    history: { days: values.history_days, flows: values.history_flows },
  };
  if (settings.hmcInsecure) {
    findings.warnings.push(
      'dpm.hmc_insecure is true: the certificate of the HMC is not verified; set dpm.hmc_ca_certs instead',
    );
  }
  return settings;
}

function checkRequired(values: SectionValues<'dpm'>, findings: Findings): void {
  // An option that was given and could not be used has its problem already, and is not missing.
  const faulty = new Set(findings.problems.map((problem) => problem.option));
  const missing = (option: string, expected: string) => {
    if (!faulty.has(option)) findings.problems.push({ option, expected });
  };
  const { hmc, hmc_username, max_processors, max_memory } = settingsSchema.dpm;
  if (values.hmc.length === 0) missing('dpm.hmc', hmc.expected);
  if (values.hmc_username === undefined) missing('dpm.hmc_username', hmc_username.expected);
  if (values.max_processors === undefined) missing('dpm.max_processors', max_processors.expected);
  if (values.max_memory === undefined) missing('dpm.max_memory', max_memory.expected);
  if (values.cpc_object_id === undefined && values.cpc_name === undefined && !faulty.has('dpm.cpc_name')) {
    missing('dpm.cpc_object_id', 'the object id of the CPC, or its name in dpm.cpc_name');
  }
}

function checkAdapterPorts(ports: readonly AdapterPort[], findings: Findings): void {
  const seen = new Set<string>();
  for (const { adapterObjectId, port } of ports) {
    const value = `${adapterObjectId}:${port}`;
    if (seen.has(value)) {
      const option = 'dpm.physical_storage_adapter_mappings';
      findings.problems.push({ option, value, expected: 'each adapter port once' });
    }
    seen.add(value);
  }
}

function password(
  values: SectionValues<'dpm'>,
  pathOf: PathOf,
  around: Surroundings,
  findings: Findings,
  needed: boolean,
): Secret {
  const file = pathOf('hmc_password_file');
  const faulty = findings.problems.some(({ option }) => /^dpm\.hmc_password(?:_file)?$/.test(option));
  if (file !== undefined && values.hmc_password !== undefined) {
    const expected = 'only one of dpm.hmc_password and dpm.hmc_password_file';
    const where = describeSource(file.source);
    findings.problems.push({ option: 'dpm.hmc_password_file', value: file.path, expected, where });
  } else if (file !== undefined) {
    return readPasswordFile(file, around, findings) ?? new Secret('');
  } else if (values.hmc_password === undefined && needed && !faulty) {
    const expected = 'the password of the HMC user, or a file with it in dpm.hmc_password_file';
    findings.problems.push({ option: 'dpm.hmc_password', expected });
  }
  return values.hmc_password ?? new Secret('');
}

/** The built-in drivers stay unless one is given for their type; of two for a type the last counts. */
function volumeDrivers(given: readonly VolumeDriverSetting[]): readonly VolumeDriverSetting[] {
  const builtin = settingsSchema.dpm.volume_drivers.schema.parse(settingsSchema.dpm.volume_drivers.default);
  return [...new Map([builtin, ...given].map((driver) => [driver.type, driver])).values()];
}
