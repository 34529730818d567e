import type { Logger } from '../base/index.ts';

export interface TransportOptions {
  /** Scheme, host and port; paths of requests are appended to it. */
  readonly baseUrl: string;
  readonly tls?: TlsOptions | undefined;
  /** Deadline for the connection, including TLS. */
  readonly connectTimeoutMs: number;
  /** Deadline from the start of a request to the end of its response. */
  readonly requestTimeoutMs: number;
  /** Requests in flight at once; more wait in order of arrival. */
  readonly maxConcurrent: number;
  /** The most requests that may wait; further ones are refused. */
  readonly maxQueued: number;
  /** The longest wait in the queue (default: five times requestTimeoutMs). */
  readonly queueTimeoutMs?: number | undefined;
  /** The maximum length of a response or a request body, in bytes. */
  readonly maxResponseBytes: number;
  /** Unused connections are closed after this time (default: 10 s). */
  readonly idleTimeoutMs?: number | undefined;
  readonly log: Logger;
}

export interface TlsOptions {
  /** PEM text of the trusted certificates (default: Node's). */
  readonly ca?: string | readonly string[] | undefined;
  /** Accept any certificate. Set only at a user's request. */
  readonly insecure?: boolean | undefined;
}
