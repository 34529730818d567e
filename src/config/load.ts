import { Secret } from '../base/index.ts';
import { checkOptions } from './check-options.ts';
import type { OptionKinds } from './check-options.ts';
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
import { thisProcess } from './this-process.ts';
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

/** What the settings are read from. Every option has a default. @public */
export interface LoadOptions extends Partial<Surroundings> {
  /** The settings file, or several: later ones win. Default: `$NOVA_DPM_CONFIG`, else the files in the default places. */
  readonly configFile?: string | readonly string[] | undefined;
  /** The same as `configFile`, for callers that always have a list; an empty list means the default. */
  readonly configFiles?: readonly string[] | undefined;
  /** This machine's name, of which only the part before the first dot is used. Default: the host name. */
  readonly hostname?: string | undefined;
  /** The operation needs no HMC, so the options for reaching one are not required. Default false. */
  readonly withoutHmc?: boolean | undefined;
}

/** The settings of operations that need an HMC and nothing else: the other options may be missing. */
export type HmcSettings = Pick<Settings, 'dpm' | 'host' | 'statePath' | 'warnings'>;

/** The type of each option of {@link LoadOptions}. */
export const loadOptionKinds: OptionKinds<LoadOptions> = {
  configFile: 'string or list',
  configFiles: 'string or list',
  hostname: 'string',
  withoutHmc: 'boolean',
  env: 'object',
  cwd: 'string',
  home: 'string',
  files: 'object',
};

interface CompleteOptions extends Surroundings {
  readonly configFiles: readonly string[];
  readonly hostname: string;
  readonly withoutHmc: boolean;
}

function completeOptions(options: LoadOptions): CompleteOptions {
  const { configFile = [], configFiles = [], withoutHmc = false } = options;
  const own = thisProcess();
  return {
    configFiles: [...(typeof configFile === 'string' ? [configFile] : configFile), ...configFiles],
    hostname: options.hostname ?? own.hostname,
    withoutHmc,
    env: options.env ?? own.env,
    cwd: options.cwd ?? own.cwd,
    home: options.home ?? own.home,
    files: options.files ?? own.files,
  };
}

const DPM_DRIVER = 'dpm.DPMDriver';

/**
 * Reads and checks all settings: the files, overridden by the environment; clouds.yaml and `OS_*` give defaults.
 *
 * @throws ConfigError that names every missing, unknown or unusable setting, its value, what was expected and where it
 * is. Before that, only files are read.
 * @example
 * ```ts
 * import { loadSettings } from 'nova-dpm';
 *
 * const settings = loadSettings({ configFile: 'nova-dpm.conf' });
 * console.log(`host ${settings.host}, CPC ${settings.dpm.cpcName ?? settings.dpm.cpcObjectId}`);
 * ```
 * @public
 */
export function loadSettings(given: LoadOptions = {}): Settings {
  checkOptions<LoadOptions>('loadSettings', given, loadOptionKinds);
  const options = completeOptions(given);
  const findings: Findings = { problems: [], warnings: [] };
  const { layers, configFiles } = readLayers(options, findings);
  layers.defaults.add('DEFAULT', 'host', { value: shortNameOf(options), source: { kind: 'default' } });
  checkNames(layers, findings);
  const settings: Settings | undefined = compose(layers, options, findings, configFiles);
  if (findings.problems.length > 0 || settings === undefined) {
    const isMissing = configFiles.length === 0 && findings.problems.some(({ option }) => option === 'dpm.hmc');
    throw isMissing ? noSettingsFile(findings.problems) : settingsError(whereFrom(configFiles), findings.problems);
  }
  return deepFreeze(settings);
}

/**
 * Reads `dpm.host_connectors` alone, for operations that need no other setting. A file in a default place that the user
 * may not read counts as empty, since nobody named it.
 *
 * @throws ConfigError when this setting, or a file that was named, cannot be used
 */
export function loadHostConnectors(given: Pick<LoadOptions, 'configFiles' | 'env' | 'files'>) {
  const options = completeOptions(given);
  const findings: Findings = { problems: [], warnings: [] };
  const isNamed = options.configFiles.length > 0 || (options.env[CONFIG_VARIABLE] ?? '') !== '';
  const warnings: string[] = [];
  const { layers } = readLayers(options, findings, isNamed ? undefined : (unread) => warnings.push(unread));
  const { host_connectors: hostConnectors } = readSection('dpm', layers, findings).values;
  const own = findings.problems.filter(({ option }) => option === 'dpm.host_connectors');
  if (own.length > 0) throw settingsError('settings', own);
  return { hostConnectors, warnings };
}

/**
 * Reads the settings for operations that need an HMC and nothing else.
 *
 * @throws ConfigError when an option that reaches the HMC is missing, or an option of `[DEFAULT]` or `[dpm]` is unusable
 */
export function loadHmcSettings(given: LoadOptions): HmcSettings {
  const options = completeOptions(given);
  const findings: Findings = { problems: [], warnings: [] };
  const { layers, configFiles } = readLayers(options, findings);
  layers.defaults.add('DEFAULT', 'host', { value: shortNameOf(options), source: { kind: 'default' } });
  const common = readSection('DEFAULT', layers, findings);
  const dpm = composeDpm(readSection('dpm', layers, findings), options, findings, 'hmc');
  const { host, state_path: path } = common.values;
  const state = namedPath('DEFAULT.state_path', path, common.sources);
  const own = findings.problems.filter(({ option }) => /^(?:DEFAULT|dpm)\./.test(option));
  if (own.length > 0 || host === undefined || state === undefined) throw settingsError(whereFrom(configFiles), own);
  return deepFreeze({ host, statePath: statePath(state, options), dpm, warnings: findings.warnings });
}

function shortNameOf({ hostname }: CompleteOptions): string {
  return hostname.split('.')[0] ?? hostname;
}

function whereFrom(configFiles: readonly string[]): string {
  return `settings${configFiles.length === 0 ? ' (no settings file was found)' : ''}`;
}

/**
 * Reads files and environment.
 *
 * @param onUnread - called for a file that cannot be read, which then counts as empty
 * @throws ConfigError when a file cannot be read and onUnread is not given
 */
function readLayers(options: CompleteOptions, findings: Findings, onUnread?: (text: string) => void) {
  const layers = emptyLayers();
  const configFiles = chooseFiles(options.configFiles, options.env, options.files);
  for (const path of configFiles) readSettingsFile(path, options.files, layers.files, findings);
  const unread = findings.problems.filter(({ option }) => option === CONFIG_FILE_OPTION);
  // The options of an unread file are not reported as missing.
  if (unread.length > 0 && onUnread === undefined) throw settingsError('settings', findings.problems);
  for (const { value, expected } of unread) onUnread?.(`${value} is not used: expected ${expected}`);
  readEnvironment(options.env, layers.environment, findings);
  return { layers, configFiles };
}

function compose(layers: Layers, options: CompleteOptions, findings: Findings, files: readonly string[]) {
  const catalogInterface = addOpenstackDefaults(layers, options, findings);
  const common = readSection('DEFAULT', layers, findings);
  const dpm = readSection('dpm', layers, findings);
  const cinder = readSection('cinder', layers, findings);
  const serviceUser = readSection('service_user', layers, findings);
  const cinderSettings = composeCinder(cinder, serviceUser.values, catalogInterface, options, findings);
  const { host, compute_driver: computeDriver, state_path: path } = common.values;
  const isDpmNeeded = computeDriver === DPM_DRIVER && !options.withoutHmc;
  const dpmSettings = composeDpm(dpm, options, findings, isDpmNeeded ? 'all' : 'nothing');
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
