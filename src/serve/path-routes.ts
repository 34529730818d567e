import type { FastifyInstance } from 'fastify';
import { ConflictError, describeError, FairQueue, findError, NotFoundError, withDeadline } from '../base/index.ts';
import type { Logger } from '../base/index.ts';
import { orphansAnswer, pathsAnswer, searchPathsAnswer } from '../volume/paths/index.ts';
import type { PathSource } from '../volume/paths/index.ts';
import type { Operation } from './openapi.ts';
import { goneSignal } from './requests.ts';

/** Each request reads from HMC, Cinder and kernel. More concurrent requests would only wait for each other. (inferred) */
const limits = { concurrent: 4, waiting: 32, waitMs: 30_000 };
const REQUEST_TIMEOUT_MS = 120_000;
/** Cinder's limit for the name or ID of a volume. */
const MAX_NAME = 255;

interface PathRoute extends Operation {
  readonly handle: (source: PathSource, volume: string, signal: AbortSignal) => Promise<object>;
}

/** The operations of the path service. */
export const pathRoutes: readonly PathRoute[] = [
  {
    method: 'get',
    path: '/v1/paths',
    id: 'listPaths',
    summary: 'Every path of every volume, with its state',
    answer: pathsAnswer,
    handle: async (source, _none, signal) => ({ host: source.host, paths: await source.paths(undefined, signal) }),
  },
  {
    method: 'get',
    path: '/v1/volumes/{volume}/paths',
    id: 'getVolumePaths',
    summary: 'Every path of one volume, with its state; an empty list after the volume is detached',
    parameters: { volume: 'name or id of the volume' },
    answer: pathsAnswer,
    handle: async (source, volume, signal) => {
      if (volume === '' || volume.length > MAX_NAME || /\p{Cc}/u.test(volume)) {
        throw new NotFoundError('no volume has this name or id');
      }
      return { host: source.host, paths: await source.paths(volume, signal) };
    },
  },
  {
    method: 'get',
    path: '/v1/search-path',
    id: 'getSearchPath',
    summary: 'Where paths are found',
    answer: searchPathsAnswer,
    handle: async (source, _none, signal) => ({ host: source.host, search_paths: await source.searchPaths(signal) }),
  },
  {
    method: 'get',
    path: '/v1/orphans',
    id: 'listOrphans',
    summary: 'Orphaned resources: what dpm verify lists on this host',
    answer: orphansAnswer,
    handle: async (source, _none, signal) => ({ host: source.host, orphans: await source.orphans(signal) }),
  },
];

interface PathOptions {
  /** Read at each request: a reload of the settings replaces it. */
  readonly source: () => PathSource;
  readonly log: Logger;
  /** Fires when the service stops. */
  readonly stop: AbortSignal;
}

/** Adds the routes of the path service. Their errors have the form `{ "error": { "code", "message" } }`. */
export function addPathRoutes(app: FastifyInstance, { source, log, stop }: PathOptions): void {
  const queue = new FairQueue('requests to the path service', limits);
  for (const { path, answer, handle } of pathRoutes) {
    app.get<{ Params: { volume?: string } }>(path.replace('{volume}', ':volume'), async (request, reply) => {
      const signal = AbortSignal.any([goneSignal(reply), stop]);
      const look = async (within: AbortSignal) => await handle(source(), request.params.volume ?? '', within);
      try {
        const body = await queue.run(
          signal,
          async () => await withDeadline('the request', REQUEST_TIMEOUT_MS, signal, look),
        );
        return answer.parse(body);
      } catch (error) {
        const { status, code } = refusalOf(error);
        const message = describeError(error);
        if (status === 500) log.warn({ event: 'path-service.failed', error: message }, 'a request failed');
        return await reply.code(status).send({ error: { code, message } });
      }
    });
  }
}

function refusalOf(error: unknown): { readonly status: number; readonly code: string } {
  if (findError(error, 'NOT_FOUND') !== undefined) return { status: 404, code: 'NOT_FOUND' };
  if (error instanceof ConflictError) return { status: 503, code: 'BUSY' };
  return { status: 500, code: 'FAILED' };
}
