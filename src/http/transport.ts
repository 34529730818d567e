import type { Agent as HttpAgent } from 'node:http';
import type { Readable } from 'node:stream';
import axios from 'axios';
import type { AxiosInstance, AxiosResponse } from 'axios';
import { ConflictError, describeError, FairQueue, InternalError, TimeoutError, withDeadline } from '../base/index.ts';
import { makeAgents } from './agents.ts';
import { placeOf, TransportError } from './errors.ts';
import type { RequestPlace, TransportPhase } from './errors.ts';
import { toTransportError } from './failure.ts';
import { publishRequest } from './request-channel.ts';
import type { TransportOptions } from './transport-options.ts';

/**
 * Headers of every request. They replace those of axios, which would name itself and ask for encodings that
 * python-requests, the usual client of HMC and Cinder, does not ask for.
 */
const ownHeaders = { Accept: '*/*', 'Accept-Encoding': 'gzip, deflate', 'User-Agent': 'nova-dpm' } as const;

/** Keeps axios from adding its own value, which declares a POST without a body as a form. */
const noHeader = false;

/** A binary body that is too large for memory. @public */
export interface Upload {
  readonly bytes: number;
  /** Opens the content. Called again when the request is repeated. */
  readonly open: () => Readable;
}

/** A request. The body is sent as JSON. */
export interface TransportRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Path and query, with a leading slash. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Sent instead of a body, as a stream. */
  readonly upload?: Upload | undefined;
  /** Takes the content of a 200 answer as a stream; `text` is then empty. Other answers are read as text. */
  readonly download?: ((content: Readable) => Promise<void>) | undefined;
  readonly signal: AbortSignal;
  /** Overrides the request timeout of the transport, for slow calls. */
  readonly timeoutMs?: number | undefined;
}

/** A response with any HTTP status. */
export interface TransportResponse {
  readonly status: number;
  /** Lower-case names; repeated headers joined with a comma. */
  readonly headers: Readonly<Record<string, string>>;
  readonly contentType: string;
  readonly text: string;
}

/**
 * Sends requests to one HTTP peer, over keep-alive connections, with a limit on requests in flight, and with separate
 * deadlines for connection and request. Ignores redirects and proxies from the environment. The clients retry.
 */
export class HttpTransport implements Disposable {
  readonly #axios: AxiosInstance;
  readonly #agents: readonly HttpAgent[];
  readonly #queue: FairQueue;
  readonly #options: TransportOptions;

  constructor(options: TransportOptions) {
    this.#options = options;
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

  get baseUrl(): string {
    return this.#options.baseUrl;
  }

  /**
   * @throws TransportError when the peer sent no usable response; its cause is a TimeoutError when the deadline passed
   * @throws InternalError when the path is not valid, before anything is sent
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
      throw new TransportError('queue', false, describeError(error), placeOf(this.baseUrl, request), error);
    }
  }

  [Symbol.dispose](): void {
    for (const agent of this.#agents) agent.destroy();
  }

  async #send(request: TransportRequest): Promise<TransportResponse> {
    request.signal.throwIfAborted();
    const where = placeOf(this.baseUrl, request);
    const what = `${where.method} ${where.path}`;
    const startedAt = performance.now();
    try {
      const timeoutMs = request.timeoutMs ?? this.#options.requestTimeoutMs;
      const response = await withDeadline(what, timeoutMs, request.signal, (signal) => this.#exchange(request, signal));
      this.#log(where, startedAt, response.status);
      return response;
    } catch (error) {
      request.signal.throwIfAborted();
      const failure = toTransportError(error, where);
      this.#log(where, startedAt, failure.phase);
      throw failure;
    }
  }

  async #exchange(request: TransportRequest, signal: AbortSignal): Promise<TransportResponse> {
    const { method, path: url, body, upload, download } = request;
    const stream = upload?.open();
    const contentType = body === undefined ? noHeader : 'application/json';
    const headers = { ...ownHeaders, 'Content-Type': contentType, ...request.headers };
    const content =
      upload === undefined
        ? { headers, ...(body === undefined ? {} : { data: JSON.stringify(body) }) }
        : { headers: { ...headers, ...uploadHeaders(upload) }, data: stream, maxBodyLength: Infinity };
    const asStream = download && ({ responseType: 'stream', maxContentLength: Infinity } as const);
    try {
      const response = await this.#axios.request<unknown>({ method, url, ...content, ...asStream, signal });
      if (download === undefined) return flatten(response);
      return flatten({ ...response, data: await this.#receive(response, download) });
    } finally {
      stream?.destroy(); // the peer may refuse before it has read everything
    }
  }

  /** @returns the text of an answer that has no content to take */
  async #receive(
    { status, data }: AxiosResponse<unknown>,
    download: (content: Readable) => Promise<void>,
  ): Promise<string> {
    const content = data as Readable; // for the response type `stream`
    if (status === 200) {
      await download(content);
      return '';
    }
    let text = '';
    for await (const chunk of content as AsyncIterable<Buffer>) {
      text += chunk.toString('utf8');
      if (text.length > MAX_REFUSAL) break; // leaving the loop destroys the stream
    }
    return text;
  }

  /** Logs and publishes only these facts, never headers or bodies. */
  #log({ host, method, path }: RequestPlace, startedAt: number, outcome: number | TransportPhase): void {
    const exactMs = performance.now() - startedAt;
    const durationMs = Math.round(exactMs);
    publishRequest({ host, method, path, outcome, durationMs: exactMs });
    this.#options.log.debug({ event: 'http', method, path, outcome, durationMs }, 'http');
  }
}

/**
 * Rejects a path that names a host, which would receive the token in the headers, and a path with the segments `.` or
 * `..`, which would reach another object.
 */
function checkPath(path: string): void {
  if (/^\/(?!\/)[\x21-\x7e]*$/.test(path) && !/^[^?]*\/(?:\.|%2e){1,2}(?:[/?]|$)/i.test(path)) return;
  throw new InternalError(
    `the path of a request must begin with one slash and contain neither . nor .., not ${JSON.stringify(path.slice(0, MAX_SHOWN))}`,
  );
}

const MAX_SHOWN = 80;
/** Characters of a refusal that are read instead of a download. */
const MAX_REFUSAL = 64 * 1024;

/** Closes the connection afterwards: a peer that refuses early leaves the rest of the upload unread. */
function uploadHeaders({ bytes }: Upload) {
  return { 'Content-Type': 'application/octet-stream', 'Content-Length': String(bytes), Connection: 'close' };
}

function flatten({ status, headers: given, data }: AxiosResponse<unknown>): TransportResponse {
  const headers = flattenHeaders(given);
  const text = typeof data === 'string' ? data : '';
  return { status, headers, contentType: headers['content-type'] ?? '', text };
}

function flattenHeaders(headers: AxiosResponse['headers']): Record<string, string> {
  const pairs = Object.entries(headers as Record<string, unknown>); // AxiosHeaders is such a record at run time
  return Object.fromEntries(
    pairs.map(([name, value]) => [name.toLowerCase(), Array.isArray(value) ? value.join(', ') : String(value)]),
  );
}
