import { path, text } from './option.ts';
import type { Option } from './option.ts';
import { sectionNames, sectionOptions } from './schema.ts';
import type { SectionName } from './schema.ts';

const WIDTH = 100;

/** A commented settings file with every option, made from the table. */
export function configSample(): string {
  return [...intro, ...sectionNames.flatMap(sectionSample)].join('\n');
}

const intro = [
  '# Settings of nova-dpm. A value without # is one that must be given.',
  '# Every option can also come from the environment as NOVA_DPM_<SECTION>__<OPTION>, which wins over files.',
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
  const many = option.multi === true ? ', may be repeated' : option.list === true ? ', list divided by commas' : '';
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
