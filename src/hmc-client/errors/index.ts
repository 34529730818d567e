import { DpmError, RetriesExhaustedError, TimeoutError } from '../../base/index.ts';
import type { JsonValue, RetryClass } from '../../base/index.ts';
import type { TransportPhase } from '../../http/index.ts';
import { classifyReason } from './reasons.ts';
import { isOwnReason, REASON_API_DISABLED, REASON_UNREADABLE } from '../wire/reasons.ts';

/**
 * The HMC gave no usable answer. If `sent` is false, it cannot have received the request. If `sent` is true, the request
 * may have had its effect: check before a retry.
 *
 * @public
 */
export class HmcConnectionError extends DpmError {
  readonly code = 'HMC_CONNECTION';
  readonly host: string;
  readonly phase: TransportPhase;
  readonly sent: boolean;

  constructor(what: string, where: { host: string; phase: TransportPhase; sent: boolean }, cause?: unknown) {
    const unreachable = isOutage(where.phase) ? `HMC ${where.host}` : undefined;
    super(what, { ...where, unreachable }, cause === undefined ? undefined : { cause });
    this.host = where.host;
    this.phase = where.phase;
    this.sent = where.sent;
  }
}

/** The refusal of an HMC. */
export interface Refusal {
  readonly status: number;
  readonly reason: number;
  readonly method: string;
  readonly uri: string;
  readonly hmcMessage: string;
  /** From Retry-After, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
}

/**
 * The HMC refused a request. Use {@link isHmcError} to test for it, never the message.
 *
 * @public
 */
export class HmcHttpError extends DpmError {
  readonly code = 'HMC_HTTP';
  readonly status: number;
  readonly reason: number;
  readonly method: string;
  readonly uri: string;
  readonly hmcMessage: string;
  readonly retryAfterMs: number | undefined;

  constructor(what: string, refusal: Refusal) {
    const { status, reason, method, uri, hmcMessage } = refusal;
    // Reasons of this client are for programs only.
    const code = isOwnReason(reason) ? String(status) : `${status}.${reason}`;
    super(`${what}: the HMC answered ${code}${hmcMessage === '' ? '' : ` (${hmcMessage})`}`, {
      status,
      reason,
      method,
      uri,
      hmcMessage,
      unreachable: isStarting(status, reason) ? 'HMC' : undefined,
    });
    this.status = status;
    this.reason = reason;
    this.method = method;
    this.uri = uri;
    this.hmcMessage = hmcMessage;
    this.retryAfterMs = refusal.retryAfterMs;
  }
}

/**
 * The HMC refuses this user: wrong or expired password, disabled user, no permission for the API, too many sessions, or
 * a required second factor. The session does not log on again, because repeated attempts lock the user out.
 *
 * @public
 */
export class HmcAuthError extends DpmError {
  readonly code = 'HMC_AUTH';
  readonly status: number;
  readonly reason: number;

  constructor(message: string, facts: { host: string; userid: string; status: number; reason: number }) {
    super(message, facts);
    this.status = facts.status;
    this.reason = facts.reason;
  }
}

/** The answer is valid JSON but not of the documented form. Never retried. @public */
export class HmcSchemaError extends DpmError {
  readonly code = 'HMC_SCHEMA';

  constructor(what: string, facts: { operation: string; uri: string; issues: readonly string[] }) {
    super(`${what}: the answer is not of the documented form: ${facts.issues.join('; ')}`, facts);
  }
}

/** An asynchronous operation ended in error, or was canceled. @public */
export class JobFailedError extends DpmError {
  readonly code = 'JOB_FAILED';
  readonly status: number;
  readonly reason: number;
  readonly hmcMessage: string;

  constructor(
    what: string,
    outcome: { status: number; reason: number; hmcMessage: string; canceled: boolean },
    facts: { operation: string; jobUri: string; uri: string },
  ) {
    const { status, reason, hmcMessage, canceled } = outcome;
    const how = canceled ? 'was canceled' : 'failed';
    super(`${what}: the job ${how} with ${status}.${reason}${hmcMessage === '' ? '' : ` (${hmcMessage})`}`, {
      ...outcome,
      ...facts,
    });
    this.status = status;
    this.reason = reason;
    this.hmcMessage = hmcMessage;
  }
}

/** An asynchronous operation did not end within the time given; it may still end. @public */
export class JobTimeoutError extends DpmError {
  readonly code = 'JOB_TIMEOUT';

