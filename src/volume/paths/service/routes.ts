import { NotFoundError } from '../../../base/index.ts';
import { openApi } from './openapi.ts';
import { orphansAnswer, pathsAnswer, searchPathsAnswer } from './schemas.ts';
import type { Route } from './schemas.ts';

/** Cinder's limit for the name or ID of a volume. */
const MAX_NAME = 255;

export const routes: readonly Route[] = [
  {
    path: '/v1/paths',
    id: 'listPaths',
    summary: 'Every path of every volume, with its state',
    parameters: {},
    answer: pathsAnswer,
    handle: async (source, _none, signal) => ({ host: source.host, paths: await source.paths(undefined, signal) }),
  },
  {
    path: '/v1/volumes/{volume}/paths',
    id: 'getVolumePaths',
    summary: 'Every path of one volume, with its state; an empty list after the volume is detached',
    parameters: { volume: 'name or id of the volume' },
    answer: pathsAnswer,
    handle: async (source, [volume = ''], signal) => {
      if (volume === '' || volume.length > MAX_NAME || /\p{Cc}/u.test(volume)) {
        throw new NotFoundError('no volume has this name or id');
      }
      return { host: source.host, paths: await source.paths(volume, signal) };
    },
  },
  {
    path: '/v1/search-path',
    id: 'getSearchPath',
    summary: 'Where paths are found',
    parameters: {},
    answer: searchPathsAnswer,
    handle: async (source, _none, signal) => ({
      host: source.host,
      search_paths: await source.searchPaths(signal),
    }),
  },
  {
    path: '/v1/orphans',
    id: 'listOrphans',
    summary: 'Orphaned resources: what dpm verify lists on this host',
    parameters: {},
    answer: orphansAnswer,
    handle: async (source, _none, signal) => ({ host: source.host, orphans: await source.orphans(signal) }),
  },
  {
    path: '/openapi.json',
    id: 'getOpenApi',
    summary: 'This description',
    parameters: {},
    answer: undefined,
    handle: () => Promise.resolve(openApi(routes)),
  },
];

/** Returns the route of a request path and its parameters, or undefined. */
export function findRoute(path: string): { readonly route: Route; readonly parameters: readonly string[] } | undefined {
  for (const route of routes) {
    const pattern = route.path.replaceAll('.', String.raw`\.`).replaceAll(/\{[a-z]+\}/g, '([^/]+)');
    const match = new RegExp(`^${pattern}$`).exec(path);
    if (match === null) continue;
    try {
      return { route, parameters: match.slice(1).map(decodeURIComponent) };
    } catch {
      return undefined; // an invalid percent escape
    }
  }
  return undefined;
}
