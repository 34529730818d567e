import { blankKnownSecrets } from './secret.ts';

/** Any JSON value; undefined properties are left out. */
export type JsonValue =
  null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue | undefined };

/** The codes of all errors of this package. Programs may compare codes, but not messages. @public */
export const errorCodes = {
  CONFIG: 'a setting or argument is missing or unusable; nothing was changed',
  NOT_FOUND: 'the named thing does not exist',
  CONFLICT: 'the thing is in a state that forbids the operation; nothing was changed',
  NO_RESOURCES: 'the CPC subset has no room for the request; nothing was changed',
  HMC_CONNECTION: 'no usable answer came from the HMC',
  HMC_HTTP: 'the HMC refused the request',
  HMC_AUTH: 'the HMC refuses the credentials or the session',
  HMC_SCHEMA: 'the answer of the HMC is not of the documented form',
  JOB_FAILED: 'an asynchronous HMC operation ended in error',
  JOB_TIMEOUT: 'an asynchronous HMC operation did not end in time',
  JOB_LOST: 'the HMC no longer knows the job of an asynchronous operation; its outcome has to be looked up',
  STATUS_TIMEOUT: 'a partition did not reach the wanted status',
  BOOT_FAILED: 'the partition did not boot on any path',
  START_REFUSED: 'the HMC did not start the partition; nothing was loaded',
  CINDER_CONNECTION: 'no usable answer came from Cinder or Keystone',
  CINDER_HTTP: 'Cinder refused the request',
  CINDER_AUTH: 'Keystone or Cinder refuses the credentials',
  CINDER_SCHEMA: 'the answer of Cinder or Keystone is not of the documented form',
  CONNECTION_INFO: 'the connection_info of a volume cannot be used',
  NO_USABLE_TARGET: 'no path of a volume is usable',
  LUN_UNREACHABLE: 'a LUN that Cinder has mapped does not answer on any path',
  NOT_FULFILLED: 'the LUN of a storage volume was not found in time, or does not match the request',
  VOLUME_DRIVER: 'no volume driver serves this driver_volume_type, or it cannot be loaded',
  VOLUME_ATTACH: 'a volume could not be attached',
  VOLUME_DETACH: 'a volume could not be detached',
  HOST_CONNECTOR: 'this host is not set up to attach volumes of this protocol; nothing was changed',
  NOTHING_CHANGED: 'the operation failed before it had changed anything; the cause says why',
  FLOW_ROLLED_BACK: 'a flow failed and was rolled back',
  FLOW_STUCK: 'a flow failed and something is left behind',
  FLOW_WAITING: 'a flow failed, and its undo waits for a peer that does not answer; the next command resumes it',
  JOURNAL: 'the journal cannot be written, or cannot be read safely',
  TIMEOUT: 'a deadline passed',
  RETRIES_EXHAUSTED: 'every attempt failed',
  INTERRUPTED: 'the caller asked to stop',
  INTERNAL: 'a defect of this program',
} as const;

/** @public */
export type ErrorCode = keyof typeof errorCodes;

/** Facts of an error, for logs and tests. Never secrets. */
export type ErrorFacts = Readonly<Record<string, JsonValue | undefined>>;

/**
 * Base of every error that this package throws.
 *
 * @remarks `code` is API; `message` is for people and may change. It names the operation, the resource and what
 * happened, but not the cause: {@link describeError} joins the chain.
 * @public
 */
export abstract class DpmError extends Error {
  abstract readonly code: ErrorCode;
  readonly facts: ErrorFacts;

  constructor(message: string, facts: ErrorFacts = {}, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
    this.facts = facts;
  }
}

/** A setting or argument is missing or unusable. Names the option, the value and what was expected. @public */
export class ConfigError extends DpmError {
  readonly code = 'CONFIG';
}

/** The named resource does not exist. @public */
export class NotFoundError extends DpmError {
  readonly code = 'NOT_FOUND';
}

/** The state of the resource forbids the operation; nothing was changed. @public */
export class ConflictError extends DpmError {
  readonly code = 'CONFLICT';
}

/** The CPC subset's share is used up. Nova reschedules on it. @public */
export class ComputeResourcesUnavailableError extends DpmError {
  readonly code = 'NO_RESOURCES';
}

/** An operation failed before it changed anything, for the reason in the cause. There is nothing to undo. @public */
export class NothingChangedError extends DpmError {
  readonly code = 'NOTHING_CHANGED';

  constructor(cause: Error) {
    super(cause.message, {}, { cause });
  }
}

/** One of our own deadlines passed. @public */
export class TimeoutError extends DpmError {
  readonly code = 'TIMEOUT';
}

/** The retry policy gave up; `attempts` holds every attempt's error, in order. @public */
export class RetriesExhaustedError extends DpmError {
  readonly code = 'RETRIES_EXHAUSTED';
  readonly attempts: readonly Error[];

  constructor(what: string, attempts: readonly Error[]) {
    const facts = { attempts: attempts.map((error) => error.message) };
    super(`${what} failed ${attempts.length} times`, facts, { cause: attempts.at(-1) });
    this.attempts = attempts;
  }
}

/** The caller cancelled the operation. @public */
export class InterruptedError extends DpmError {
  readonly code = 'INTERRUPTED';
}

/** A defect of this program: an invariant did not hold. @public */
export class InternalError extends DpmError {
  readonly code = 'INTERNAL';
}

/** Returns what was thrown, as an Error. */
export function toError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  return new InternalError(`something other than an error was thrown: ${typeof thrown}`);
}

/**
 * Returns the messages of an error and its causes on one line, joined with a colon. Members of an AggregateError are
 * listed in brackets. Cycles and very long chains end in "…". Secrets are blanked, since peers and plug-ins write parts
 * of the line, which is logged, printed and kept in the journal.
 */
export function describeError(thrown: unknown): string {
  return blankKnownSecrets(describeChain(thrown, new Set()));
}

function describeChain(thrown: unknown, above: ReadonlySet<unknown>): string {
  const parts: string[] = [];
  const seen = new Set(above);
  let current: unknown = thrown;
  while (current !== undefined && current !== null) {
    if (seen.has(current) || seen.size > 10) {
      parts.push('…');
      break;
    }
    seen.add(current);
    const error = toError(current);
    const members = error instanceof AggregateError ? error.errors.map((one) => describeChain(one, seen)) : undefined;
    const text = `${error.message || error.name}${members === undefined ? '' : ` [${members.join('; ')}]`}`;
    // A wrapper with the same message as its cause adds nothing.
    if (parts.at(-1) !== text) parts.push(text);
    current = error.cause;
  }
  return parts.join(': ');
}

/** Returns the first DpmError with one of these codes in the chain of causes. */
export function findError(thrown: unknown, ...codes: ErrorCode[]): DpmError | undefined {
  let current: unknown = thrown;
  for (let depth = 0; depth < 20 && current instanceof Error; depth += 1) {
    if (current instanceof DpmError && codes.includes(current.code)) return current;
    current = current.cause;
  }
  return undefined;
}
