import { Secret } from '../base/index.ts';
import { composeCinder } from './compose-cinder.ts';
import { composeDpm } from './compose-dpm.ts';
import { emptyLayers } from './layers.ts';
import type { Layers } from './layers.ts';
import { addOpenstackDefaults } from './openstack.ts';
import { readCertificates, statePath } from './paths.ts';
import type { NamedPath, Surroundings } from './paths.ts';
import { settingsError } from './problems.ts';
import type { SectionName } from './schema.ts';
import type { Settings } from './settings.ts';
import {
  checkNames,
  chooseFiles,
  CONFIG_FILE_OPTION,
  CONFIG_VARIABLE,
  readEnvironment,
  readSettingsFile,
} from './sources.ts';
import type { Findings } from './sources.ts';
import type { HostConnectorSetting } from './value-types.ts';
import { readSection } from './values.ts';
import type { ReadSection } from './values.ts';

/** Everything the settings depend on. @public */
export interface LoadOptions extends Surroundings {
  /** The files of `--config-file`, in order; none for the usual places. */
  readonly configFiles?: readonly string[];
  /** This machine's name; what follows its first dot is dropped. */
  readonly hostname: string;
  /** What is done does without an HMC: the options that say how to reach one need not be there. */
  readonly withoutHmc?: boolean | undefined;
}

const DPM_DRIVER = 'dpm.DPMDriver';

/**
 * Reads and checks all settings: the files, then the environment over them, clouds.yaml and `OS_*` below.
 *
 * @throws ConfigError that names every setting which is missing, unknown or unusable, its value, what was expected and
 * where it stands. Nothing but files is touched before.
 * @public
 */
export function loadSettings(options: LoadOptions): Settings {
  const findings: Findings = { problems: [], warnings: [] };
  const { layers, configFiles } = readLayers(options, findings);
  layers.defaults.add('DEFAULT', 'host', { value: shortName(options.hostname), source: { kind: 'default' } });
  checkNames(layers, findings);
  const settings = compose(layers, options, findings, configFiles);
  if (findings.problems.length > 0 || settings === undefined) {
    const read = configFiles.length === 0 ? ' (no settings file was found)' : '';
    throw settingsError(`settings${read}`, findings.problems);
  }
  return deepFreeze(settings);
}

/**
 * Reads `dpm.host_connectors` alone: for what needs no other setting. A settings file in a usual place that this user may
 * not read counts as none, since nobody has asked for it.
 *
 * @throws ConfigError when this setting, or a file that was named, cannot be used
 */
export function loadHostConnectors(options: Pick<LoadOptions, 'configFiles' | 'env' | 'files'>): {
  readonly hostConnectors: readonly HostConnectorSetting[];
  /** What surprises later, in words for people. */
  readonly warnings: readonly string[];
} {
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
 * What files and environment say.
 *
 * @param onUnread - told of a file that cannot be read, which then counts as empty
 * @throws ConfigError when a file cannot be read, unless there is somebody to tell
 */
function readLayers(
  options: Pick<LoadOptions, 'configFiles' | 'env' | 'files'>,
  findings: Findings,
  onUnread?: (text: string) => void,
): { readonly layers: Layers; readonly configFiles: readonly string[] } {
  const layers = emptyLayers();
  const configFiles = chooseFiles(options.configFiles ?? [], options.env, options.files);
  for (const path of configFiles) readSettingsFile(path, options.files, layers.files, findings);
  const unread = findings.problems.filter(({ option }) => option === CONFIG_FILE_OPTION);
  // What an unread file would have said is not missing: one message tells what is wrong.
  if (unread.length > 0 && onUnread === undefined) throw settingsError('settings', findings.problems);
  for (const { value, expected } of unread) onUnread?.(`${value} is not used: expected ${expected}`);
  readEnvironment(options.env, layers.environment, findings);
  return { layers, configFiles };
}

function shortName(hostname: string): string {
  return hostname.split('.')[0] ?? hostname;
}

function compose(
  layers: Layers,
  options: LoadOptions,
  findings: Findings,
  files: readonly string[],
): Settings | undefined {
  const catalogInterface = addOpenstackDefaults(layers, options, findings);
  const common = readSection('DEFAULT', layers, findings);
  const dpm = readSection('dpm', layers, findings);
  const cinder = readSection('cinder', layers, findings);
  const serviceUser = readSection('service_user', layers, findings);
  const caFile = namedPath(cinder, 'cinder.cafile', cinder.values.cafile);
  const cinderSettings = composeCinder(
    cinder.values,
    serviceUser.values,
    {
      interface: catalogInterface,
      catalogInfoGiven: cinder.sources.get('catalog_info')?.kind !== 'default',
      ca: caFile === undefined ? undefined : readCertificates(caFile, options, findings),
    },
    findings,
  );
  const computeDriver = common.values.compute_driver;
  const dpmSettings = composeDpm(
    dpm.values,
    (name) => namedPath(dpm, `dpm.${name}`, dpm.values[name]),
    options,
    findings,
    computeDriver === DPM_DRIVER && options.withoutHmc !== true,
  );
  const state = namedPath(common, 'DEFAULT.state_path', common.values.state_path);
  if (cinderSettings === undefined || common.values.host === undefined || state === undefined) return undefined;
  return {
    host: common.values.host,
    computeDriver,
    statePath: statePath(state, options),
    dpm: dpmSettings,
    cinder: cinderSettings,
    warnings: findings.warnings,
    files,
    entries: [...common.entries, ...dpm.entries, ...cinder.entries, ...serviceUser.entries],
  };
}

function namedPath<S extends SectionName>(
  section: ReadSection<S>,
  option: `${S}.${string}`,
  path: string | undefined,
): NamedPath | undefined {
  const source = section.sources.get(option.slice(option.indexOf('.') + 1)) ?? { kind: 'default' };
  return path === undefined ? undefined : { option, path, source };
}

/** Settings are shared by everything: nobody may change them under the others. */
function deepFreeze<T>(value: T): T {
  if (value === null || typeof value !== 'object' || value instanceof Secret || Object.isFrozen(value)) return value;
  Object.values(value).forEach(deepFreeze);
  return Object.freeze(value);
}
