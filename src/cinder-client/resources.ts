import { InterruptedError, Outages, silentLogger } from '../base/index.ts';
import { HttpTransport } from '../http/index.ts';
import type { CinderOptions } from './options.ts';
import { defaultPolicies, defaultTimeouts } from './policy.ts';

const DEFAULT_CONCURRENT = 16;
const MAX_QUEUED = 2_000;
/** A page of volumes is smaller than 1 MB, and a catalog smaller than 0.25 MB. */
const MAX_RESPONSE_BYTES = 8 * 1024 * 1024;

/** The options of a client with their defaults, its transports, and the signal that stops its shared work. */
export class Resources implements Disposable {
  readonly options: CinderOptions;
  readonly log;
  readonly clock: () => number;
  readonly policies;
  readonly outages: Outages;
  readonly timeouts;
  readonly #owner = new AbortController();
  readonly #transports = new Map<string, HttpTransport>();

  constructor(options: CinderOptions) {
    this.options = options;
    this.log = options.log ?? silentLogger;
    this.clock = options.clock ?? Date.now;
    this.policies = { ...defaultPolicies, ...options.policies };
    this.outages = options.outages ?? new Outages();
    this.timeouts = { ...defaultTimeouts, ...options.timeouts };
  }

  /** Fires when the client is closed, and stops the work that callers share. */
  get owner(): AbortSignal {
    return this.#owner.signal;
  }

  /** Returns the transport to this origin. */
  transport(origin: string): HttpTransport {
    const known = this.#transports.get(origin);
    if (known !== undefined) return known;
    const transport = new HttpTransport({
      baseUrl: origin,
      tls: this.options.tls,
      connectTimeoutMs: this.timeouts.connectMs,
      requestTimeoutMs: this.timeouts.requestMs,
      maxConcurrent: this.options.maxConcurrent ?? DEFAULT_CONCURRENT,
      maxQueued: MAX_QUEUED,
      maxResponseBytes: MAX_RESPONSE_BYTES,
      log: this.log,
    });
    this.#transports.set(origin, transport);
    return transport;
  }

  [Symbol.dispose](): void {
    this.#owner.abort(new InterruptedError('the Cinder client is closed'));
    for (const transport of this.#transports.values()) transport[Symbol.dispose]();
    this.#transports.clear();
  }
}
