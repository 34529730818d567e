import { DpmError, findError, RetriesExhaustedError } from '../base/index.ts';
import type { RetryClass } from '../base/index.ts';
import type { TransportError, TransportPhase } from '../http/index.ts';

export type Peer = 'Cinder' | 'Keystone' | 'Glance';

/**
 * Cinder, Keystone or Glance did not send a usable response. `sent` is false if the peer cannot have received the request.
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

export interface Refusal {
  readonly what: string;
  readonly peer: Peer;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** Cinder's name of the fault, such as `badRequest` or `itemNotFound`. Empty if the body is not from Cinder. */
  readonly faultName: string;
  /** Cinder's message. */
  readonly message: string;
  /** The request ID of the server, which its log also contains. */
  readonly requestId: string | undefined;
  readonly retryAfterMs: number | undefined;
}

/** Cinder or Keystone refused the request. Test it with {@link isCinderError}, never by the message. @public */
export class CinderHttpError extends DpmError {
  readonly code = 'CINDER_HTTP';
  readonly peer: Peer;
  readonly status: number;
  readonly faultName: string;
  readonly cinderMessage: string;
  readonly requestId: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(refusal: Refusal) {
    const { what, peer, method, path, status, faultName, message, requestId, retryAfterMs } = refusal;
    const fault = faultName === '' ? '' : ` ${faultName}`;
    const text = message === '' ? '' : `: ${message}`;
    super(`${what}: ${peer} answered ${status}${fault}${text}${requestId === undefined ? '' : ` (${requestId})`}`, {
      status,
      faultName,
      cinderMessage: message,
      requestId,
      method,
      path,
      unreachable: isAway({ status, faultName }) ? peer : undefined,
    });
    this.peer = peer;
    this.status = status;
    this.faultName = faultName;
    this.cinderMessage = message;
    this.requestId = requestId;
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * Keystone refuses the credentials, or Cinder refuses a token that Keystone has just issued.
 *
 * Thrown after a 401 or 403 from Keystone, and from then on without a request, so that retries do not lock the account.
 * Also thrown after two consecutive 401s from Cinder.
 * @public
 */
export class CinderAuthError extends DpmError {
  readonly code = 'CINDER_AUTH';
}

/** A response does not have the documented form. Never retried. @public */
export class CinderSchemaError extends DpmError {
  readonly code = 'CINDER_SCHEMA';
}

/** The status of the volume forbids the operation, or did not reach an expected value in time. @public */
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
 * Returns whether Cinder (not Keystone) answered with one of these statuses, or with any error status if none is given.
 * Looks into NotFoundError and RetriesExhaustedError.
 *
 * @public
 */
export function isCinderError(error: unknown, ...statuses: readonly number[]): error is Error {
  const refusal = findCinderRefusal(error);
  return refusal !== undefined && (statuses.length === 0 || statuses.includes(refusal.status));
}

/** Returns whether any of the services answered with this status. */
export function isStatus(error: unknown, status: number): boolean {
  const refusal = findError(error, 'CINDER_HTTP');
  return refusal instanceof CinderHttpError && refusal.status === status;
}

/**
 * Returns whether Cinder itself reports that the resource does not exist. A 404 from its router or a proxy means a wrong
 * URL: a delete that gets such a 404 has not succeeded.
 */
export function isGone(error: unknown): boolean {
  const refusal = findCinderRefusal(error);
  return refusal?.status === 404 && refusal.faultName === 'itemNotFound';
}

function findCinderRefusal(error: unknown): CinderHttpError | undefined {
  const refusal = findError(error, 'CINDER_HTTP');
  return refusal instanceof CinderHttpError && refusal.peer === 'Cinder' ? refusal : undefined;
}

/** Statuses from a proxy, Cinder or the array, after which the outcome is unknown. Source: cinder api/openstack/wsgi.py and exception.py. */
const unknownOutcome: ReadonlySet<number> = new Set([500, 502, 504]);
const busy: ReadonlySet<number> = new Set([429, 503]);

/** Returns the error of the last attempt, or the error itself if there was one attempt. */
export function lastAttempt(error: unknown): unknown {
  return error instanceof RetriesExhaustedError ? error.attempts.at(-1) : error;
}

/** Returns what an error of this client means for a retry. @public */
export function classify(error: unknown): RetryClass {
  const last = lastAttempt(error);
  if (last instanceof CinderConnectionError) return classifyConnection(last);
  if (!(last instanceof CinderHttpError)) return 'permanent';
  if (last.status === 401) return 'session-lost';
  if (busy.has(last.status) || isRateLimit(last)) return 'busy';
  return unknownOutcome.has(last.status) ? 'unknown-outcome' : 'permanent';
}

/** An untrusted certificate or a redirect does not go away with time. */
function classifyConnection({ phase, sent }: CinderConnectionError): RetryClass {
  if (phase === 'tls' || phase === 'redirect') return 'permanent';
  return sent ? 'unknown-outcome' : 'transient';
}

/** Returns the service that is unreachable according to the error, or to the error of the last attempt. */
export function unreachablePeer(error: unknown): Peer | undefined {
  const last = lastAttempt(error);
  if (last instanceof CinderConnectionError) return isOutage(last.phase) ? last.peer : undefined;
  return last instanceof CinderHttpError && isAway(last) ? last.peer : undefined;
}

/** A full request queue of this process is not an outage of the peer. */
function isOutage(phase: TransportPhase): boolean {
  return phase !== 'tls' && phase !== 'redirect' && phase !== 'queue';
}

/** Returns whether the response is a 503, or a page of a proxy about a server that does not answer. */
function isAway({ status, faultName }: Pick<Refusal, 'status' | 'faultName'>): boolean {
  return status === 503 || ((status === 502 || status === 504) && faultName === '');
}

/** A 413 reports a rate limit, or with `Retry-After: 0` an exceeded quota, for which a retry does not help. */
function isRateLimit(error: CinderHttpError): boolean {
  return error.status === 413 && (error.retryAfterMs ?? 0) > 0;
}

/** Errors of calls with an earlier attempt that may have reached the array. */
const reachedBefore = new WeakSet<Error>();

/** Records that the failed call had an earlier attempt that may have reached the array. */
export function markReachedBefore(error: Error): void {
  reachedBefore.add(error);
}

/**
 * Returns whether no attempt of a connect call can have reached the array: Cinder answered 4xx (it answers 500 when the
 * array fails), or the request was never sent.
 */
export function isRefusedOutright(error: unknown): boolean {
  if (error instanceof Error && reachedBefore.has(error)) return false;
  const last = lastAttempt(error);
  if (last instanceof CinderConnectionError) return !last.sent;
  return last instanceof CinderHttpError && last.status >= 400 && last.status < 500;
}

/** Returns whether Cinder itself reports that the array failed. A response of a proxy says nothing about the array. */
export function isArrayFailure(error: unknown): boolean {
  const last = lastAttempt(error);
  return last instanceof CinderHttpError && last.status === 500 && last.faultName !== '';
}

/** Returns whether the call may have taken effect: no response came, or a proxy or the array failed. */
export function isUncertain(error: unknown): boolean {
  return ['unknown-outcome', 'busy'].includes(classify(error));
}
