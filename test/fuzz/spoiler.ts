import { HttpTransport, TransportError } from '../../src/http/index.ts';
import type { TransportRequest, TransportResponse } from '../../src/http/index.ts';
import { mutate } from './mutate.ts';
import type { Mutation } from './mutate.ts';

/** The answers of some peers: one of them, by number, reaches its client spoilt. */
export class Spoiler {
  /** What was spoilt since it was armed. */
  struck: string | undefined;
  /** Requests since then. */
  requests = 0;
  #armed: { readonly at: number; readonly how: Mutation } | undefined;

  arm(at: number, how: Mutation): void {
    this.#armed = { at, how };
    this.struck = undefined;
    this.requests = 0;
  }

  disarm(): void {
    this.#armed = undefined;
  }

  /** The request is made for good, whatever becomes of its answer. */
  async through(request: TransportRequest, send: () => Promise<TransportResponse>): Promise<TransportResponse> {
    const number = this.requests;
    this.requests += 1;
    const armed = this.#armed;
    const response = await send();
    if (armed?.at !== number || armed !== this.#armed) return response;
    const text = mutate(response.text, armed.how);
    this.struck = `${request.method} ${request.path} (${armed.how.kind}): ${text.slice(0, 300)}`;
    return { ...response, text };
  }
}

/** Stands between all clients and the peers of the spoilers, and lets nobody out to anybody else. */
export class Border implements Disposable {
  /** Requests to others: noted, and not made. */
  readonly strays: string[] = [];
  readonly #spoilers = new Map<string, Spoiler>();
  readonly #original = Object.getOwnPropertyDescriptor(HttpTransport.prototype, 'request')!; // a method of the class

  constructor() {
    const request = HttpTransport.prototype.request; // eslint-disable-line @typescript-eslint/unbound-method -- called with its object below
    const pass = async (transport: HttpTransport, asked: TransportRequest) =>
      await this.#pass(transport, asked, async () => await request.call(transport, asked));
    HttpTransport.prototype.request = async function (this: HttpTransport, asked) {
      return await pass(this, asked);
    };
  }

  spoilerFor(urls: readonly string[]): Spoiler {
    const spoiler = new Spoiler();
    for (const url of urls) this.#spoilers.set(new URL(url).origin, spoiler);
    return spoiler;
  }

  async #pass(
    { baseUrl }: HttpTransport,
    request: TransportRequest,
    send: () => Promise<TransportResponse>,
  ): Promise<TransportResponse> {
    const { origin, host } = new URL(baseUrl);
    const spoiler = this.#spoilers.get(origin);
    if (spoiler !== undefined) return await spoiler.through(request, send);
    this.strays.push(`a request to ${origin}`);
    const { method, path } = request;
    throw new TransportError('connect', false, 'the fuzzer lets nobody out', { host, method, path });
  }

  [Symbol.dispose](): void {
    Object.defineProperty(HttpTransport.prototype, 'request', this.#original);
  }
}
