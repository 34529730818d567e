import { DpmError, RetriesExhaustedError, TimeoutError } from '../../base/index.ts';
import type { JsonValue, RetryClass } from '../../base/index.ts';
import type { TransportPhase } from '../../http/index.ts';
import { classifyReason } from './reasons.ts';
import { isOwnReason, REASON_API_DISABLED, REASON_UNREADABLE } from '../wire/reasons.ts';

/**
 * No usable answer came. When `sent` is false the HMC cannot have seen the request; when it is true, the request may
 * have had its effect: look before repeating it.
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

/** What an HMC said when it refused. */
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
 * The HMC refused a request. Ask {@link isHmcError}, never the message.
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
    // The reasons that this client has made up are for programs: no HMC has said them.
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
 * The HMC refuses this user: wrong or expired password, disabled user, no permission for the API, too many sessions,
 * a second factor asked for. The session object does not try again, as repeated attempts lock the user out.
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

/** The answer is valid JSON but not of the documented form. Never repeated. @public */
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
 * The HMC no longer knows the job, or accepted the operation without naming one: the outcome has to be read from the
 * resource.
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
 * Is this the HMC's (or a job's) refusal with this status, and one of these reasons if any are given? Refusals that are
 * not worth repeating are never wrapped, so the error itself is asked and not its causes.
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
 * What an error of this client says about making the call again. A job that is lost or still going, a deadline of ours
 * and an answer that cannot be read leave the outcome unknown.
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
 * May the request have had its effect? An error page of whatever stands before an HMC says nothing about it, though its
 * 503 is as good as an HMC's own to whoever may simply ask again.
 */
export function mayHaveEffect(thrown: unknown): boolean {
  if (thrown instanceof RetriesExhaustedError) return mayHaveEffect(thrown.cause);
  const isPage = thrown instanceof HmcHttpError && thrown.status >= 500 && thrown.reason === REASON_UNREADABLE;
  return isPage || thrown instanceof HmcSchemaError || classify(thrown) === 'unknown-outcome';
}

/** Does the HMC not answer, or not yet: lost connections, and what stands in the place of one that is starting? */
export function isUnreachable(thrown: unknown): boolean {
  if (thrown instanceof RetriesExhaustedError) return isUnreachable(thrown.cause);
  if (thrown instanceof HmcConnectionError) return isOutage(thrown.phase);
  return thrown instanceof HmcHttpError && isStarting(thrown.status, thrown.reason);
}

/** 503, or a page of whatever stands before it, or its word that the API is not enabled (yet). */
function isStarting(status: number, reason: number): boolean {
  return status === 503 || (status >= 500 && (reason === REASON_API_DISABLED || reason === REASON_UNREADABLE));
}

/** A certificate or an address stays wrong, and a full queue is our own load: none gets better by asking again. */
function isOutage(phase: TransportPhase): boolean {
  return phase !== 'tls' && phase !== 'redirect' && phase !== 'queue';
}

function classifyConnection({ phase, sent }: HmcConnectionError): RetryClass {
  if (sent) return 'unknown-outcome';
  return isOutage(phase) ? 'transient' : 'permanent';
}
