/**
 * One request as the server saw it. Bodies and headers are not kept: they hold secrets.
 * @public
 */
export interface RequestLogEntry {
  readonly server: string;
  /** The operation's name in its documentation, e.g. `Create Partition`. */
  readonly operation: string;
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** Milliseconds of a monotonic clock, with fractions. */
  readonly startedAt: number;
  /** `undefined` while the request is being served, and for one that never was answered. */
  readonly endedAt: number | undefined;
  readonly status: number | undefined;
  /** Simulated service time: latency and delays, in milliseconds. */
  readonly serviceMs: number;
  /** The id of the fault rule that struck. */
  readonly fault?: string;
  /** The entries of an aggregated request. */
  readonly children?: readonly RequestLogEntry[];
}

/** Chooses entries. */
export type RequestFilter = (entry: RequestLogEntry) => boolean;

/** An entry while it is being written, with its place in the order of all starts and ends. */
interface OpenEntry {
  server: string;
  operation: string;
  method: string;
  path: string;
  startedAt: number;
  endedAt: number | undefined;
  status: number | undefined;
  serviceMs: number;
  fault?: string;
  children?: OpenEntry[];
  startTick: number;
  endTick: number;
}

/** What the server knows when a request arrives. */
export interface RequestStart {
  readonly server: string;
  readonly operation: string;
  readonly method: string;
  readonly path: string;
}

/** How the server writes an entry; ended exactly once, whatever happens to the connection. */
export interface RequestHandle {
  addService(ms: number): void;
  setFault(id: string): void;
  child(start: RequestStart): RequestHandle;
  /** @param status - `undefined` when no answer was sent */
  end(status: number | undefined): void;
}

/**
 * What all servers of a simulator were asked, in the order of arrival.
 * @public
 */
export class RequestLog {
  readonly #limit: number;
  #entries: OpenEntry[] = [];
  #ticks = 0;
  #inFlight = new Map<string, number>();
  #maxInFlight = new Map<string, number>();

  /** @param limit - entries kept; the oldest go first, so that a long run does not fill the memory */
  constructor(limit = 100_000) {
    this.#limit = limit;
  }

  /** All entries, oldest first; those of aggregated requests are in `children`. */
  get entries(): readonly RequestLogEntry[] {
    return this.#entries;
  }

  /** Requests being served at this moment, on all servers. */
  get inFlightNow(): number {
    return this.#inFlight.get('*') ?? 0;
  }

  /** The most requests that were being served at one moment, on all servers; as for chains, serving has to take time for more than 1. */
  get maxInFlight(): number {
    return this.#maxInFlight.get('*') ?? 0;
  }

  /** The most requests that were being served at one moment by this server. */
  maxInFlightOf(server: string): number {
    return this.#maxInFlight.get(server) ?? 0;
  }

  /** Requests that a client sent; an aggregated request counts as one. */
  count(filter: RequestFilter = () => true): number {
    return this.#entries.filter(filter).length;
  }

  /** Requests by operation, names sorted. */
  byOperation(filter: RequestFilter = () => true): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { operation } of this.#entries.filter(filter).sort((a, b) => compare(a.operation, b.operation))) {
      counts[operation] = (counts[operation] ?? 0) + 1;
    }
    return counts;
  }

  /**
   * The greatest number of requests that came one after the other: each began when the one before had been answered.
   *
   * A client that sends several at once is only recognised if serving takes time: with a latency of 0 the first can be answered before the
   * second is read, and the result is an upper bound.
   */
  longestChain(filter: RequestFilter = () => true): number {
    // Greedy by earliest end gives the largest set of intervals that do not overlap.
    const ended = this.#entries.filter((entry) => entry.endTick > 0 && filter(entry));
    let last = 0;
    let length = 0;
    for (const entry of ended.sort((a, b) => a.endTick - b.endTick)) {
      if (entry.startTick < last) continue;
      last = entry.endTick;
      length += 1;
    }
    return length;
  }

  /** Forgets all entries and maxima; requests being served are still counted as in flight. */
  clear(): void {
    this.#entries = [];
    this.#maxInFlight = new Map(this.#inFlight);
  }

  /** Notes that a request has arrived. */
  begin(start: RequestStart): RequestHandle {
    const entry = this.#open(start);
    this.#entries.push(entry);
    if (this.#entries.length > this.#limit) this.#entries.shift();
    this.#changeInFlight(entry.server, 1);
    return this.#handle(entry, () => this.#changeInFlight(entry.server, -1));
  }

  #open(start: RequestStart): OpenEntry {
    const { server, operation, method, path } = start;
    this.#ticks += 1;
    const opened = { startedAt: performance.now(), endedAt: undefined, status: undefined, serviceMs: 0 };
    return { server, operation, method, path, ...opened, startTick: this.#ticks, endTick: 0 };
  }

  #handle(entry: OpenEntry, whenEnded: () => void): RequestHandle {
    return {
      addService: (ms) => (entry.serviceMs += ms),
      setFault: (id) => (entry.fault = id),
      child: (start) => {
        const child = this.#open(start);
        (entry.children ??= []).push(child);
        return this.#handle(child, () => undefined);
      },
      end: (status) => {
        if (entry.endTick > 0) return;
        this.#ticks += 1;
        entry.endTick = this.#ticks;
        entry.endedAt = performance.now();
        entry.status = status;
        whenEnded();
      },
    };
  }

  #changeInFlight(server: string, by: 1 | -1): void {
    for (const key of [server, '*']) {
      const now = (this.#inFlight.get(key) ?? 0) + by;
      this.#inFlight.set(key, now);
      this.#maxInFlight.set(key, Math.max(now, this.#maxInFlight.get(key) ?? 0));
    }
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
