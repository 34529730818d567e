import { once } from 'node:events';
import * as http from 'node:http';
import * as https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';

import { Dispatcher, parseTarget, targetOf, type Delivery, type IncomingRequest } from './dispatcher.ts';
import type { SimResponse, SimServerOptions } from './types.ts';

const defaultMaxBodyBytes = 1 << 20;

/** Of a binary body, such as an image of several GB, only the beginning is kept. */
const keptBinaryBytes = 1 << 20;

/** Longer than clients keep idle connections, so that the server is not the one that closes under a request. */
const keepAliveMs = 60_000;

class BodyTooLarge extends Error {}

/**
 * An HTTP or HTTPS server on a loopback port, with routes as data, simulated service time, faults and a log.
 * @public
 */
export class SimServer implements AsyncDisposable {
  readonly #options: SimServerOptions;
  readonly #server: http.Server | https.Server;
  readonly #dispatcher: Dispatcher;
  readonly #closing = new AbortController();
  /** Connections that are no longer HTTP: the server does not close them by itself. */
  readonly #upgraded = new Set<Duplex>();
  #port = 0;

  private constructor(options: SimServerOptions) {
    this.#options = options;
    this.#dispatcher = new Dispatcher(options, this.#closing.signal);
    this.#server = createServer(options, (req, res) => void this.#answer(req, res));
    this.#server.keepAliveTimeout = keepAliveMs;
    this.#server.on('connection', (socket: Socket) => this.#acceptConnection(socket));
    this.#server.on('upgrade', (incoming: http.IncomingMessage, socket: Duplex, head: Buffer) => {
      this.#upgrade(incoming, socket, head);
    });
    // A client that hangs up in the middle of a handshake is nothing to report.
    this.#server.on('tlsClientError', () => undefined);
  }

  /** Starts listening. Rejects when the port is taken. */
  static async start(options: SimServerOptions): Promise<SimServer> {
    const server = new SimServer(options);
    const { port, preferredPort } = options;
    if (port !== undefined || preferredPort === undefined || !(await server.#listenIfFree(preferredPort))) {
      await server.#listen(port ?? 0);
    }
    return server;
  }

  /** Scheme, host and port, without a trailing slash. */
  get url(): string {
    const scheme = this.#options.tls === undefined ? 'http' : 'https';
    return `${scheme}://${this.#host}:${this.#port}`;
  }

  get port(): number {
    return this.#port;
  }

  get #host(): string {
    return this.#options.host ?? '127.0.0.1';
  }

  /** Stops (or resumes) listening on the same port: connections are cut, and new ones get ECONNREFUSED. */
  async refuseConnections(on: boolean): Promise<void> {
    if (on === !this.#server.listening) return;
    await (on ? this.#stopListening() : this.#listen(this.#port));
  }

  /** Cuts all connections, ends all waiting, and frees the port. Safe to call twice. */
  async close(): Promise<void> {
    this.#closing.abort();
    if (this.#server.listening) await this.#stopListening();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Returns whether the port was free. */
  async #listenIfFree(port: number): Promise<boolean> {
    try {
      await this.#listen(port);
      return true;
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return false;
      throw error;
    }
  }

  async #listen(port: number): Promise<void> {
    this.#server.listen(port, this.#host);
    await once(this.#server, 'listening');
    const { port: bound } = this.#server.address() as AddressInfo; // a string only for pipes
    this.#port = bound;
  }

  async #stopListening(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    for (const socket of this.#upgraded) socket.destroy();
    await closed;
  }

  #upgrade(incoming: http.IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    this.#upgraded.add(socket);
    socket.once('close', () => this.#upgraded.delete(socket));
    if (this.#options.upgrade?.(incoming, socket, head) === true) return;
    socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
  }

  #acceptConnection(socket: Socket): void {
    if (this.#options.faults.decideConnection(this.#options.name) !== undefined) cut(socket);
  }

  async #answer(incoming: http.IncomingMessage, res: http.ServerResponse): Promise<void> {
    const { method = 'GET', url = '/' } = incoming;
    const { path, query } = parseTarget(url);
    const bare = { method, path, query, headers: flatHeaders(incoming.headers) };
    const empty = { ...bare, body: undefined, rawBody: Buffer.alloc(0), bodyBytes: 0, bodyError: undefined };
    const { operation } = this.#dispatcher.route(empty).req;
    const log = this.#options.log.begin({ server: this.#options.name, operation, method, path: targetOf(bare) });
    try {
      const request = { ...bare, ...(await this.#readBody(incoming, bare.headers)) };
      const { req, handle } = this.#dispatcher.route(request);
      const delivery = await this.#dispatcher.serve(req, handle, log);
      this.#options.onServed?.();
      log.end(delivery.kind === 'answer' ? delivery.response.status : undefined);
      await deliver(delivery, incoming, res);
    } catch (error) {
      const status = this.#answerTooLarge(error, empty, res);
      log.end(status);
      if (status === undefined) cut(incoming.socket);
    }
  }

  async #readBody(incoming: http.IncomingMessage, headers: Readonly<Record<string, string>>): Promise<ReadBody> {
    const isBinary = headers['content-type']?.startsWith('application/octet-stream') ?? false;
    const limit = this.#options.maxBodyBytes ?? defaultMaxBodyBytes;
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of incoming) {
      const bytes = chunk as Buffer; // a stream without encoding yields buffers
      if (!isBinary && size + bytes.length > limit) throw new BodyTooLarge();
      if (!isBinary || size < keptBinaryBytes) chunks.push(bytes);
      size += bytes.length;
    }
    const rawBody = Buffer.concat(chunks);
    return { ...(isBinary ? noJson : parseBody(rawBody)), rawBody, bodyBytes: size };
  }

  /** Answers 413 and closes, as the rest of the body is not read; `undefined` if this was another error. */
  #answerTooLarge(error: unknown, request: IncomingRequest, res: http.ServerResponse): number | undefined {
    if (!(error instanceof BodyTooLarge) || res.headersSent || res.destroyed) return undefined;
    const { req } = this.#dispatcher.route(request);
    const response = this.#options.shapeError(413, 0, 'the request body is too large', req);
    send(res, { ...response, headers: { ...response.headers, connection: 'close' } });
    return response.status;
  }
}

