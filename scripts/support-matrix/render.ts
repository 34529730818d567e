import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { DpmDriver } from '../../src/virt/index.ts';
import { refusals } from '../../src/virt/dpm/refusals.ts';

const kinds = ['complete', 'partial', 'default', 'refused', 'planned'] as const;
export type Kind = (typeof kinds)[number];

/** A method of Nova's contract, and what the driver does with it. */
export interface Method {
  /** Nova's name. */
  readonly name: string;
  /** As in Python. */
  readonly parameters: string;
  readonly topic: string;
  readonly kind: Kind;
  readonly note: string;
  /** Nova's exception for a refusal. */
  readonly nova?: string;
}

const contractFile = z.object({
  release: z.string(),
  source: z.string(),
  methods: z.array(z.object({ name: z.string(), parameters: z.string(), base: z.string() })),
});
const note = z.string().min(1);
const entry = z.union([
  z.enum(['complete', 'refused']),
  z.strictObject({ partial: note }),
  z.strictObject({ default: note }),
  z.strictObject({ planned: note }),
]);
const topicsFile = z.record(z.string(), z.record(z.string(), entry));
const retiredFile = z.record(z.string(), z.object({ published: z.string(), methods: z.array(z.string()) }));

const read = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8');
const contract = contractFile.parse(JSON.parse(read('nova.json')));
const topics = topicsFile.parse(parse(read('methods.yaml')));
const retired = retiredFile.parse(parse(read('retired.yaml')));

/** Returns Nova's name in camelCase. */
export function camelCase(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** Returns every method of Nova's contract in the order of the table. @throws Error if table, contract and driver differ */
export function readMethods(): readonly Method[] {
  const parameters = new Map(contract.methods.map((method) => [method.name, method.parameters]));
  const methods = Object.entries(topics).flatMap(([topic, entries]) =>
    Object.entries(entries).map(([name, given]) => ({
      name,
      parameters: parameters.get(name) ?? fail(`${name} is not a method of Nova's contract`),
      topic,
      ...readEntry(name, given),
    })),
  );
  const listed = new Set(methods.map(({ name }) => name));
  for (const { name } of contract.methods) if (!listed.has(name)) fail(`${name} is missing in methods.yaml`);
  for (const method of methods) checkAgainstDriver(method);
  return methods;
}

function readEntry(name: string, given: z.output<typeof entry>): Pick<Method, 'kind' | 'note' | 'nova'> {
  if (given === 'complete') return { kind: 'complete', note: '' };
  if (given === 'refused') {
    const refusal = Object.entries(refusals).find(([method]) => method === camelCase(name))?.[1];
    const { nova, reason } = refusal ?? fail(`${name} has no reason in src/virt/dpm/refusals.ts`);
    return { kind: 'refused', note: reason, nova };
  }
  const kind = kinds.find((each) => each in given) ?? fail(`${name} has no kind`);
  return { kind, note: Object.values(given)[0] ?? '' };
}

function checkAgainstDriver({ name, kind }: Method): void {
  const method = camelCase(name);
  const isRefused = Object.hasOwn(refusals, method);
  const isPresent = method in DpmDriver.prototype;
  if (kind !== 'refused' && isRefused) fail(`${name} is ${kind}, but src/virt/dpm/refusals.ts refuses it`);
  const isExpected = kind !== 'default' && kind !== 'planned';
  if (isExpected !== isPresent)
    fail(`${name} is ${kind}, but the driver has ${isPresent ? 'a' : 'no'} method ${method}`);
}

const words: Readonly<Record<Kind, string>> = {
  complete: 'complete',
  partial: 'partial',
  default: "Nova's default",
  refused: 'not applicable',
  planned: 'not yet',
};

/** Returns the page docs/support-matrix.md. */
export function renderSupportMatrix(): string {
  const methods = readMethods();
  const count = (kind: Kind) => methods.filter((method) => method.kind === kind).length;
  return [
    '<!-- Written by `npm run tables`: change scripts/support-matrix/ instead. -->',
    '',
    '# Support matrix',
    '',
    `This page lists every method that Nova ${contract.release} calls of a virt driver, and what the DPM driver does with it. The driver`,
    'has each method under its name in camelCase: `get_info` is `getInfo`. A test calls each of them on the simulator. Source of the',
    `list: ${contract.source}.`,
    '',
    '| Word | Methods | Meaning |',
    '| --- | --- | --- |',
    `| complete | ${count('complete')} | the method does what Nova expects |`,
    `| partial | ${count('partial')} | the method works, except for what the note says |`,
    `| Nova's default | ${count('default')} | the driver has no such method, because the method of Nova's base class does what DPM needs |`,
    `| not applicable | ${count('refused')} | no machine in DPM mode can do it, or nova-dpm must not do it. The method throws \`NotImplementedError\` (code \`NOT_IMPLEMENTED\`), whose \`novaException\` is the name of Nova's exception |`,
    `| not yet | ${count('planned')} | the driver has no such method. Nova treats it as \`NotImplementedError\` |`,
    '',
    'The last column is what the retired Python driver published for the same feature ([openstack/nova-dpm, branch',
    'stable/queens](https://opendev.org/openstack/nova-dpm/src/branch/stable/queens/doc/source/support-matrix.ini)). An empty cell: it',
    'published nothing about it.',
    '',
    ...[...new Set(methods.map(({ topic }) => topic))].flatMap((topic) => [
      `## ${topic}`,
      '',
      '| Method | Support | Note | Python nova-dpm |',
      '| --- | --- | --- | --- |',
      ...methods.filter((method) => method.topic === topic).map(row),
      '',
    ]),
    "The driver also has methods that Nova's contract does not have, which the compute manager of nova-dpm needs: see",
    '`src/virt/compute-driver.ts`. One of them, `process_instances_at_startup`, comes with a later release of Nova.',
    '',
  ].join('\n');
}

function row({ name, kind, note: text, nova }: Method): string {
  const raised = nova === undefined || nova === 'NotImplementedError' ? '' : ` (\`${nova}\`)`;
  const before = Object.values(retired).find((feature) => feature.methods.includes(name))?.published ?? '';
  return `| \`${name}\` | ${words[kind]}${raised} | ${text} | ${before} |`;
}

function fail(problem: string): never {
  throw new Error(`support matrix: ${problem}`);
}
