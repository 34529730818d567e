import { BLANKED } from '../base/index.ts';
import type { Settings } from './load.ts';
import { path, text } from './option.ts';
import type { Option } from './option.ts';
import { showValue } from './problems.ts';
import { sectionNames, sectionOptions } from './schema.ts';
import type { SectionName } from './schema.ts';

const WIDTH = 100;

/** Returns a commented settings file with every option, built from the table. */
export function configSample(): string {
  return [...intro, ...sectionNames.flatMap(sectionSample)].join('\n');
}

const intro = [
  '# Settings of nova-dpm. Lines without # are required settings.',
  '# Every option can also be set in the environment as NOVA_DPM_<SECTION>__<OPTION>, which takes precedence over files.',
  '# $name and ${section.name} stand for the value of another option; $$ is a dollar sign.',
  '',
];

function sectionSample(section: SectionName): readonly string[] {
  const options = Object.entries(sectionOptions(section)).flatMap(([name, option]) => optionSample(name, option));
  return [`[${section}]`, '', ...options];
}

function optionSample(name: string, option: Option): readonly string[] {
  const value = option.default ?? option.example ?? '';
  const shown = option.secret === true ? '' : value;
  const mark = option.required === true ? '' : '#';
  return [
    ...wrap(option.help).map((line) => `# ${line}`),
    `# (${describeType(option)})`,
    `${mark}${name} =${shown === '' ? '' : ` ${shown}`}`,
    '',
  ];
}

function describeType(option: Option): string {
  const many = option.multi === true ? ', may be repeated' : option.list === true ? ', list separated by commas' : '';
  const standard = option.default === undefined || option.default === '' ? '' : `, default ${option.default}`;
  const needed = option.required === true ? ', required' : '';
  const form = option.expected === text.expected || option.expected === path.expected ? '' : `: ${option.expected}`;
  return `${option.type}${many}${needed}${standard}${form}`;
}

function wrap(text: string): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + word.length + 1 > WIDTH) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** Returns the table of all settings, for programs. */
export function configRows() {
  return sectionNames.flatMap((section) =>
    Object.entries(sectionOptions(section)).map(([name, option]) => ({
      option: `${section}.${name}`,
      type: `${option.type}${option.multi === true ? ', repeatable' : option.list === true ? ', list' : ''}`,
      required: option.required === true,
      default: option.default ?? null,
      example: option.example ?? null,
      expected: option.expected,
      help: option.help,
    })),
  );
}

/** A row of `dpm config show`. */
export interface ShownSetting {
  /** `dpm.max_memory` */
  readonly option: string;
  /** `***` for a secret. */
  readonly value: string;
  /** `nova-dpm.conf:12`, an environment variable, a cloud, or `default`. */
  readonly source: string;
}

/** Returns every setting that has a value, with its origin, in the order of the sample file. */
export function configShow(settings: Settings): readonly ShownSetting[] {
  const show = (value: string) => (value === BLANKED ? value : showValue(value).slice(1, -1));
  return settings.entries.map(({ section, option, value, source }) => ({
    option: `${section}.${option}`,
    value: value.map(show).join(', '),
    source,
  }));
}

/** Returns a settings file with these values, by section and option; a list is a repeated option. */
export function formatSettings(
  sections: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>,
): string {
  const lines = Object.entries(sections).flatMap(([section, options]) => [
    `[${section}]`,
    ...Object.entries(options).flatMap(([name, value]) =>
      (typeof value === 'string' ? [value] : value).map((one) => `${name} = ${quoted(one.replaceAll('$', '$$$$'))}`),
    ),
    '',
  ]);
  return lines.join('\n');
}

/** Quotes a value that would otherwise lose the blanks or the quotes at its ends. */
function quoted(value: string): string {
  const loses = value.trim() !== value || /^(["']).*\1$/s.test(value);
  return loses ? `"${value}"` : value;
}
