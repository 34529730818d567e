import { BLANKED } from '../base/index.ts';
import { interpolate } from './interpolate.ts';
import { describeSource, findGiven } from './layers.ts';
import type { Given, Layers, Source } from './layers.ts';
import type { Option } from './option.ts';
import { showValue } from './problems.ts';
import type { SettingsProblem } from './problems.ts';
import { isAuthOption, sectionOptions } from './schema.ts';
import type { SectionName, SectionValues } from './schema.ts';
import type { Findings } from './sources.ts';

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
  /** Where the value of an option comes from. */
  readonly sources: ReadonlyMap<string, Source>;
}

/** Reads every option of a section from the layers; what cannot be used becomes a problem and counts as absent. */
export function readSection<S extends SectionName>(section: S, layers: Layers, findings: Findings): ReadSection<S> {
  const values: Record<string, unknown> = {};
  const entries: SettingEntry[] = [];
  const sources = new Map<string, Source>();
  for (const [name, option] of Object.entries(sectionOptions(section))) {
    const given = settle(section, name, option, layers, findings);
    values[name] = parse(section, name, option, given, findings);
    const first = given[0];
    if (first === undefined) continue;
    const value = option.secret === true ? [BLANKED] : given.map((one) => one.value);
    sources.set(name, first.source);
    entries.push({ section, option: name, value, source: describeSource(first.source) });
  }
  return { values: values as SectionValues<S>, entries, sources }; // filled row by row from the table that the type is made of
}

/** The texts that count: the last of a single value, all of a multi-valued one, references filled in. */
function settle(section: string, name: string, option: Option, layers: Layers, findings: Findings): readonly Given[] {
  const from = redirect(section, name, layers);
  const found = findGiven(layers, from, name, option) ?? defaults(option);
  const counting = option.multi === true ? found : found.slice(-1);
  const settled = counting.flatMap((given) => fillIn(from, name, option, given, layers, findings));
  if (option.emptyIsNone !== true) return settled;
  const filled = settled.filter((given) => given.value !== '');
  return filled.length > 0 ? filled : defaults(option);
}

/** keystoneauth's `auth_section`: the options of authentication stand in another section of the files. */
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
  // A dollar sign in the environment or in YAML is nothing but that.
  if (given.source.kind !== 'file') return [given];
  const filled = interpolate(layers, section, given.value, option.secret === true);
  if ('value' in filled) return [{ ...given, value: filled.value }];
  findings.problems.push(problemOf(section, name, option, given, filled.expected));
  return [];
}

function problemOf(section: string, name: string, option: Option, given: Given, expected: string): SettingsProblem {
  const value = option.secret === true ? BLANKED : given.value;
  return { option: `${section}.${name}`, value, expected, where: describeSource(given.source) };
}

function parse(section: string, name: string, option: Option, given: readonly Given[], findings: Findings): unknown {
  const parsed: unknown[] = [];
  for (const one of given) {
    const parts = option.list === true ? one.value.split(/[,\n]/).map((part) => part.trim()) : [one.value];
    for (const part of parts) {
      if (option.list === true && part === '') continue;
      const result = option.schema.safeParse(part);
      if (result.success) parsed.push(result.data);
      else {
        const expected = option.expected + commentHint(part);
        findings.problems.push(problemOf(section, name, option, { ...one, value: part }, expected));
      }
    }
  }
  if (option.list === true || option.multi === true) return parsed;
  // What could not be used has its problem; the default stands in so that the other settings can still be checked.
  return parsed[0] ?? (option.default === undefined ? undefined : option.schema.parse(option.default));
}

/** A frequent mistake: oslo.config knows comments at the start of a line only. */
function commentHint(value: string): string {
  return /\s[#;]/.test(value) ? ' (a comment needs a line of its own)' : '';
}

/** The text of an entry for people. */
export function showEntry(entry: SettingEntry): string {
  return entry.value.map((value) => (value === BLANKED ? value : showValue(value).slice(1, -1))).join(', ');
}
