import { ConfigError } from '../base/index.ts';
import { since } from './microversion.ts';
import type { Microversion } from './microversion.ts';

/** Where Cinder's v3 API begins, taken apart. */
export interface Endpoint {
  readonly origin: string;
  /** Path up to and with `/v3`, without a slash at its end. */
  readonly root: string;
  /** What follows in the URL itself: the project, in most catalogs. */
  readonly project: string | undefined;
}

/** Takes a URL of Cinder apart; one without a version gets `/v3`. @throws ConfigError */
export function parseEndpoint(url: string): Endpoint {
  // `cinder:8776` is a URL to the parser: one of the scheme "cinder".
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

/**
 * The path that every resource's path is appended to. The project goes into it where the catalog's URL lacks it and the
 * server still wants it.
 */
export function resourceRoot(endpoint: Endpoint, level: Microversion, projectId: string | undefined): string {
  if (endpoint.project !== undefined) return `${endpoint.root}/${endpoint.project}`;
  if (projectId === undefined || level >= since.projectOptional) return endpoint.root;
  return `${endpoint.root}/${encodeURIComponent(projectId)}`;
}
