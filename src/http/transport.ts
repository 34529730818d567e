import type { Agent as HttpAgent } from 'node:http';
import axios from 'axios';
import type { AxiosInstance, AxiosResponse } from 'axios';
import { ConflictError, describeError, FairQueue, InternalError, TimeoutError, withDeadline } from '../base/index.ts';
import { makeAgents } from './agents.ts';
import { TransportError } from './errors.ts';
import type { TransportPhase } from './errors.ts';
import { classifyFailure, cleanCause, explainFailure } from './failure.ts';
import type { TransportOptions } from './transport-options.ts';

/**
 * What every request says, instead of axios's own: it would name itself and ask for encodings that python-requests, with
 * which HMC and Cinder are used everywhere, does not ask for.
 */
const ownHeaders = { Accept: '*/*', 'Accept-Encoding': 'gzip, deflate', 'User-Agent': 'nova-dpm' } as const;

/** Keeps axios from adding its own value: a POST without a body would go out as a form. */
const noHeader = false;

/** One request. The body is sent as JSON. */
export interface TransportRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Path and query, with a leading slash. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly signal: AbortSignal;
  /** Instead of the transport's own, for the calls known to take long. */
  readonly timeoutMs?: number | undefined;
}

/** One answer. Any HTTP status is a value here; only a failed transport throws. */
export interface TransportResponse {
  readonly status: number;
  /** Lower-case names; repeated headers joined with a comma. */
  readonly headers: Readonly<Record<string, string>>;
  readonly contentType: string;
  readonly text: string;
}

/**
 * One HTTP peer: keep-alive connections, a bound on what is in flight, separate connect and request deadlines, no
 * redirects, no proxies from the environment, and no repeats of any kind: those are decided by the clients.
 */
export class HttpTransport implements Disposable {
  readonly baseUrl: string;
  readonly #axios: AxiosInstance;
  readonly #agents: readonly HttpAgent[];
  readonly #queue: FairQueue;
  readonly #options: TransportOptions;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.baseUrl = options.baseUrl;
    const agents = makeAgents(options);
    this.#agents = [agents.http, agents.https];
    this.#queue = new FairQueue('requests', {
      concurrent: options.maxConcurrent,
      waiting: options.maxQueued,
      waitMs: options.queueTimeoutMs ?? 5 * options.requestTimeoutMs,
    });
    this.#axios = axios.create({
      adapter: 'http',
      baseURL: options.baseUrl,
      httpAgent: agents.http,
      httpsAgent: agents.https,
      maxRedirects: 0,
      proxy: false,
      maxContentLength: options.maxResponseBytes,
      maxBodyLength: options.maxResponseBytes,
      responseType: 'text',
      transformRequest: (data: unknown) => data,
      transformResponse: (data: unknown) => data,
      validateStatus: () => true,
    });
  }

  /**
   * @throws TransportError when no usable answer came; TimeoutError is its cause when our deadline fired
   * @throws InternalError when the path is none, before anything is sent
   */
  async request(request: TransportRequest): Promise<TransportResponse> {
    request.signal.throwIfAborted();
    checkPath(request.path);
    const turn: { isTaken: boolean } = { isTaken: false };
    try {
      return await this.#queue.run(request.signal, async () => {
        turn.isTaken = true;
        return await this.#send(request);
      });
    } catch (error) {
      if (turn.isTaken || !(error instanceof ConflictError || error instanceof TimeoutError)) throw error;
      throw new TransportError('queue', false, describeError(error), this.#where(request), error);
    }
  }

  [Symbol.dispose](): void {
    for (const agent of this.#agents) agent.destroy();
  }

  async #send(request: TransportRequest): Promise<TransportResponse> {
    request.signal.throwIfAborted();
    const what = `${request.method} ${withoutQuery(request.path)}`;
    const startedAt = performance.now();
    try {
      const timeoutMs = request.timeoutMs ?? this.#options.requestTimeoutMs;
      const response = await withDeadline(what, timeoutMs, request.signal, (signal) => this.#exchange(request, signal));
      this.#log(request, startedAt, response.status);
      return response;
    } catch (error) {
      request.signal.throwIfAborted();
      const failure = this.#translate(error, request);
      this.#log(request, startedAt, failure.phase);
      throw failure;
    }
  }

  async #exchange(request: TransportRequest, signal: AbortSignal): Promise<TransportResponse> {
    const hasBody = request.body !== undefined;
    const response: AxiosResponse<unknown> = await this.#axios.request({
      method: request.method,
      url: request.path,
      headers: { ...ownHeaders, 'Content-Type': hasBody ? 'application/json' : noHeader, ...request.headers },
      ...(hasBody ? { data: JSON.stringify(request.body) } : {}),
      signal,
    });
    const headers = flattenHeaders(response.headers);
    return {
      status: response.status,
      headers,
      contentType: headers['content-type'] ?? '',
      text: typeof response.data === 'string' ? response.data : '',
    };
  }

  #translate(error: unknown, request: TransportRequest): TransportError {
    if (error instanceof TransportError) return error;
    const [phase, sent] = classifyFailure(error);
    return new TransportError(phase, sent, explainFailure(error), this.#where(request), cleanCause(error));
  }

  /** An allow-list: neither headers nor bodies reach the log from here. */
  #log(request: TransportRequest, startedAt: number, outcome: number | TransportPhase): void {
    const durationMs = Math.round(performance.now() - startedAt);
    const { method } = request;
    this.#options.log.debug({ event: 'http', method, path: withoutQuery(request.path), outcome, durationMs }, 'http');
  }

  #where({ method, path }: TransportRequest): { host: string; method: string; path: string } {
    return { host: new URL(this.#options.baseUrl).host, method, path: withoutQuery(path) };
  }
}

/**
 * Whatever a path was made of, it stays with this peer: one that names a host would take the request there, and the token
 * in its headers with it; one with dots for names would reach another object than the one meant.
 */
function checkPath(path: string): void {
  if (/^\/(?!\/)[\x21-\x7e]*$/.test(path) && !/^[^?]*\/(?:\.|%2e){1,2}(?:[/?]|$)/i.test(path)) return;
  throw new InternalError(`a request needs a path of its peer, not ${JSON.stringify(path.slice(0, MAX_SHOWN))}`);
}

const MAX_SHOWN = 80;

function withoutQuery(path: string): string {
  return path.replace(/\?.*$/s, '');
}

function flattenHeaders(headers: AxiosResponse['headers']): Record<string, string> {
  const pairs = Object.entries(headers as Record<string, unknown>); // AxiosHeaders is such a record at run time
  return Object.fromEntries(
    pairs.map(([name, value]) => [name.toLowerCase(), Array.isArray(value) ? value.join(', ') : String(value)]),
  );
}
