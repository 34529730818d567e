import { describeError } from '../base/index.ts';
import type { FileAccess } from './file-access.ts';
import { parseIni } from './ini.ts';
import { readElsewhere } from './known-elsewhere.ts';
import { describeSource } from './layers.ts';
import type { Layer, Layers } from './layers.ts';
import { nearest } from './nearest.ts';
import { BOOT_PASSWORD_VARIABLE, PATH_TOKEN_VARIABLE } from './secret-variables.ts';
import type { Findings } from './problems.ts';
import { findOption, isSection, sectionNames, sectionOptions } from './schema.ts';
import type { SectionName } from './schema.ts';

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The option in a problem with a settings file. */
export const CONFIG_FILE_OPTION = '--config-file';

const PREFIX = 'NOVA_DPM_';
/** Names the settings file. */
export const CONFIG_VARIABLE = 'NOVA_DPM_CONFIG';
const otherVariables: ReadonlySet<string> = new Set([CONFIG_VARIABLE, PATH_TOKEN_VARIABLE, BOOT_PASSWORD_VARIABLE]);

/**
 * Returns the settings files to read: those that were named, else `NOVA_DPM_CONFIG`, else the first existing of
 * `nova-dpm.conf` in the current directory and `/etc/nova-dpm/nova-dpm.conf`.
 */
export function chooseFiles(named: readonly string[], env: Environment, files: FileAccess): readonly string[] {
  if (named.length > 0) return named;
  const fromEnvironment = env[CONFIG_VARIABLE];
  if (fromEnvironment !== undefined && fromEnvironment !== '') return [fromEnvironment];
  return ['nova-dpm.conf', '/etc/nova-dpm/nova-dpm.conf'].filter((path) => files.info(path) !== undefined).slice(0, 1);
}

/** Returns the text of a file; undefined, with a problem, when it cannot be read. */
export function readRequired(
  path: string,
  option: string,
  files: FileAccess,
  findings: Findings,
  where?: string,
): string | undefined {
  const problem = (expected: string) => findings.problems.push({ option, value: path, expected, where });
  try {
    const text = files.read(path);
    if (text === undefined) problem('a file that exists');
    return text;
  } catch (error) {
    problem(`a file that can be read (${describeError(error)})`);
    return undefined;
  }
}

/** Reads a settings file into the layer of files. */
export function readSettingsFile(path: string, files: FileAccess, layer: Layer, findings: Findings): void {
  const text = readRequired(path, CONFIG_FILE_OPTION, files, findings);
  if (text === undefined) return;
  const { entries, problems } = parseIni(text, path);
  findings.problems.push(...problems);
  for (const { section, key, value, line } of entries) {
    layer.add(section, key, { value, source: { kind: 'file', path, line } });
  }
  const holdsSecret = entries.some(
    ({ section, key, value }) => findOption(section, key)?.secret === true && value !== '',
  );
  if (holdsSecret && ((files.info(path)?.mode ?? 0) & 0o004) !== 0) {
    findings.warnings.push(`${path} holds a password and can be read by everybody: chmod o-r ${path}`);
  }
}

/** Reads `NOVA_DPM_<SECTION>__<OPTION>` into the layer of the environment. */
export function readEnvironment(env: Environment, layer: Layer, findings: Findings): void {
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith(PREFIX) || otherVariables.has(name) || value === undefined) continue;
    const [section = '', ...rest] = name.slice(PREFIX.length).split('__');
    if (rest.length === 0) {
      findings.warnings.push(`${name} is not used (expected ${PREFIX}<SECTION>__<OPTION>)`);
      continue;
    }
    const sectionName = section === 'DEFAULT' ? section : section.toLowerCase();
    if (isSection(sectionName)) addFromEnvironment(layer, sectionName, rest.join('__').toLowerCase(), name, value);
    else findings.problems.push({ option: name, unknown: true, expected: unknownSection(section) });
  }
}

function unknownSection(section: string): string {
  const near = nearest(section, sectionNames);
  if (near !== undefined) return `the section ${near.toUpperCase()}, perhaps`;
  return `a section of ${sectionNames.map((name) => name.toUpperCase()).join(', ')}`;
}

/** A variable contains all values of a multi-valued option, divided by commas or line ends. */
function addFromEnvironment(layer: Layer, section: SectionName, option: string, name: string, value: string): void {
  const { multi, envSeparator = /[,\n]/ } = findOption(section, option) ?? {};
  const values = multi === true ? value.split(envSeparator) : [value];
  for (const one of values) {
    layer.add(section, option, { value: one.trim(), source: { kind: 'environment', name } });
  }
}

/**
 * Checks that the options of our sections are known, except `DEFAULT` in files, where a nova.conf has Nova's options.
 */
export function checkNames(layers: Layers, findings: Findings): void {
  for (const layer of [layers.files, layers.environment]) {
    for (const { section, name, given } of layer.entries()) {
      if (!isSection(section) || (section === 'DEFAULT' && layer === layers.files)) continue;
      if (isKnown(section, name)) continue;
      const where = given[0] === undefined ? undefined : describeSource(given[0].source);
      const how = readElsewhere(section, name);
      if (how === 'warned') findings.warnings.push(`${section}.${name} (${where}) is not used by nova-dpm`);
      else if (how === undefined) {
        const expected = suggest(section, name);
        findings.problems.push({ option: `${section}.${name}`, unknown: true, expected, where });
      }
    }
  }
}

function isKnown(section: SectionName, name: string): boolean {
  if (findOption(section, name) !== undefined) return true;
  return Object.values(sectionOptions(section)).some((option) => option.aliases?.includes(name) === true);
}

/** Suggests the same name in another section, else the nearest name. */
function suggest(section: SectionName, name: string): string {
  const elsewhere = sectionNames.find((other) => findOption(other, name) !== undefined);
  if (elsewhere !== undefined) return `this option in section [${elsewhere}]`;
  const own = nearest(name, Object.keys(sectionOptions(section)));
  return own === undefined ? 'one of the options that dpm config sample shows' : `${section}.${own}, perhaps`;
}
