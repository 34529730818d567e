/**
 * How far a request got: waiting in our own queue, connecting, agreeing on TLS, sending it, reading the answer; or sent
 * elsewhere, by a peer that did nothing else about it.
 */
export type TransportPhase = 'queue' | 'connect' | 'tls' | 'send' | 'receive' | 'redirect';

/**
 * No usable answer came. `sent` is what decides about a repeat: false means that the peer cannot have seen the request.
 * The clients translate it into their own connection errors.
 */
export class TransportError extends Error {
  readonly phase: TransportPhase;
  readonly sent: boolean;
  readonly host: string;
  readonly reason: string;

  constructor(
    phase: TransportPhase,
    sent: boolean,
    reason: string,
    where: { host: string; method: string; path: string },
    cause?: unknown,
  ) {
    super(`${where.method} ${where.path} at ${where.host}: ${reason}`, { cause });
    this.name = 'TransportError';
    this.phase = phase;
    this.sent = sent;
    this.host = where.host;
    this.reason = reason;
  }
}
