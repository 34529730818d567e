import { BLANKED } from '../base/index.ts';
import { interpolate } from './interpolate.ts';
import { describeSource, findGiven } from './layers.ts';
import type { Given, Layers, Source } from './layers.ts';
import type { Option } from './option.ts';
import type { Findings } from './problems.ts';
import { isAuthOption, sectionOptions } from './schema.ts';
import type { SectionName, SectionValues } from './schema.ts';

/** A setting as `dpm config show` prints it. */
export interface SettingEntry {
  readonly section: SectionName;
  readonly option: string;
  /** In its text form; `***` for a secret; one element for each value of a multi-valued option. */
  readonly value: readonly string[];
  /** `nova-dpm.conf:12`, the name of an environment variable, or `default`. */
  readonly source: string;
}

export interface ReadSection<S extends SectionName> {
  readonly values: SectionValues<S>;
  readonly entries: readonly SettingEntry[];
  /** By `section.option`. */
  readonly sources: ReadonlyMap<string, Source>;
}

/** Reads every option of a section from the layers. An unusable value becomes a problem and counts as absent. */
export function readSection<S extends SectionName>(section: S, layers: Layers, findings: Findings): ReadSection<S> {
  const values: Record<string, unknown> = {};
  const entries: SettingEntry[] = [];
  const sources = new Map<string, Source>();
  for (const [name, option] of Object.entries(sectionOptions(section))) {
    const given = effectiveTexts(section, name, option, layers, findings);
    values[name] = parse(section, name, option, given, findings);
    const first = given[0];
    if (first === undefined) continue;
    const value = option.secret === true ? [BLANKED] : given.map((one) => one.value);
    sources.set(`${section}.${name}`, first.source);
    entries.push({ section, option: name, value, source: describeSource(first.source) });
  }
  return { values: values as SectionValues<S>, entries, sources }; // the type and the rows come from the same table
}

/** Returns the effective texts: the last of a single value, all of a multi-valued one, with references resolved. */
function effectiveTexts(
  section: string,
  name: string,
  option: Option,
  layers: Layers,
  findings: Findings,
): readonly Given[] {
  const from = redirect(section, name, layers);
  const found = findGiven(layers, from, name, option) ?? defaults(option);
  const counting = option.multi === true ? found : found.slice(-1);
  const texts = counting.flatMap((given) => fillIn(from, name, option, given, layers, findings));
  if (option.emptyIsNone !== true) return texts;
  const filled = texts.filter((given) => given.value !== '');
  return filled.length > 0 ? filled : defaults(option);
}

/** Returns the section with an option: keystoneauth's `auth_section` moves the options of authentication to another. */
function redirect(section: string, name: string, layers: Layers): string {
  if (!isAuthOption(name)) return section;
  const other = findGiven(layers, section, 'auth_section')?.at(-1)?.value ?? '';
  return other === '' ? section : other;
}

function defaults(option: Option): readonly Given[] {
  return option.default === undefined ? [] : [{ value: option.default, source: { kind: 'default' } }];
}

function fillIn(
  section: string,
  name: string,
  option: Option,
  given: Given,
  layers: Layers,
  findings: Findings,
): readonly Given[] {
  // Only files have references: elsewhere a dollar sign is literal.
  if (given.source.kind !== 'file') return [given];
  const filled = interpolate(layers, section, given.value, option.secret === true);
  if ('value' in filled) return [{ ...given, value: filled.value }];
  report(section, name, option, given, filled.expected, findings);
  return [];
}

function report(section: string, name: string, option: Option, given: Given, expected: string, to: Findings): void {
  const value = option.secret === true ? BLANKED : given.value;
  to.problems.push({ option: `${section}.${name}`, value, expected, where: describeSource(given.source) });
}

function parse(section: string, name: string, option: Option, given: readonly Given[], findings: Findings): unknown {
  const parsed: unknown[] = [];
  for (const one of given) {
    const parts = option.list === true ? one.value.split(/[,\n]/).map((part) => part.trim()) : [one.value];
    for (const part of parts) {
      if (option.list === true && part === '') continue;
      const result = option.schema.safeParse(part);
      // A frequent mistake: oslo.config knows comments at the start of a line only.
      const hint = /\s[#;]/.test(part) ? ' (a comment needs a line of its own)' : '';
      if (result.success) parsed.push(result.data);
      else report(section, name, option, { ...one, value: part }, option.expected + hint, findings);
    }
  }
  if (option.list === true || option.multi === true) return parsed;
  // In the place of an unusable value, the default lets the other settings be checked.
  return parsed[0] ?? (option.default === undefined ? undefined : option.schema.parse(option.default));
}
