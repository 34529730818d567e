import { readFile } from 'node:fs/promises';

import { parse } from 'yaml';
import { z } from 'zod';

import type { HmcLevel } from '../context.ts';
import { levelOfVersion, machineProfiles, servedFeatures, type MachineProfile } from '../machines.ts';
import { isObject, textOf, type Json, type Props } from '../model/json.ts';

const json: z.ZodType<Json> = z.json(); // zod's JSON type allows the same values
const props = z.record(z.string(), json);
const shape = { properties: props };
const elements = z.array(z.looseObject(shape)).default([]);
const lists = <K extends string>(...names: readonly K[]): Record<K, typeof elements> =>
  Object.fromEntries(names.map((name) => [name, elements])) as Record<K, typeof elements>; // one entry for each name

const cpc = z.looseObject({
  ...shape,
  ...lists('virtual_switches', 'lpars', 'capacity_groups'),
  adapters: z.array(z.looseObject({ ...shape, ...lists('ports') })).default([]),
  partitions: z.array(z.looseObject({ ...shape, ...lists('nics', 'hbas', 'virtual_functions') })).default([]),
});

const console = z.looseObject({
  ...shape,
  storage_groups: z
    .array(z.looseObject({ ...shape, ...lists('storage_volumes', 'virtual_storage_resources') }))
    .default([]),
});

/** What the simulator reads of a zhmcclient mock definition; other lists are left alone. */
const mockDefinition = z.looseObject({
  hmc_definition: z.looseObject({
    host: z.string(),
    api_version: z.string(),
    consoles: z.array(console).max(1),
    cpcs: z.array(cpc).default([]),
  }),
});

/** A zhmcclient mock definition. */
export type MockDefinition = z.infer<typeof mockDefinition>['hmc_definition'];

/** A DPM configuration export: one array of complete resources per class. */
export interface DpmExport {
  readonly version: string;
  readonly features: Json[];
  readonly apiFeatures: readonly string[] | undefined;
  readonly cpc: Props;
  readonly resources: Readonly<Record<string, readonly Props[]>>;
}

/** A definition file that was read, with the level of the HMC that it describes. */
export type Definition = { readonly hmc: HmcLevel } & (
  { readonly kind: 'mock'; readonly mock: MockDefinition } | { readonly kind: 'export'; readonly export: DpmExport }
);

/**
 * Reads a zhmcclient mock definition (YAML or JSON) or a DPM export (JSON); the content tells which.
 * @throws Error naming the file and what is wrong with it
 */
export async function readDefinition(path: string): Promise<Definition> {
  try {
    const content: unknown = parse(await readFile(path, 'utf8'));
    if (isObject(content) && content.hmc_definition !== undefined) return readMock(content);
    if (isObject(content) && Array.isArray(content.partitions)) return readExport(content);
    throw new Error('neither a zhmcclient mock definition nor a DPM export');
  } catch (error) {
    throw new Error(`definition ${path}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

function readMock(content: Props): Definition {
  const parsed = mockDefinition.safeParse(content);
  if (!parsed.success) throw new Error(z.prettifyError(parsed.error));
  const mock = parsed.data.hmc_definition;
  const version = textOf(mock.consoles[0]?.properties ?? {}, 'version');
  const level = version === '' ? levelOfApi(mock.api_version) : levelOfVersion(version);
  const profile = profileOfLevel(level);
  const name = textOf(mock.consoles[0]?.properties ?? {}, 'name') || mock.host;
  const known = { name, level, version: version || profile.version };
  return { kind: 'mock', mock, hmc: { ...known, apiVersion: apiVersionOf(mock.api_version) ?? profile.apiVersion } };
}

function readExport(content: Props): Definition {
  const version = textOf(content, 'se-version');
  const level = levelOfVersion(version);
  const profile = profileOfLevel(level);
  const {
    'available-features-list': features,
    'available-api-features-list': apiFeatures,
    'cpc-properties': own,
  } = content;
  const names = Array.isArray(apiFeatures)
    ? servedFeatures(apiFeatures.filter((name) => typeof name === 'string'))
    : undefined;
  const arrays = Object.entries(content).flatMap(([key, value]) =>
    Array.isArray(value) && value.every(isObject) ? [[key, value] as const] : [],
  );
  const read: DpmExport = {
    version,
    features: servedFirmware(features ?? []),
    apiFeatures: names,
    cpc: isObject(own) ? own : {},
    resources: Object.fromEntries(arrays),
  };
  const { apiVersion } = profile;
  return { kind: 'export', export: read, hmc: { name: 'HMC1', level, version, apiVersion } };
}

/** Of the value of `available-features-list`, the features that the simulator serves. */
export function servedFirmware(features: Json): Json[] {
  if (!Array.isArray(features)) return [];
  return features.filter((feature) => isObject(feature) && servedFeatures([textOf(feature, 'name')]).length > 0);
}

/** The profile of a generation; the newest for one that is not known. */
export function profileOfLevel(level: number): MachineProfile {
  return Object.values(machineProfiles).find((profile) => profile.level === level) ?? machineProfiles.z17;
}

/** Files in the wild give `4.10`, and one of them an HMC version instead. */
function apiVersionOf(text: string): readonly [number, number] | undefined {
  const [, major, minor] = /^(\d+)\.(\d+)$/u.exec(text) ?? [];
  return major === undefined || minor === undefined ? undefined : [Number(major), Number(minor)];
}

/** From the table of HMC and API versions in zhmcclient's documentation. */
function levelOfApi(text: string): number {
  const [major, minor] = apiVersionOf(text) ?? [4, 10];
  if (major >= 4) return 16;
  if (major === 3) return 15;
  return major === 2 && minor >= 20 ? 14 : 13;
}
