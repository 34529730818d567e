import { ConfigError } from '../base/index.ts';

/** A microversion of v3, the only major version of Cinder, by its minor number: 44 is 3.44. */
export type Microversion = number;

/** The microversions that matter here. Source: cinder api/openstack/rest_api_version_history.rst. */
export const since = {
  base: 0,
  /** The attachments resource. */
  attachments: 27,
  /** `os-complete`, which completes the attachments flow. */
  attachmentComplete: 44,
  /** `mode` in the creation of an attachment. */
  attachmentMode: 54,
  /** The path may omit the project. */
  projectOptional: 67,
} as const satisfies Record<string, Microversion>;

/** Reads `3.44`; undefined for another major, or for the empty text of a server that predates microversions. */
export function parseMicroversion(text: string): Microversion | undefined {
  const match = /^3\.(\d{1,4})$/.exec(text.trim());
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

/** Returns `3.44`. */
export function formatMicroversion(version: Microversion): string {
  return `3.${version}`;
}

/** Returns the maximum of a 406: "Version 3.999 is not supported by the API. Minimum is 3.0 and maximum is 3.70." */
export function maximumOfRefusal(message: string): Microversion | undefined {
  return parseMicroversion(/maximum is (3\.\d{1,4})/.exec(message)?.[1] ?? '');
}

/** The parts of a URL of Cinder. */
export interface Endpoint {
  readonly origin: string;
  /** Path up to and with `/v3`, without a trailing slash. */
  readonly root: string;
  /** What follows in the URL: the project, in most catalogs. */
  readonly project: string | undefined;
}

/** Splits a URL of Cinder into its parts, adding `/v3` if it names no version. @throws ConfigError */
export function parseEndpoint(url: string): Endpoint {
  // `cinder:8776` is a URL to the parser, with the scheme "cinder".
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new ConfigError(`Cinder's endpoint "${url}" is not a URL (expected for example https://cinder:8776/v3)`);
  }
  const { origin, pathname } = new URL(url);
  const match = /^(.*?)\/v(\d+)(?:\.\d+)?(?:\/(.*))?$/.exec(pathname.replace(/\/+$/, ''));
  if (match === null) return { origin, root: `${pathname.replace(/\/+$/, '')}/v3`, project: undefined };
  const [, before = '', major = '', project = ''] = match;
  if (major !== '3') throw new ConfigError(`Cinder's endpoint ${url} is of API version ${major}, expected v3`);
  return { origin, root: `${before}/v3`, project: project === '' ? undefined : project };
}

/** Returns the path before every resource's path, with the project where the server requires it. */
export function resourceRoot(endpoint: Endpoint, level: Microversion, projectId: string | undefined): string {
  if (endpoint.project !== undefined) return `${endpoint.root}/${endpoint.project}`;
  if (projectId === undefined || level >= since.projectOptional) return endpoint.root;
  return `${endpoint.root}/${encodeURIComponent(projectId)}`;
}
