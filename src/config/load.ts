import { Secret } from '../base/index.ts';
import { composeCinder } from './compose-cinder.ts';
import type { CinderSettings } from './compose-cinder.ts';
import { composeDpm } from './compose-dpm.ts';
import type { DpmSettings } from './compose-dpm.ts';
import { emptyLayers } from './layers.ts';
import type { Layers } from './layers.ts';
import { addOpenstackDefaults } from './openstack.ts';
import { namedPath, statePath } from './paths.ts';
import type { Surroundings } from './paths.ts';
import { noSettingsFile, settingsError } from './problems.ts';
import type { Findings } from './problems.ts';
import { checkNames, chooseFiles, CONFIG_FILE_OPTION, CONFIG_VARIABLE } from './sources.ts';
import { readEnvironment, readSettingsFile } from './sources.ts';
import { readSection } from './values.ts';
import type { SettingEntry } from './values.ts';

/** All settings, read, checked and frozen. @public */
export interface Settings {
  /** Name of the compute host and of its CPC subset. */
  readonly host: string;
  /** `dpm.DPMDriver`, `fake.FakeDriver` or `<module>#<Export>`. */
  readonly computeDriver: string;
  /** Absolute path of the directory of instances and journal. */
  readonly statePath: string;
  readonly dpm: DpmSettings;
  readonly cinder: CinderSettings;
  /** What may surprise later, for people. To be shown at each start. */
  readonly warnings: readonly string[];
  /** The settings files that were read. */
  readonly files: readonly string[];
  /** Every value with its origin, secrets blanked: for {@link configShow}. */
  readonly entries: readonly SettingEntry[];
}

/** What the settings are read from. @public */
export interface LoadOptions extends Surroundings {
  /** The files of `--config-file`, in order; none for the default places. */
  readonly configFiles?: readonly string[];
  /** This machine's name; only the part before its first dot is used. */
  readonly hostname: string;
  /** The operation needs no HMC, so the options for reaching one are not required. */
  readonly withoutHmc?: boolean | undefined;
}

const DPM_DRIVER = 'dpm.DPMDriver';

/**
 * Reads and checks all settings: the files, overridden by the environment; clouds.yaml and `OS_*` give defaults.
 *
 * @throws ConfigError that names every missing, unknown or unusable setting, its value, what was expected and where it
 * is. Before that, only files are read.
 * @public
 */
export function loadSettings(options: LoadOptions): Settings {
  const findings: Findings = { problems: [], warnings: [] };
  const { layers, configFiles } = readLayers(options, findings);
  const shortName = options.hostname.split('.')[0] ?? options.hostname;
  layers.defaults.add('DEFAULT', 'host', { value: shortName, source: { kind: 'default' } });
  checkNames(layers, findings);
  const settings: Settings | undefined = compose(layers, options, findings, configFiles);
  if (findings.problems.length > 0 || settings === undefined) {
    const isMissing = configFiles.length === 0 && findings.problems.some(({ option }) => option === 'dpm.hmc');
    throw isMissing ? noSettingsFile(findings.problems) : settingsError('settings', findings.problems);
  }
  return deepFreeze(settings);
}

/**
 * Reads `dpm.host_connectors` alone, for operations that need no other setting. A file in a default place that the user
 * may not read counts as empty, since nobody named it.
 *
 * @throws ConfigError when this setting, or a file that was named, cannot be used
 */
export function loadHostConnectors(options: Pick<LoadOptions, 'configFiles' | 'env' | 'files'>) {
  const findings: Findings = { problems: [], warnings: [] };
  const isNamed = (options.configFiles ?? []).length > 0 || (options.env[CONFIG_VARIABLE] ?? '') !== '';
  const warnings: string[] = [];
  const { layers } = readLayers(options, findings, isNamed ? undefined : (unread) => warnings.push(unread));
  const { host_connectors: hostConnectors } = readSection('dpm', layers, findings).values;
  const own = findings.problems.filter(({ option }) => option === 'dpm.host_connectors');
  if (own.length > 0) throw settingsError('settings', own);
  return { hostConnectors, warnings };
}

/**
 * Reads files and environment.
 *
 * @param onUnread - called for a file that cannot be read, which then counts as empty
 * @throws ConfigError when a file cannot be read and onUnread is not given
 */
function readLayers(
  options: Pick<LoadOptions, 'configFiles' | 'env' | 'files'>,
  findings: Findings,
  onUnread?: (text: string) => void,
) {
  const layers = emptyLayers();
  const configFiles = chooseFiles(options.configFiles ?? [], options.env, options.files);
  for (const path of configFiles) readSettingsFile(path, options.files, layers.files, findings);
  const unread = findings.problems.filter(({ option }) => option === CONFIG_FILE_OPTION);
  // The options of an unread file are not reported as missing.
  if (unread.length > 0 && onUnread === undefined) throw settingsError('settings', findings.problems);
  for (const { value, expected } of unread) onUnread?.(`${value} is not used: expected ${expected}`);
  readEnvironment(options.env, layers.environment, findings);
  return { layers, configFiles };
}

function compose(layers: Layers, options: LoadOptions, findings: Findings, files: readonly string[]) {
  const catalogInterface = addOpenstackDefaults(layers, options, findings);
  const common = readSection('DEFAULT', layers, findings);
  const dpm = readSection('dpm', layers, findings);
  const cinder = readSection('cinder', layers, findings);
  const serviceUser = readSection('service_user', layers, findings);
  const cinderSettings = composeCinder(cinder, serviceUser.values, catalogInterface, options, findings);
  const { host, compute_driver: computeDriver, state_path: path } = common.values;
  const isDpmNeeded = computeDriver === DPM_DRIVER && options.withoutHmc !== true;
  const dpmSettings = composeDpm(dpm, options, findings, isDpmNeeded);
  const state = namedPath('DEFAULT.state_path', path, common.sources);
  if (cinderSettings === undefined || host === undefined || state === undefined) return undefined;
  return {
    host,
    computeDriver,
    statePath: statePath(state, options),
    dpm: dpmSettings,
    cinder: cinderSettings,
    warnings: findings.warnings,
    files,
    entries: [...common.entries, ...dpm.entries, ...cinder.entries, ...serviceUser.entries],
  };
}

function deepFreeze<T>(value: T): T {
  if (value === null || typeof value !== 'object' || value instanceof Secret || Object.isFrozen(value)) return value;
  Object.values(value).forEach(deepFreeze);
  return Object.freeze(value);
}
