import { ConfigError } from '../base/index.ts';

/** The minor number of a microversion of v3, the only supported major version: 44 is 3.44. */
export type Microversion = number;

/** The microversions on which this client depends. Source: cinder api/openstack/rest_api_version_history.rst. */
export const since = {
  base: 0,
  /** The attachments resource. */
  attachments: 27,
  /** `os-complete`, which completes the attachments flow. */
  attachmentComplete: 44,
  /** `mode` in the request that creates an attachment. */
  attachmentMode: 54,
  /** The path may omit the project. */
  projectOptional: 67,
} as const satisfies Record<string, Microversion>;

/** Parses `3.44`. Undefined for another major version, and for the empty text of a server older than microversions. */
export function parseMicroversion(text: string): Microversion | undefined {
  const match = /^3\.(\d{1,4})$/.exec(text.trim());
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

/** Returns `3.44`. */
export function formatMicroversion(version: Microversion): string {
  return `3.${version}`;
}

/** Returns the maximum from the message of a 406: "Version 3.999 is not supported by the API. Minimum is 3.0 and maximum is 3.70." */
export function maximumOfRefusal(message: string): Microversion | undefined {
  return parseMicroversion(/maximum is (3\.\d{1,4})/.exec(message)?.[1] ?? '');
}

/** The parts of a URL of Cinder. */
export interface Endpoint {
  readonly origin: string;
  /** The path up to and including `/v3`, without a trailing slash. */
  readonly root: string;
  /** The path after `/v3`, which is the project in most catalogs. */
  readonly project: string | undefined;
}

/** Splits a URL of Cinder into its parts. Appends `/v3` to a URL without a version. @throws ConfigError */
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

/** Returns the path prefix of all resources, with the project if the server requires one. */
export function resourceRoot(endpoint: Endpoint, level: Microversion, projectId: string | undefined): string {
  if (endpoint.project !== undefined) return `${endpoint.root}/${endpoint.project}`;
  if (projectId === undefined || level >= since.projectOptional) return endpoint.root;
  return `${endpoint.root}/${encodeURIComponent(projectId)}`;
}
