import { chmodSync, existsSync, lstatSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { dirname, join } from 'node:path';
import Fastify from 'fastify';
import type { FastifyError, FastifyInstance, FastifyReply } from 'fastify';
import { ConfigError } from '../base/index.ts';
import type { Logger, Secret } from '../base/index.ts';
import { bearerCheck } from './auth.ts';
import { errorAnswer } from './errors.ts';
import type { DescribeFailure } from './errors.ts';
import { requestIdOf } from './requests.ts';
import { ServiceError } from './service-error.ts';

/** Where a server listens. */
export type Listen =
  /** A Unix socket that only its owner can use, or one that systemd has opened. It needs no token. */
  | { readonly kind: 'socket'; readonly path: string }
  | { readonly kind: 'inherited'; readonly fd: number }
  | {
      readonly kind: 'tls' | 'http';
      readonly address: string;
      /** 0 selects a free port. */
      readonly port: number;
      readonly token: Secret;
      readonly certificate?: { readonly cert: string; readonly key: string };
    };

interface ServerOptions {
  readonly listen: Listen;
  readonly log: Logger;
  readonly describe: DescribeFailure;
  readonly addRoutes: (app: FastifyInstance) => void;
}

const MAX_BODY_BYTES = 1024 * 1024;
const MAX_HEADER_BYTES = 8 * 1024;
const MAX_CONNECTIONS = 256;
/** Time for a client to send a whole request, in milliseconds. */
const REQUEST_TIMEOUT_MS = 15_000;
const HEADERS_TIMEOUT_MS = 10_000;
/** Longer than the pause between two periodic tasks of nova-compute. */
const KEEP_ALIVE_MS = 75_000;

/** Paths that anybody may ask, for load balancers and supervisors. */
const open: ReadonlySet<string> = new Set(['/healthz', '/readyz']);

export interface RunningServer extends AsyncDisposable {
  /** `unix:/run/nova-dpm/serve.sock`, `https://HOST:PORT` or `http://HOST:PORT`. */
  readonly url: string;
}

/** Starts an HTTP server with these routes. @throws ConfigError when the address or the certificate cannot be used */
export async function startServer({ listen, log, describe, addRoutes }: ServerOptions): Promise<RunningServer> {
  const app = makeApp(listen);
  addHooks(app, { listen, log, describe });
  addRoutes(app);
  await app.ready();
  app.server.maxConnections = MAX_CONNECTIONS;
  const url = await bind(app, listen).catch((error: unknown) => {
    throw cannotListen(listen, error);
  });
  return {
    url,
    [Symbol.asyncDispose]: async () => {
      app.server.closeIdleConnections();
      await app.close();
      if (listen.kind === 'socket') rmSync(listen.path, { force: true });
    },
  };
}

function makeApp(listen: Listen): FastifyInstance {
  const options = {
    logger: false,
    // A path with an invalid percent escape is of nothing.
    frameworkErrors: (_error: unknown, _request: unknown, reply: FastifyReply) => {
      void reply.code(404).send(noSuchPath);
    },
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: true,
    exposeHeadRoutes: false,
    return503OnClosing: false,
  } as const;
  const bounds = { maxHeaderSize: MAX_HEADER_BYTES, headersTimeout: HEADERS_TIMEOUT_MS };
  if (listen.kind !== 'tls') return Fastify({ ...options, http: bounds });
  const { certificate } = listen;
  try {
    const https = { ...bounds, ...certificate, minVersion: 'TLSv1.2' } as const;
    return Fastify({ ...options, https });
  } catch (error) {
    const text = 'options --tls-cert and --tls-key: expected a certificate and its key, in PEM';
    throw new ConfigError(text, { option: '--tls-cert' }, { cause: error });
  }
}

const noSuchPath = { error: { code: 'NOT_FOUND', message: 'no such path; see /openapi.json' } };

function addHooks(app: FastifyInstance, { listen, log, describe }: Omit<ServerOptions, 'addRoutes'>): void {
  const isAllowed = 'token' in listen ? bearerCheck(listen.token) : () => true;
  app.addHook('onRequest', async (request, reply) => {
    void reply.header('Cache-Control', 'no-store');
    if (open.has(pathOf(request.url)) || isAllowed(request.headers.authorization)) return undefined;
    void reply.header('WWW-Authenticate', 'Bearer');
    return await reply.code(401).send({ error: { code: 'AUTH', message: 'a bearer token is needed' } });
  });
  app.addHook('onResponse', async (request, reply) => {
    const requestId = reply.getHeader('x-openstack-request-id');
    const facts = {
      event: 'serve.request',
      method: request.method,
      path: pathOf(request.url).slice(0, 200),
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime),
      ...(typeof requestId === 'string' && { requestId }),
    };
    log.info(facts, 'request');
    await Promise.resolve();
  });
  app.setNotFoundHandler(async (_request, reply) => {
    await reply.code(404).send(noSuchPath);
  });
  app.setErrorHandler(async (error: FastifyError, request, reply) => {
    const requestId = requestIdOf(request.headers['x-openstack-request-id']);
    const method = /^\/v1\/driver\/(\w+)$/.exec(pathOf(request.url))?.[1] ?? '';
    const { status, body } = errorAnswer(toServiceError(error), { method, requestId, describe });
    if (status === 503) void reply.header('Retry-After', '1');
    await reply.code(status).send(body);
  });
}

