import type { Logger } from '../base/index.ts';

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
  /** The longest wait for a turn; default five times the deadline of a request: by then the peer does not keep up. */
  readonly queueTimeoutMs?: number | undefined;
  /** Longest answer that is read, in bytes. */
  readonly maxResponseBytes: number;
  /** Unused connections are closed after this. */
  readonly idleTimeoutMs?: number | undefined;
  readonly log: Logger;
}

/** Which certificates are trusted. */
export interface TlsOptions {
  /** PEM text of the certificates that are trusted, instead of the ones Node brings. */
  readonly ca?: string | readonly string[] | undefined;
  /** Accept any certificate. Only ever set because a person asked for it. */
  readonly insecure?: boolean | undefined;
}
