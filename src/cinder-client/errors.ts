import { DpmError, findError, RetriesExhaustedError } from '../base/index.ts';
import type { RetryClass } from '../base/index.ts';
import type { TransportError, TransportPhase } from '../http/index.ts';

/** Which of the two services it was. */
export type Peer = 'Cinder' | 'Keystone';

/**
 * No usable answer came from Cinder or Keystone.
 *
 * `sent` decides about a repeat: false means that the peer cannot have seen the request.
 * @public
 */
export class CinderConnectionError extends DpmError {
  readonly code = 'CINDER_CONNECTION';
  readonly peer: Peer;
  readonly sent: boolean;
  readonly phase: TransportPhase;

  constructor(what: string, peer: Peer, cause: TransportError) {
    const { host, phase, sent } = cause;
    const unreachable = isOutage(phase) ? peer : undefined;
    super(`${what}: no usable answer from ${peer}`, { host, phase, sent, unreachable }, { cause });
    this.peer = peer;
    this.sent = sent;
    this.phase = phase;
  }
}

/** What a refusal said. */
export interface Refusal {
  readonly what: string;
  readonly peer: Peer;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** Cinder's own word, for example `badRequest` or `itemNotFound`; empty when the body was not Cinder's. */
  readonly faultName: string;
  /** Cinder's own sentence. */
  readonly message: string;
  /** The server's id of the request, to be looked for in its log. */
  readonly requestId: string | undefined;
  readonly retryAfterMs: number | undefined;
}

/** Cinder or Keystone refused. Ask {@link isCinderError}, never the message. @public */
export class CinderHttpError extends DpmError {
  readonly code = 'CINDER_HTTP';
  readonly peer: Peer;
  readonly status: number;
  readonly faultName: string;
  readonly cinderMessage: string;
  readonly requestId: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(refusal: Refusal) {
    const { method, path, status, faultName, message, requestId } = refusal;
    super(`${refusal.what}: ${refusal.peer} answered ${describeRefusal(refusal)}`, {
      status,
      faultName,
      cinderMessage: message,
      requestId,
      method,
      path,
      unreachable: isAway(refusal) ? refusal.peer : undefined,
    });
    this.peer = refusal.peer;
    this.status = status;
    this.faultName = faultName;
    this.cinderMessage = message;
    this.requestId = requestId;
    this.retryAfterMs = refusal.retryAfterMs;
  }
}

function describeRefusal({ status, faultName, message, requestId }: Refusal): string {
  const fault = faultName === '' ? '' : ` ${faultName}`;
  const text = message === '' ? '' : `: ${message}`;
  return `${status}${fault}${text}${requestId === undefined ? '' : ` (${requestId})`}`;
}

/**
 * The credentials, or a token that Keystone has only just issued, are refused.
 *
 * Thrown by Keystone's 401 and 403, from then on at once and without a request, so that no account is locked by our
 * repeats; and by a second 401 of Cinder in a row.
 * @public
 */
export class CinderAuthError extends DpmError {
  readonly code = 'CINDER_AUTH';
}

/** An answer is not of the documented form; never retried. @public */
export class CinderSchemaError extends DpmError {
  readonly code = 'CINDER_SCHEMA';
}

/** A volume is in a state that forbids what was wanted, or never reached the one that was waited for. @public */
export class VolumeStateError extends DpmError {
  readonly code = 'CONFLICT';
  readonly volumeId: string;
  readonly status: string;

  constructor(
    what: string,
    volume: { readonly id: string; readonly name: string; readonly status: string },
    expected: readonly string[],
    options: { readonly cause?: unknown; readonly remark?: string } = {},
  ) {
    const name = volume.name === '' ? volume.id : `"${volume.name}" (${volume.id})`;
    super(
      `${what}: volume ${name} is ${volume.status}, expected ${expected.join(' or ')}${options.remark ?? ''}`,
      { volumeId: volume.id, volumeName: volume.name, status: volume.status, expected },
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.volumeId = volume.id;
    this.status = volume.status;
  }
}

/**
 * Did Cinder (not Keystone) answer with one of these statuses (any, when none is named)? Looks through the wrappers of
 * retries and of not-found.
 *
 * @public
 */
export function isCinderError(error: unknown, ...statuses: readonly number[]): error is Error {
  const refusal = findCinderRefusal(error);
  return refusal !== undefined && (statuses.length === 0 || statuses.includes(refusal.status));
}

/**
 * Does Cinder itself say that the thing is not there? The 404 of its router, or of a proxy, says that we asked in the
 * wrong place: taken for "gone" it would turn a delete that never happened into success.
 */
export function isGone(error: unknown): boolean {
  const refusal = findCinderRefusal(error);
  return refusal?.status === 404 && refusal.faultName === 'itemNotFound';
}

function findCinderRefusal(error: unknown): CinderHttpError | undefined {
  const refusal = findError(error, 'CINDER_HTTP');
  return refusal instanceof CinderHttpError && refusal.peer === 'Cinder' ? refusal : undefined;
}

/**
 * Nothing is known of the outcome: a proxy's answer, an error of Cinder's own, or of the array. Source: cinder
 * api/openstack/wsgi.py and exception.py.
 */
const unknownOutcome: ReadonlySet<number> = new Set([500, 502, 504]);
const busy: ReadonlySet<number> = new Set([429, 503]);

/** The error of the last attempt, where several were made. */
export function lastAttempt(error: unknown): unknown {
  return error instanceof RetriesExhaustedError ? error.attempts.at(-1) : error;
}

/** What an error of this client says about making the call again. @public */
export function classify(error: unknown): RetryClass {
  const last = lastAttempt(error);
  if (last instanceof CinderConnectionError) return classifyConnection(last);
  if (!(last instanceof CinderHttpError)) return 'permanent';
  if (last.status === 401) return 'session-lost';
  if (busy.has(last.status) || isRateLimit(last)) return 'busy';
  return unknownOutcome.has(last.status) ? 'unknown-outcome' : 'permanent';
}

/** A certificate that is not trusted now, or an address that is not the right one, is no better in a second. */
function classifyConnection({ phase, sent }: CinderConnectionError): RetryClass {
  if (phase === 'tls' || phase === 'redirect') return 'permanent';
  return sent ? 'unknown-outcome' : 'transient';
}

/** The service that does not answer, or not yet, if this is what the error (of the last attempt) says. */
export function unreachablePeer(error: unknown): Peer | undefined {
  const last = lastAttempt(error);
  if (last instanceof CinderConnectionError) return isOutage(last.phase) ? last.peer : undefined;
  return last instanceof CinderHttpError && isAway(last) ? last.peer : undefined;
}

/** Our own full queue is no outage either. */
function isOutage(phase: TransportPhase): boolean {
  return phase !== 'tls' && phase !== 'redirect' && phase !== 'queue';
}

/** 503, or a proxy's page that says that nothing stands behind it. */
function isAway({ status, faultName }: Pick<Refusal, 'status' | 'faultName'>): boolean {
  return status === 503 || ((status === 502 || status === 504) && faultName === '');
}

/** 413 is a quota, which no wait mends (`Retry-After: 0`), or a rate limit, which asks for a wait. */
function isRateLimit(error: CinderHttpError): boolean {
  return error.status === 413 && (error.retryAfterMs ?? 0) > 0;
}
