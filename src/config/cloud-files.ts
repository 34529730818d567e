import { join } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { describeError } from '../base/index.ts';
import type { FileAccess } from './file-access.ts';
import type { Surroundings } from './paths.ts';
import type { Findings } from './problems.ts';

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);

/** The part of a clouds.yaml entry that concerns Cinder. */
const cloudSchema = z.looseObject({
  auth: z.record(z.string(), scalar).optional(),
  auth_type: z.string().optional(),
  profile: z.string().optional(),
  cloud: z.string().optional(),
  region_name: z.string().optional(),
  regions: z.array(z.union([z.string(), z.looseObject({ name: z.string() })])).optional(),
  interface: z.string().optional(),
  endpoint_type: z.string().optional(),
  verify: z.union([z.boolean(), z.string()]).optional(),
  cacert: z.string().nullable().optional(),
});

/** @internal */
export type Cloud = z.infer<typeof cloudSchema>;

const cloudsFileSchema = z.looseObject({ clouds: z.record(z.string(), z.unknown()).nullish() });
const publicFileSchema = z.looseObject({ 'public-clouds': z.record(z.string(), z.unknown()).nullish() });

/** An entry of a clouds.yaml, and the file. */
interface FoundCloud {
  readonly path: string;
  readonly cloud: Cloud;
}

/**
 * Returns the places of a file in OpenStackClient's order: the variable's (`OS_CLIENT_CONFIG_FILE`), the current
 * directory, `~/.config/openstack`, `/etc/openstack`.
 */
function candidates(name: string, variable: string, search: Surroundings): readonly string[] {
  const named = search.env[variable];
  const config = search.env.XDG_CONFIG_HOME ?? join(search.home, '.config');
  const directories = [search.cwd, join(config, 'openstack'), '/etc/openstack'];
  const found = directories.flatMap((directory) => [join(directory, `${name}.yaml`), join(directory, `${name}.yml`)]);
  return named === undefined || named === '' ? found : [named, ...found];
}

function readFirst(name: string, variable: string, search: Surroundings, findings: Findings) {
  const path = candidates(name, variable, search).find((candidate) => search.files.info(candidate) !== undefined);
  return path === undefined ? undefined : { path, content: readYaml(path, search.files, findings) };
}

/** Reads a YAML file. Messages never quote its lines, which may contain a password. */
function readYaml(path: string, files: FileAccess, findings: Findings): unknown {
  const lines = new LineCounter();
  try {
    const document = parseDocument(files.read(path) ?? '', { prettyErrors: false, lineCounter: lines });
    const error = document.errors[0];
    if (error === undefined) return document.toJS({ maxAliasCount: 100 }) as unknown; // toJS says any
    const where = `${path}:${lines.linePos(error.pos[0]).line}`;
    findings.problems.push({ option: 'cinder.cloud', value: path, expected: `YAML (${error.code})`, where });
  } catch (error) {
    const expected = `a file that can be read (${describeError(error)})`;
    findings.problems.push({ option: 'cinder.cloud', value: path, expected });
  }
  return undefined;
}

/**
 * Finds a cloud by name, with the values of secure.yaml laid over it. Returns undefined, with a problem, when there is
 * none.
 *
 * @param where - names the cloud, for the problem
 */
export function findCloud(
  name: string,
  where: string | undefined,
  search: Surroundings,
  findings: Findings,
): FoundCloud | undefined {
  const before = findings.problems.length;
  const main = readFirst('clouds', 'OS_CLIENT_CONFIG_FILE', search, findings);
  const secure = readFirst('secure', 'OS_CLIENT_SECURE_FILE', search, findings);
  if (findings.problems.length > before) return undefined;
  const clouds = cloudsOf(merge(secure?.content, main?.content));
  if (!Object.hasOwn(clouds, name)) {
    const expected = oneOf(main?.path, Object.keys(clouds));
    findings.problems.push({ option: 'cinder.cloud', value: name, expected, where });
    return undefined;
  }
  const merged = merge(merge(vendor(clouds[name], search, findings), clouds[name]), cloudsOf(secure?.content)[name]);
  return parseCloud(name, merged, main?.path ?? secure?.path ?? '', findings);
}

function parseCloud(name: string, entry: unknown, path: string, findings: Findings): FoundCloud | undefined {
  const parsed = cloudSchema.safeParse(entry);
  if (parsed.success) return { path, cloud: parsed.data };
  const at = parsed.error.issues.map((issue) => issue.path.join('.') || 'the entry').join(', ');
  const expected = `an entry as in clouds.yaml (look at ${at})`;
  findings.problems.push({ option: 'cinder.cloud', value: name, expected, where: path });
  return undefined;
}

function cloudsOf(content: unknown): Record<string, unknown> {
  return cloudsFileSchema.safeParse(content).data?.clouds ?? {};
}

function oneOf(path: string | undefined, names: readonly string[]): string {
  if (path === undefined) return 'a clouds.yaml (in OS_CLIENT_CONFIG_FILE, ., ~/.config/openstack or /etc/openstack)';
  return `a cloud of ${path}${names.length === 0 ? '' : `: ${names.join(', ')}`}`;
}

/** Returns what clouds-public.yaml has for the entry's `profile`. */
function vendor(entry: unknown, search: Surroundings, findings: Findings): unknown {
  const cloud = cloudSchema.safeParse(entry).data;
  const profile = cloud?.profile ?? cloud?.cloud;
  if (profile === undefined) return {};
  const file = readFirst('clouds-public', 'OS_CLIENT_VENDOR_FILE', search, findings);
  const profiles = publicFileSchema.safeParse(file?.content).data?.['public-clouds'] ?? {};
  if (Object.hasOwn(profiles, profile)) return profiles[profile];
  const expected = 'a profile of clouds-public.yaml; or write auth_url and region_name into the entry';
  findings.problems.push({ option: 'cinder.cloud', value: `profile ${profile}`, expected });
  return {};
}

/** Lays one mapping over another, at any depth. */
function merge(below: unknown, above: unknown): unknown {
  if (!isMapping(below) || !isMapping(above)) return above ?? below;
  const merged: Record<string, unknown> = { ...below };
  for (const [key, value] of Object.entries(above)) {
    merged[key] = Object.hasOwn(below, key) ? merge(below[key], value) : value;
  }
  return merged;
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
