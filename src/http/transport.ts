import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { AgentOptions } from 'node:https';
import type { Duplex } from 'node:stream';
import axios, { AxiosError } from 'axios';
import type { AxiosInstance, AxiosResponse } from 'axios';
import pLimit from 'p-limit';
import { whileWanted, withDeadline } from '../base/index.ts';
import type { Logger } from '../base/index.ts';
import { TransportError } from './errors.ts';
import type { TransportPhase } from './errors.ts';

/** How one peer is reached. Plain data, apart from the logger. */
export interface TransportOptions {
  /** Scheme, host and port; paths of requests are appended to it. */
  readonly baseUrl: string;
  readonly tls?: TlsOptions | undefined;
  /** To a connected socket, TLS included. */
  readonly connectTimeoutMs: number;
  /** From the start of a request to the end of its answer. */
  readonly requestTimeoutMs: number;
  /** Requests in flight at once; more wait in order of arrival. */
  readonly maxConcurrent: number;
  /** Waiting requests beyond which a further one is refused rather than queued. */
  readonly maxQueued: number;
  /** Longest answer that is read, in bytes. */
  readonly maxResponseBytes: number;
  readonly log: Logger;
}

/** Which certificates are trusted. */
export interface TlsOptions {
  /** PEM text of the certificates that are trusted, instead of the ones Node brings. */
  readonly ca?: string | readonly string[] | undefined;
  /** Accept any certificate. Only ever set because a person asked for it. */
  readonly insecure?: boolean | undefined;
}

/** One request. The body is sent as JSON. */
export interface TransportRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Path and query, with a leading slash; or an absolute URL of the same peer. */
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
  readonly #axios: AxiosInstance;
  readonly #agents: readonly HttpAgent[];
  readonly #limit: ReturnType<typeof pLimit>;
  readonly #options: TransportOptions;

  constructor(options: TransportOptions) {
    this.#options = options;
    const agents = makeAgents(options);
    this.#agents = [agents.http, agents.https];
    this.#limit = pLimit(options.maxConcurrent);
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
      transformResponse: (data: unknown) => data,
      validateStatus: () => true,
    });
  }

  /** @throws TransportError when no usable answer came; TimeoutError is its cause when our deadline fired. */
  async request(request: TransportRequest): Promise<TransportResponse> {
    request.signal.throwIfAborted();
    if (this.#limit.pendingCount >= this.#options.maxQueued) {
      throw new TransportError('queue', false, `${this.#limit.pendingCount} requests wait already`, {
        host: this.#host(),
        method: request.method,
        path: withoutQuery(request.path),
      });
    }
    // The slot is taken when its turn comes; who has given up by then must not have waited for it.
    return await whileWanted(
      this.#limit(async () => await this.#send(request)),
      request.signal,
    );
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
      headers: { Accept: '*/*', ...(hasBody ? { 'Content-Type': 'application/json' } : {}), ...request.headers },
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
    return new TransportError(
      phase,
      sent,
      explainFailure(error),
      {
        host: this.#host(),
        method: request.method,
        path: withoutQuery(request.path),
      },
      cleanCause(error),
    );
  }

  /** An allow-list: neither headers nor bodies reach the log from here. */
  #log(request: TransportRequest, startedAt: number, outcome: number | TransportPhase): void {
    const durationMs = Math.round(performance.now() - startedAt);
    const { method } = request;
    this.#options.log.debug({ event: 'http', method, path: withoutQuery(request.path), outcome, durationMs }, 'http');
  }

  #host(): string {
    return new URL(this.#options.baseUrl).host;
  }
}

function withoutQuery(path: string): string {
  return path.replace(/\?.*$/s, '');
}

function flattenHeaders(headers: AxiosResponse['headers']): Record<string, string> {
  const pairs = Object.entries(headers as Record<string, unknown>); // AxiosHeaders is such a record at run time
  return Object.fromEntries(
    pairs.map(([name, value]) => [name.toLowerCase(), Array.isArray(value) ? value.join(', ') : String(value)]),
  );
}

