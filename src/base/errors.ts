import { blankKnownSecrets } from './secret.ts';

/** Any JSON value; undefined properties are left out. */
export type JsonValue =
  null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue | undefined };

/** The codes of all errors of this package. Programs may compare codes, but not messages. @public */
export const errorCodes = {
  CONFIG: 'a setting or argument is missing or unusable; nothing was changed',
  NOT_FOUND: 'the named resource does not exist',
  CONFLICT: 'the state of the resource forbids the operation; nothing was changed',
  NO_RESOURCES: 'the CPC subset has no room for the request; nothing was changed',
  NOT_IMPLEMENTED: 'no machine in DPM mode can do this; nothing was changed',
  HMC_CONNECTION: 'the HMC did not send a usable response',
  HMC_HTTP: 'the HMC refused the request',
  HMC_AUTH: 'the HMC refuses the credentials or the session',
  HMC_SCHEMA: 'a response of the HMC does not have the documented form',
  JOB_FAILED: 'an asynchronous HMC operation ended in error',
  JOB_TIMEOUT: 'an asynchronous HMC operation did not end in time',
  JOB_LOST: 'the HMC no longer knows the job of an asynchronous operation; check its outcome on the HMC',
  STATUS_TIMEOUT: 'a partition did not reach the wanted status',
  BOOT_FAILED: 'the partition did not boot on any path',
  START_REFUSED: 'the HMC did not start the partition; nothing was loaded',
  CINDER_CONNECTION: 'Cinder or Keystone did not send a usable response',
  CINDER_HTTP: 'Cinder refused the request',
  CINDER_AUTH: 'Keystone or Cinder refuses the credentials',
  CINDER_SCHEMA: 'a response of Cinder or Keystone does not have the documented form',
  CONNECTION_INFO: 'the connection_info of a volume cannot be used',
  NO_USABLE_TARGET: 'no path of a volume is usable',
  LUN_UNREACHABLE: 'a LUN that Cinder has mapped does not answer on any path',
  NOT_FULFILLED: 'the LUN of a storage volume was not found in time, or does not match the request',
  VOLUME_DRIVER: 'no volume driver for this driver_volume_type exists, or the driver cannot be loaded',
  VOLUME_ATTACH: 'a volume could not be attached',
  VOLUME_DETACH: 'a volume could not be detached',
  HOST_CONNECTOR: 'this host is not set up to attach volumes of this protocol; nothing was changed',
  NOTHING_CHANGED: 'the operation failed before it had changed anything; the cause says why',
  FLOW_ROLLED_BACK: 'a flow failed and was rolled back',
  FLOW_STUCK: 'a flow failed and could not be rolled back completely',
  FLOW_WAITING: 'a flow failed, and its rollback waits for a peer that is unreachable; the next command resumes it',
  JOURNAL: 'the journal cannot be written, or cannot be read safely',
  TIMEOUT: 'a deadline passed',
  RETRIES_EXHAUSTED: 'every attempt failed',
  INTERRUPTED: 'the caller cancelled the operation',
  INTERNAL: 'a defect of this program',
} as const;

/** @public */
export type ErrorCode = keyof typeof errorCodes;

/** Facts of an error, for logs and tests. Never secrets. */
export type ErrorFacts = Readonly<Record<string, JsonValue | undefined>>;

/**
 * Base of every error that this package throws.
 *
 * @remarks `code` is part of the API. `message` is for people and may change. The message names the operation, the
 * resource and the failure, but not the cause: {@link describeError} adds the messages of the causes.
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

/** The CPC subset has no capacity left. Nova reschedules the server when it receives this error. @public */
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

/** A deadline of this program passed. @public */
export class TimeoutError extends DpmError {
  readonly code = 'TIMEOUT';
}

/** All attempts failed. `attempts` holds the error of each attempt, in order. @public */
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
 * listed in brackets. Cycles and very long chains end in "…". Secrets are
 * blanked, because peers and plug-ins supply parts of the line, and the line is logged, printed and journaled.
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
