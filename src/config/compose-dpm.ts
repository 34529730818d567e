import { Secret } from '../base/index.ts';
import { describeSource } from './layers.ts';
import type { NamedPath, Surroundings } from './paths.ts';
import { namedPath, readCertificates, readPasswordFile } from './paths.ts';
import { missingIn } from './problems.ts';
import type { Findings } from './problems.ts';
import { settingsSchema } from './schema.ts';
import type { SectionValues } from './schema.ts';
import type { AdapterPort, NetworkSetting, VolumeDriverSetting } from './value-types.ts';
import type { ReadSection } from './values.ts';

/**
 * Section `[dpm]`. Times are in the unit of the name, sizes in MiB. With a compute driver other than `dpm.DPMDriver`
 * nothing is required: texts and lists may be empty and numbers 0.
 *
 * @public
 */
export type DpmSettings = Readonly<ReturnType<typeof composeDpm>>;

/** What an operation needs of `[dpm]`: the HMC alone, or the DPM driver as a whole. */
type Needed = 'nothing' | 'hmc' | 'all';

/**
 * Composes `[dpm]` and checks what concerns more than one option.
 *
 * @param needed - which of the required options must be given
 */
export function composeDpm(
  { values, sources }: ReadSection<'dpm'>,
  around: Surroundings,
  findings: Findings,
  needed: Needed,
) {
  if (needed !== 'nothing') checkHmc(values, findings);
  if (needed === 'all') checkShare(values, findings);
  checkAdapterPorts(values.physical_storage_adapter_mappings, findings);
  const networks = [...values.networks, ...values.physical_network_adapter_mappings];
  checkNetworks(networks, values.physical_network_adapter_mappings, findings);
  const passwordFile = namedPath('dpm.hmc_password_file', values.hmc_password_file, sources);
  const caPath = namedPath('dpm.hmc_ca_certs', values.hmc_ca_certs, sources);
  const hmcPassword = password(values, passwordFile, around, findings, needed !== 'nothing');
  const hmcCa = caPath === undefined ? undefined : readCertificates(caPath, around, findings);
  if (values.hmc_insecure) {
    findings.warnings.push(
      'dpm.hmc_insecure is true: the certificate of the HMC is not verified; set dpm.hmc_ca_certs instead',
    );
  }
  return {
    /** `https://host:port`, redundant HMCs in order of preference. */
    hmcUrls: [...new Set(values.hmc)],
    hmcUsername: values.hmc_username ?? '',
    hmcPassword,
    /** PEM text; undefined for the certificates of Node.js. */
    hmcCa,
    hmcInsecure: values.hmc_insecure,
    /** Port for notifications; 0: poll. */
    hmcStompPort: values.hmc_stomp_port,
    /** Lower case. This or the name is given. */
    cpcObjectId: values.cpc_object_id,
    cpcName: values.cpc_name,
    maxProcessors: values.max_processors ?? 0,
    maxMemoryMib: values.max_memory ?? 0,
    /** In order of preference for boot. */
    adapterPorts: values.physical_storage_adapter_mappings,
    /** The named networks, then the physical networks of Neutron; every name once. */
    networks,
    targetWwpnIgnoreList: values.target_wwpn_ignore_list,
    /** One for each `driver_volume_type`. */
    volumeDrivers: volumeDrivers(values.volume_drivers),
    /** Those of third parties, in the given order. They also serve without a DPM driver. */
    hostConnectors: values.host_connectors,
    /** Bus IDs of the Linux host on which this runs. */
    hostFcpDevices: values.host_fcp_devices,
    spawnOrder: values.spawn_order,
    /** Template for `wwnnFromTemplate`; undefined for a connector without WWNNs. */
    wwnnTemplate: values.connector_wwnns.template,
    /** Boot paths tried before a spawn fails. */
    bootAttempts: values.boot_attempts,
    /** The HMC's `boot-timeout`, 60 to 600. */
    bootTimeoutSeconds: values.boot_timeout,
    loginBeforeZoning: values.login_before_zoning,
    /** For DPM to find the LUNs of a storage group. */
    discoveryTimeoutMs: values.discovery_timeout * 1000,
    /** For a start or stop as a whole. */
    startTimeoutMs: values.start_timeout * 1000,
    maxHmcRequests: values.max_hmc_requests,
    maxConcurrentBuilds: values.max_concurrent_builds,
    /** Builds, deletions, starts and stops, attachments and detachments together. */
    /** The longest wait of an operation in the queue. */
    queueTimeoutMs: values.queue_timeout * 1000,
    /** How long, and how many, ended flows stay in the journal. */
    history: { days: values.history_days, flows: values.history_flows },
  };
}