function createServer(options: SimServerOptions, listener: http.RequestListener): http.Server | https.Server {
  if (options.tls === undefined) return http.createServer(listener);
  const { cert, key } = options.tls;
  return https.createServer({ cert, key, minVersion: 'TLSv1.2' }, listener);
}

function flatHeaders(headers: http.IncomingHttpHeaders): Record<string, string> {
  const entries = Object.entries(headers).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join(', ') : (value ?? ''),
  ]);
  return Object.fromEntries(entries) as Record<string, string>; // each entry is a pair of strings
}

type ReadBody = Pick<IncomingRequest, 'body' | 'rawBody' | 'bodyBytes' | 'bodyError'>;

const noJson = { body: undefined, bodyError: undefined };

function parseBody(rawBody: Buffer): Pick<ReadBody, 'body' | 'bodyError'> {
  if (rawBody.length === 0) return noJson;
  try {
    return { body: JSON.parse(rawBody.toString('utf8')) as unknown, bodyError: undefined };
  } catch (error) {
    return { body: undefined, bodyError: error instanceof Error ? error.message : String(error) };
  }
}

async function deliver(delivery: Delivery, incoming: http.IncomingMessage, res: http.ServerResponse): Promise<void> {
  if (delivery.kind === 'answer') send(res, delivery.response);
  if (delivery.kind === 'truncated') await sendHalf(res, delivery.response);
  if (delivery.kind !== 'answer') cut(incoming.socket);
}

async function sendHalf(res: http.ServerResponse, response: SimResponse): Promise<void> {
  const { headers, data } = encode(response);
  res.writeHead(response.status === 204 ? 200 : response.status, {
    ...headers,
    'content-length': String(data.length + 1),
  });
  const half = data.subarray(0, Math.ceil(data.length / 2));
  await new Promise<void>((resolve) => res.write(half.length === 0 ? '{' : half, () => resolve()));
}

function send(res: http.ServerResponse, response: SimResponse): void {
  const { headers, data } = encode(response);
  res.writeHead(response.status, headers);
  res.end(data);
}

function encode({ headers = {}, body, raw }: SimResponse): { headers: Record<string, string>; data: Buffer } {
  if (raw !== undefined) {
    return { headers: { 'content-type': raw.contentType, ...headers }, data: Buffer.from(raw.data) };
  }
  if (body === undefined) return { headers: { ...headers }, data: Buffer.alloc(0) };
  return { headers: { 'content-type': 'application/json', ...headers }, data: Buffer.from(JSON.stringify(body)) };
}

/** A reset rather than an orderly end, where the kind of socket allows it. */
function cut(socket: Socket): void {
  if (socket instanceof TLSSocket || socket.destroyed) socket.destroy();
  else socket.resetAndDestroy();
}