/** Returns what is wrong with a request that the library refuses. */
function toServiceError(error: FastifyError): Error {
  const { statusCode = 500, message } = error;
  if (error instanceof ServiceError || statusCode >= 500) return error;
  if (statusCode === 413) {
    return new ServiceError('TOO_LARGE', `the body is larger than ${MAX_BODY_BYTES} bytes`);
  }
  return new ServiceError('INVALID_REQUEST', `expected a JSON object with Content-Type application/json: ${message}`);
}

function pathOf(url: string): string {
  return url.split('?')[0] ?? '';
}

async function bind(app: FastifyInstance, listen: Listen): Promise<string> {
  switch (listen.kind) {
    case 'socket':
      await bindSocket(app, listen.path);
      return `unix:${listen.path}`;
    case 'inherited':
      await listening(app, { fd: listen.fd });
      return `unix:fd:${listen.fd}`;
    default: {
      await listening(app, { host: listen.address, port: listen.port });
      const address = app.server.address();
      const port = typeof address === 'object' && address !== null ? address.port : listen.port;
      const host = listen.address.includes(':') ? `[${listen.address}]` : listen.address;
      return `${listen.kind === 'tls' ? 'https' : 'http'}://${host}:${port}`;
    }
  }
}

/** Creates the socket in a directory of its own, so that nobody else can use it before its mode is set. */
async function bindSocket(app: FastifyInstance, path: string): Promise<void> {
  await requireFree(path);
  const directory = mkdtempSync(join(dirname(path), '.s-'));
  try {
    const draft = join(directory, 's');
    await listening(app, { path: draft });
    chmodSync(draft, 0o600);
    renameSync(draft, path);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Accepts the socket of a service that has died. @throws ConfigError when another service listens, or it is no socket */
async function requireFree(path: string): Promise<void> {
  if (!existsSync(path)) return;
  if (!lstatSync(path).isSocket()) throw unusable(path, 'it exists and is not a socket');
  const isAlive = await new Promise<boolean>((resolve) => {
    const probe = createConnection(path);
    probe.on('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.on('error', () => resolve(false));
  });
  if (isAlive) throw unusable(path, 'another service listens on it');
}

function cannotListen(listen: Listen, error: unknown): unknown {
  if (error instanceof ConfigError || listen.kind === 'http') return error;
  const where = listen.kind === 'socket' ? listen.path : 'address' in listen ? `${listen.address}:${listen.port}` : '';
  const option = listen.kind === 'socket' ? '--socket' : '--listen';
  const text = `option ${option} = ${JSON.stringify(where)}: the service cannot listen there`;
  return new ConfigError(text, { option }, { cause: error });
}

function unusable(path: string, why: string): ConfigError {
  return new ConfigError(`option --socket = ${JSON.stringify(path)}: ${why}`, { option: '--socket' });
}

async function listening(app: FastifyInstance, where: object): Promise<void> {
  const { server } = app;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