function checkHmc(values: SectionValues<'dpm'>, findings: Findings): void {
  const missing = missingIn('dpm', findings);
  const { hmc, hmc_username } = settingsSchema.dpm;
  if (values.hmc.length === 0) missing('hmc', hmc.expected);
  if (values.hmc_username === undefined) missing('hmc_username', hmc_username.expected);
}

function checkShare(values: SectionValues<'dpm'>, findings: Findings): void {
  const isNameFaulty = findings.problems.some(({ option }) => option === 'dpm.cpc_name');
  const missing = missingIn('dpm', findings);
  const { max_processors, max_memory } = settingsSchema.dpm;
  if (values.max_processors === undefined) missing('max_processors', max_processors.expected);
  if (values.max_memory === undefined) missing('max_memory', max_memory.expected);
  if (values.cpc_object_id === undefined && values.cpc_name === undefined && !isNameFaulty) {
    missing('cpc_object_id', 'the object id of the CPC, or its name in dpm.cpc_name');
  }
}

function checkAdapterPorts(ports: readonly AdapterPort[], findings: Findings): void {
  const option = 'dpm.physical_storage_adapter_mappings';
  const named = ports.map(({ adapterObjectId, port }) => `${adapterObjectId}:${port}`);
  for (const value of named.filter((each, index) => named.indexOf(each) !== index)) {
    findings.problems.push({ option, value, expected: 'each adapter port once' });
  }
}

/** The rules for physical networks are those of networking-dpm conf/config.py. */
function checkNetworks(
  networks: readonly NetworkSetting[],
  physical: readonly NetworkSetting[],
  { problems }: Findings,
): void {
  const repeated = (texts: readonly string[]) => texts.filter((text, index) => texts.indexOf(text) !== index);
  for (const value of repeated(networks.map(({ name }) => name))) {
    const option = physical.some(({ name }) => name === value) ? PHYSICAL_NETWORKS : 'dpm.networks';
    problems.push({ option, value, expected: 'each network name once' });
  }
  for (const value of repeated(physical.map(({ adapterObjectId, port }) => `${adapterObjectId}:${port}`))) {
    problems.push({ option: PHYSICAL_NETWORKS, value, expected: 'each adapter port once' });
  }
}

const PHYSICAL_NETWORKS = 'dpm.physical_network_adapter_mappings';

function password(
  values: SectionValues<'dpm'>,
  file: NamedPath | undefined,
  around: Surroundings,
  findings: Findings,
  needed: boolean,
): Secret {
  const faulty = findings.problems.some(({ option }) => /^dpm\.hmc_password(?:_file)?$/.test(option));
  if (file !== undefined && values.hmc_password !== undefined) {
    const expected = 'only one of dpm.hmc_password and dpm.hmc_password_file';
    findings.problems.push({ option: file.option, value: file.path, expected, where: describeSource(file.source) });
  } else if (file !== undefined) {
    return readPasswordFile(file, around, findings) ?? new Secret('');
  } else if (values.hmc_password === undefined && needed && !faulty) {
    const expected = 'the password of the HMC user, or a file with it in dpm.hmc_password_file';
    findings.problems.push({ option: 'dpm.hmc_password', expected });
  }
  return values.hmc_password ?? new Secret('');
}

/** A given driver replaces the built-in one for its type; of two for a type the last one counts. */
function volumeDrivers(given: readonly VolumeDriverSetting[]): readonly VolumeDriverSetting[] {
  const builtin = settingsSchema.dpm.volume_drivers.schema.parse(settingsSchema.dpm.volume_drivers.default);
  return [...new Map([builtin, ...given].map((driver) => [driver.type, driver])).values()];
}
