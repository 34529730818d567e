import { InterruptedError } from '../base/index.ts';
import type { Logger, Secret } from '../base/index.ts';
import type { PathSource } from '../volume/paths/index.ts';
import { describesItself, openApi } from './openapi.ts';
import { addPathRoutes, pathRoutes } from './path-routes.ts';
import { startServer } from './server.ts';
import type { RunningServer } from './server.ts';

export interface PathServiceOptions {
  readonly source: PathSource;
  readonly token: Secret;
  readonly listen: string;
  /** 0 selects a free port. */
  readonly port: number;
  readonly log: Logger;
}

const getOnly = { error: { code: 'METHOD', message: 'only GET is answered: this service changes nothing' } };

/** Starts the part of the service that shows paths and orphans, over plain HTTP with a token: `dpm path-service`. */
export async function startPathService({
  source,
  token,
  listen: address,
  port,
  log,
}: PathServiceOptions): Promise<RunningServer> {
  const stop = new AbortController();
  const describe = () => ({ code: 'FAILED', message: 'the request failed', left_behind: [], advice: null });
  const server = await startServer({
    listen: { kind: 'http', address, port, token },
    log,
    describe,
    addRoutes: (app) => {
      addPathRoutes(app, { source: () => source, log, stop: stop.signal });
      app.addHook('onRequest', async (request, reply) => {
        if (request.method === 'GET') return undefined;
        return await reply.code(405).send(getOnly);
      });
      const operations = [...pathRoutes, describesItself];
      const description = openApi(operations, { version: '1' });
      app.get(describesItself.path, () => description);
    },
  });
  return {
    url: server.url,
    [Symbol.asyncDispose]: async () => {
      stop.abort(new InterruptedError('the path service stops'));
      await server[Symbol.asyncDispose]();
    },
  };
}
