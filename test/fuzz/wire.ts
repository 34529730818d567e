import { AsyncLocalStorage } from 'node:async_hooks';
import { HttpTransport, TransportError } from '../../src/http/index.ts';
import type { TransportRequest, TransportResponse } from '../../src/http/index.ts';
import type { Exchange } from '../support/conversations.ts';

/** Beyond this many requests the peer no longer knows anything: a client that polls a spoilt status comes to an end. */
const MAX_REQUESTS = 30;

/** The answer to one exchange of a conversation, spoilt. */
export interface Spoilt {
  readonly index: number;
  readonly status: number;
  readonly text: string;
}

interface WireOptions {
  readonly exchanges: readonly Exchange[];
  readonly spoilt: Spoilt;
  /** Is this an origin that the client may speak to? */
  readonly mayAsk: (origin: string) => boolean;
  /** The peer's own words for "there is no such thing". */
  readonly notFound: string;
}

/** The peers of one conversation, one answer of which is spoilt. Notes what a client must never do. */
export class FuzzWire {
  readonly strays: string[] = [];
  readonly #options: WireOptions;
  readonly #used = new Set<number>();
  #requests = 0;

  constructor(options: WireOptions) {
    this.#options = options;
  }

  answer(baseUrl: string, request: TransportRequest): TransportResponse {
    request.signal.throwIfAborted();
    this.#requests += 1;
    this.#watch(baseUrl, request);
    const index = this.#requests > MAX_REQUESTS ? -1 : this.#find(request);
    const exchange = this.#options.exchanges[index];
    if (exchange === undefined) return toResponse(404, {}, this.#options.notFound);
    this.#used.add(index);
    const { spoilt } = this.#options;
    const { reply } = exchange;
    if ('error' in reply) throw lost(reply.error, baseUrl, request);
    if (index === spoilt.index) return toResponse(spoilt.status, reply.headers, spoilt.text);
    return toResponse(reply.status, reply.headers, bodyOf(exchange) ?? '');
  }

  /** In order; what is asked for again gets the last answer again. */
  #find({ method, path }: TransportRequest): number {
    const fits = (exchange: Exchange) => exchange.method === method && exchange.path === path;
    const { exchanges } = this.#options;
    const fresh = exchanges.findIndex((exchange, index) => !this.#used.has(index) && fits(exchange));
    return fresh === -1 ? exchanges.findLastIndex(fits) : fresh;
  }

  #watch(baseUrl: string, { path }: TransportRequest): void {
    const { origin } = new URL(baseUrl);
    if (!this.#options.mayAsk(origin)) this.strays.push(`a request to ${origin}`);
    const isPath = /^\/(?!\/)[\x21-\x7e]*$/.test(path) && !/\/\.{1,2}(?:[/?]|$)|%2e%2e/i.test(path);
    if (!isPath) this.strays.push(`a request for ${JSON.stringify(path.slice(0, 200))}`);
  }
}

/** The body of a reply as it goes over the wire; undefined where the connection fails instead. */
export function bodyOf({ reply }: Exchange): string | undefined {
  if ('error' in reply) return undefined;
  return reply.text ?? (reply.body === undefined ? '' : JSON.stringify(reply.body));
}

function toResponse(status: number, headers: Readonly<Record<string, string>> = {}, text: string): TransportResponse {
  const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  const contentType = lower['content-type'] ?? 'application/json';
  return { status, headers: { 'content-type': contentType, ...lower }, contentType, text };
}

function lost(code: string, baseUrl: string, { method, path }: TransportRequest): TransportError {
  const where = { host: new URL(baseUrl).host, method, path };
  return code === 'ECONNRESET'
    ? new TransportError('receive', true, 'the connection was reset', where)
    : new TransportError('connect', false, 'connection refused', where);
}

const current = new AsyncLocalStorage<FuzzWire>();

/** Until it is disposed of, requests that are made within {@link onWire} are answered there. Sockets take too long here. */
export function stubTransport(): Disposable {
  const original = Object.getOwnPropertyDescriptor(HttpTransport.prototype, 'request')!; // a method of the class
  HttpTransport.prototype.request = async function (this: HttpTransport, request) {
    const wire = current.getStore();
    if (wire === undefined) throw new Error('a request outside of every conversation');
    return await Promise.resolve(wire.answer(this.baseUrl, request));
  };
  return {
    [Symbol.dispose]: () => {
      Object.defineProperty(HttpTransport.prototype, 'request', original);
    },
  };
}

export async function onWire<T>(wire: FuzzWire, work: () => Promise<T>): Promise<T> {
  return await current.run(wire, work);
}
