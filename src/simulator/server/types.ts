import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

import type { FaultEngine } from './fault-engine.ts';
import type { FaultKind, FaultRule } from './fault-rules.ts';
import type { RequestLog } from './request-log.ts';
import type { TlsMaterial } from './certificates.ts';

/**
 * A fault that the peer's own code has to act out (`session-lost`, `job`, `status`, `backend-error`, `stuck`).
 *
 * A handler that can act it out calls `take` when it does. If none does, the strike is taken back and the rule waits for another request.
 */
export interface StruckFault {
  readonly rule: FaultRule;
  readonly kind: FaultKind;
  take(): void;
}

/** One entry of an aggregated request. */
export interface SubRequest {
  readonly method: string;
  /** Path and query. */
  readonly uri: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/**
 * A request as a handler sees it.
 * @public
 */
export interface SimRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed JSON; `undefined` if there was no body or it was not JSON. */
  readonly body: unknown;
  /** All of a JSON body; the first MiB of a binary one. */
  readonly rawBody: Buffer;
  readonly bodyBytes: number;
  /** Why the body could not be parsed. */
  readonly bodyError: string | undefined;
  readonly operation: string;
  /** Values of the `:name` parts of the route's path, decoded. */
  readonly params: Readonly<Record<string, string>>;
  /** A fault for the handler to act out. */
  readonly fault?: StruckFault | undefined;
  /** Serves one entry of an aggregated request by the same routes, faults and log. */
  readonly aggregate?: ((sub: SubRequest) => Promise<SimResponse>) | undefined;
}

/**
 * What a handler answers; `body` is sent as JSON, `raw` as it is.
 * @public
 */
export interface SimResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly raw?: { readonly contentType: string; readonly data: string | Buffer };
}

/**
 * One operation of a server. `path` has `:name` for a variable part. A handler may rely on running alone until its first `await`.
 * @public
 */
export interface Route {
  readonly method: string;
  readonly path: string;
  readonly operation: string;
  readonly handle: (req: SimRequest) => SimResponse | Promise<SimResponse>;
}

/** Simulated service time in milliseconds: one for all, or by operation with `*` for the others. */
export type Latency = number | Readonly<Record<string, number>>;

/**
 * What a server is made of.
 * @public
 */
export interface SimServerOptions {
  readonly name: 'hmc' | 'cinder' | 'keystone' | 'glance' | 'san';
  readonly routes: readonly Route[];
  /** Answers a request that no route takes; gets operation `(unknown)`. */
  readonly noRoute: (req: SimRequest) => SimResponse;
  /** Serve HTTPS with this; plain HTTP if absent. */
  readonly tls?: TlsMaterial | undefined;
  /** Default 0: any free port. */
  readonly port?: number | undefined;
  /** Used if it is free and `port` is absent. */
  readonly preferredPort?: number | undefined;
  /** Called after each request, before its answer is sent: what it changed can be saved. */
  readonly onServed?: (() => void) | undefined;
  /** Default 127.0.0.1. */
  readonly host?: string | undefined;
  readonly latencyMs?: Latency | undefined;
  readonly faults: FaultEngine;
  readonly log: RequestLog;
  /** The peer's own form of an error, for the `refuse` fault and for bodies that are too large. */
  readonly shapeError: (status: number, reason: number, message: string, req: SimRequest) => SimResponse;
  /** Forgets sessions and tokens, for the `restart` fault; without it that fault only drops the connection. */
  readonly restart?: (() => void) | undefined;
  /**
   * Takes a connection that asks to become another protocol; absent where none can.
   *
   * @returns whether it was taken: if not, the server answers 404
   */
  readonly upgrade?: ((incoming: IncomingMessage, socket: Duplex, head: Buffer) => boolean) | undefined;
  /** Largest JSON body in bytes, default 1 MiB; more is refused with 413. */
  readonly maxBodyBytes?: number | undefined;
}