function makeAgents(options: TransportOptions): { http: HttpAgent; https: HttpsAgent } {
  const common: AgentOptions = { keepAlive: true, maxSockets: options.maxConcurrent, scheduling: 'lifo' };
  const tls: AgentOptions = {
    ...common,
    minVersion: 'TLSv1.2',
    rejectUnauthorized: options.tls?.insecure !== true,
    ...(options.tls?.ca === undefined ? {} : { ca: [options.tls.ca].flat() }),
  };
  const http = limitConnect(new HttpAgent(common), 'connect', options.connectTimeoutMs);
  const https = limitConnect(new HttpsAgent(tls), 'secureConnect', options.connectTimeoutMs);
  return { http, https };
}

/** Node's agents have no deadline for the connection alone, so each new socket gets one. */
function limitConnect<A extends HttpAgent>(agent: A, ready: 'connect' | 'secureConnect', timeoutMs: number): A {
  const create = agent.createConnection.bind(agent);
  agent.createConnection = (options, callback) => {
    const socket: Duplex | null | undefined = create(options, callback);
    if (socket) {
      const timer = setTimeout(() => socket.destroy(connectTimeout(timeoutMs)), timeoutMs);
      const stop = () => clearTimeout(timer);
      socket.once(ready, stop).once('close', stop);
    }
    return socket;
  };
  return agent;
}

function connectTimeout(timeoutMs: number): Error {
  return Object.assign(new Error(`no connection within ${timeoutMs / 1000} s`), { code: 'CONNECT_TIMEOUT' });
}

const notSent = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'CONNECT_TIMEOUT',
  'ERR_INVALID_URL',
]);

/** In which phase it failed, and whether the peer may have got the request. Unsure counts as "may have". */
function classifyFailure(error: unknown): [TransportPhase, boolean] {
  const code = codeOf(error);
  if (notSent.has(code)) return ['connect', false];
  if (isTlsFailure(code)) return ['tls', false];
  return [error instanceof AxiosError && !hasBegun(error) ? 'send' : 'receive', true];
}

/** Had the answer begun? axios says so in words only: for an answer that is cut off, and for one beyond the limit. */
function hasBegun(error: AxiosError): boolean {
  return error.response !== undefined || /aborted|maxContentLength/.test(error.message);
}

function isTlsFailure(code: string): boolean {
  return /CERT|SSL|TLS|_VERIFY_|UNABLE_TO_|SELF_SIGNED|ALTNAME|EPROTO|HOSTNAME_MISMATCH/.test(code);
}

function codeOf(error: unknown): string {
  let current = error;
  for (let depth = 0; depth < 5 && current instanceof Error; depth += 1) {
    if ('code' in current && typeof current.code === 'string' && !current.code.startsWith('ERR_BAD'))
      return current.code;
    current = current.cause ?? ('errors' in current && Array.isArray(current.errors) ? current.errors[0] : undefined);
  }
  return '';
}

const explanations: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'the host name is not known',
  EAI_AGAIN: 'the host name cannot be looked up now',
  ECONNRESET: 'the connection was reset',
  DEPTH_ZERO_SELF_SIGNED_CERT:
    'the certificate is self-signed; give it, or the CA that signed it, as the CA file of this peer',
  SELF_SIGNED_CERT_IN_CHAIN: 'the certificate is signed by an unknown CA; give that CA as the CA file of this peer',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'the certificate is signed by an unknown CA; give that CA as the CA file of this peer',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'the certificate is signed by an unknown CA; give that CA as the CA file of this peer',
  CERT_HAS_EXPIRED: 'the certificate has expired; have it renewed on the peer',
  CERT_NOT_YET_VALID: 'the certificate is not valid yet; compare the clocks',
  ERR_TLS_CERT_ALTNAME_INVALID:
    'the certificate is for another host name; use the name that it carries, or have one made for this name',
  EPROTO: 'the peer does not speak TLS 1.2 or later on this port',
};

/** Never axios's own text for a request that carried data: it can quote what was sent. */
function explainFailure(error: unknown): string {
  const code = codeOf(error);
  const known = explanations[code];
  if (known !== undefined) return known;
  if (isTlsFailure(code)) return `TLS failed (${code})`;
  if (error instanceof AxiosError) return error.message;
  return error instanceof Error ? error.message : 'it failed without an error';
}

/** An AxiosError carries headers and body, passwords among them: it never leaves this file, not even as a cause. */
function cleanCause(error: unknown): unknown {
  if (error instanceof AxiosError) return undefined;
  return error;
}