  constructor(
    what: string,
    facts: { operation: string; jobUri: string; timeoutMs: number; observed: Readonly<Record<string, JsonValue>> },
  ) {
    super(`${what}: the job did not end within ${facts.timeoutMs / 1000} s`, facts);
  }
}

/**
 * The HMC no longer knows the job, or accepted the operation without naming one. Read the outcome from the resource.
 *
 * @public
 */
export class JobLostError extends DpmError {
  readonly code = 'JOB_LOST';

  constructor(what: string, { operation, jobUri }: { operation: string; jobUri: string | undefined }) {
    const why = jobUri === undefined ? 'the HMC accepted it and named no job' : 'the HMC no longer knows the job';
    super(`${what}: ${why}`, { operation, ...(jobUri === undefined ? {} : { jobUri }) });
  }
}

/**
 * Whether this is a refusal of the HMC or of a job with this status and, if given, one of these reasons. Does not look at
 * causes, because refusals that are not retried are never wrapped.
 *
 * @example isHmcError(error, 400, 8) // the name is taken
 * @public
 */
export function isHmcError(
  thrown: unknown,
  status: number,
  ...reasons: readonly number[]
): thrown is HmcHttpError | JobFailedError {
  if (!(thrown instanceof HmcHttpError || thrown instanceof JobFailedError)) return false;
  return thrown.status === status && (reasons.length === 0 || reasons.includes(thrown.reason));
}

/**
 * Classifies an error of this client for retries. A lost or unfinished job, a deadline of this client and an unreadable
 * answer leave the outcome unknown.
 *
 * @public
 */
export function classify(thrown: unknown): RetryClass {
  if (thrown instanceof RetriesExhaustedError) return classify(thrown.cause);
  if (thrown instanceof HmcConnectionError) return classifyConnection(thrown);
  if (thrown instanceof HmcHttpError) return classifyReason(thrown.status, thrown.reason);
  const isUnknown =
    thrown instanceof TimeoutError || thrown instanceof JobTimeoutError || thrown instanceof JobLostError;
  return isUnknown ? 'unknown-outcome' : 'permanent';
}

/**
 * Whether the request may have had its effect. A proxy's error page says nothing about that, although its 503 can be
 * retried like an HMC's own.
 */
export function mayHaveEffect(thrown: unknown): boolean {
  if (thrown instanceof RetriesExhaustedError) return mayHaveEffect(thrown.cause);
  const isPage = thrown instanceof HmcHttpError && thrown.status >= 500 && thrown.reason === REASON_UNREADABLE;
  return isPage || thrown instanceof HmcSchemaError || classify(thrown) === 'unknown-outcome';
}

/** Whether the HMC does not answer: a lost connection, or the answer of an HMC that is starting. */
export function isUnreachable(thrown: unknown): boolean {
  if (thrown instanceof RetriesExhaustedError) return isUnreachable(thrown.cause);
  if (thrown instanceof HmcConnectionError) return isOutage(thrown.phase);
  return thrown instanceof HmcHttpError && isStarting(thrown.status, thrown.reason);
}

/** Whether the answer is 503, a proxy's page, or says that the API is not enabled (yet). */
function isStarting(status: number, reason: number): boolean {
  return status === 503 || (status >= 500 && (reason === REASON_API_DISABLED || reason === REASON_UNREADABLE));
}

/** Excludes a wrong certificate or address and this client's full queue, which a retry does not change. */
function isOutage(phase: TransportPhase): boolean {
  return phase !== 'tls' && phase !== 'redirect' && phase !== 'queue';
}

function classifyConnection({ phase, sent }: HmcConnectionError): RetryClass {
  if (sent) return 'unknown-outcome';
  return isOutage(phase) ? 'transient' : 'permanent';
}
