import { createHash, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { ConflictError, describeError, FairQueue, findError, TimeoutError, withDeadline } from '../../../base/index.ts';
import type { Logger, Secret } from '../../../base/index.ts';
import { findRoute } from './routes.ts';
import type { PathSource } from './schemas.ts';

export interface PathServiceOptions {
  readonly source: PathSource;
  readonly token: Secret;
  readonly listen: string;
  /** 0 selects a free port. */
  readonly port: number;
  readonly log: Logger;
}

/** Each request reads from HMC, Cinder and kernel. More concurrent requests would only wait for each other. (inferred) */
const limits = { concurrent: 4, waiting: 32, waitMs: 30_000 };
const REQUEST_TIMEOUT_MS = 120_000;
const MAX_CONNECTIONS = 64;
const MAX_HEADER_BYTES = 8 * 1024;
/** How long a stopping service waits for open requests. */
const STOP_MS = 5_000;

type Answer = { readonly status: number; readonly body: object };

/** The HTTP service of `dpm path-service`. Answers only GET, only JSON, and only with the token. */
export class PathService implements AsyncDisposable {
  readonly #options: PathServiceOptions;
  readonly #server: Server;
  readonly #queue = new FairQueue('requests to the path service', limits);
  readonly #stop = new AbortController();
  readonly #expected: Buffer;

  private constructor(options: PathServiceOptions) {
    this.#options = options;
    this.#expected = digest(options.token.reveal());
    const bounds = { maxHeaderSize: MAX_HEADER_BYTES, headersTimeout: 10_000, requestTimeout: 15_000 };
    this.#server = createServer(bounds, (request, response) => void this.#serve(request, response));
    this.#server.maxConnections = MAX_CONNECTIONS;
  }

  /** Starts listening. @throws Error when the port is taken */
  static async start(options: PathServiceOptions): Promise<PathService> {
    const service = new PathService(options);
    service.#server.listen(options.port, options.listen);
    await once(service.#server, 'listening');
    return service;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the path service does not listen');
    const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
    return `http://${host}:${address.port}`;
  }

  /** Stops accepting requests and waits for open ones, which are cut off after a while. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeIdleConnections();
    const timer = setTimeout(() => {
      this.#stop.abort(new TimeoutError('the path service stops'));
      this.#server.closeAllConnections();
    }, STOP_MS);
    await closed;
    clearTimeout(timer);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.resume(); // discards a body
    const gone = new AbortController();
    response.on('close', () => gone.abort(new ConflictError('the client has left')));
    const { status, body } = await this.#answer(request, AbortSignal.any([gone.signal, this.#stop.signal]));
    const path = pathOf(request).slice(0, 200);
    this.#options.log.info({ event: 'path-service', method: request.method, path, status }, 'request');
    if (response.destroyed) return;
    const headers = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' };
    response.writeHead(status, status === 401 ? { ...headers, 'WWW-Authenticate': 'Bearer' } : headers);
    response.end(`${JSON.stringify(body)}\n`);
  }

  async #answer(request: IncomingMessage, signal: AbortSignal): Promise<Answer> {
    if (!this.#isAllowed(request.headers.authorization)) return refusal(401, 'AUTH', 'a bearer token is needed');
    if (request.method !== 'GET') return refusal(405, 'METHOD', 'only GET is answered: this service changes nothing');
    const found = findRoute(pathOf(request));
    if (found === undefined) return refusal(404, 'NOT_FOUND', 'no such path; see /openapi.json');
    const { source } = this.#options;
    const look = async (within: AbortSignal) => await found.route.handle(source, found.parameters, within);
    try {
      return await this.#queue.run(signal, async () => {
        const body = await withDeadline('the request', REQUEST_TIMEOUT_MS, signal, look);
        return { status: 200, body: (found.route.answer?.parse(body) as object | undefined) ?? body }; // every schema is an object
      });
    } catch (error) {
      return this.#explain(error);
    }
  }

  /** Compares digests, because equal lengths keep the token's length secret. */
  #isAllowed(header: string | undefined): boolean {
    const given = /^Bearer ([\x21-\x7e]+)$/i.exec(header ?? '')?.[1] ?? '';
    return timingSafeEqual(digest(given), this.#expected);
  }

  #explain(error: unknown): Answer {
    const message = describeError(error);
    if (findError(error, 'NOT_FOUND') !== undefined) return refusal(404, 'NOT_FOUND', message);
    if (error instanceof ConflictError) return refusal(503, 'BUSY', message);
    this.#options.log.warn({ event: 'path-service.failed', error: message }, 'a request failed');
    return refusal(500, 'FAILED', message);
  }
}

function pathOf({ url = '' }: IncomingMessage): string {
  return url.split('?')[0] ?? '';
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function refusal(status: number, code: string, message: string): Answer {
  return { status, body: { error: { code, message } } };
}
