import { DpmError, findError, toError } from '../base/index.ts';
import type { ErrorCode } from '../base/index.ts';

/** Meanings of the exit codes of `dpm`. Source: interfaces.md section 2. */
export const exitCodes = {
  0: 'done',
  1: 'the operation failed and was rolled back',
  2: 'usage or settings',
  3: 'not found',
  4: 'failed and something is left behind (named in the output)',
  5: 'HMC or Cinder unreachable or refusing the credentials',
  130: 'interrupted (after rolling back)',
} as const;

/** @public */
export type ExitCode = keyof typeof exitCodes;

export const exitCodeFor: Readonly<Record<ErrorCode, ExitCode>> = {
  CONFIG: 2,
  NOT_FOUND: 3,
  CONFLICT: 1,
  NO_RESOURCES: 1,
  NOT_IMPLEMENTED: 1,
  HMC_CONNECTION: 5,
  HMC_HTTP: 1,
  HMC_AUTH: 5,
  HMC_SCHEMA: 1,
  JOB_FAILED: 1,
  JOB_TIMEOUT: 1,
  JOB_LOST: 1,
  STATUS_TIMEOUT: 1,
  BOOT_FAILED: 1,
  START_REFUSED: 1,
  CINDER_CONNECTION: 5,
  CINDER_HTTP: 1,
  CINDER_AUTH: 5,
  CINDER_SCHEMA: 1,
  CONNECTION_INFO: 1,
  NO_USABLE_TARGET: 1,
  LUN_UNREACHABLE: 1,
  NOT_FULFILLED: 1,
  VOLUME_DRIVER: 2, // the setting dpm.volume_drivers; one that is missing in a flow rolls the flow back
  VOLUME_ATTACH: 1,
  VOLUME_DETACH: 1,
  HOST_CONNECTOR: 1,
  NOTHING_CHANGED: 1,
  FLOW_ROLLED_BACK: 1,
  FLOW_STUCK: 4,
  FLOW_WAITING: 4,
  JOURNAL: 1,
  TIMEOUT: 1,
  RETRIES_EXHAUSTED: 1,
  INTERRUPTED: 130,
  INTERNAL: 1,
};

/** Causes that decide the exit code and the advice instead of the error around them, the most important first. */
const telling: readonly ErrorCode[] = [
  'FLOW_STUCK',
  'FLOW_WAITING',
  'INTERRUPTED',
  'HMC_AUTH',
  'CINDER_AUTH',
  'HMC_CONNECTION',
  'CINDER_CONNECTION',
];

/** Exit codes from worst to best: with several causes the worst counts. */
const gravity: readonly ExitCode[] = [4, 130, 5, 1, 2, 3, 0];

/** Returns the worst of several exit codes, or 0. */
export function worstOf(codes: readonly ExitCode[]): ExitCode {
  return gravity.find((code) => codes.includes(code)) ?? 0;
}

/** Returns the exit code of an error. A lost connection that made a flow roll back is 5, not 1: the user has to fix it. */
export function exitCodeOf(thrown: unknown): ExitCode {
  if (thrown instanceof AggregateError) return worstOf(thrown.errors.map(exitCodeOf));
  return exitCodeFor[tellingCodeOf(thrown)];
}

/** Returns the code of an error for programs. */
export function errorCodeOf(thrown: unknown): ErrorCode {
  if (thrown instanceof AggregateError) {
    const worst = exitCodeOf(thrown);
    return errorCodeOf(thrown.errors.find((error) => exitCodeOf(error) === worst));
  }
  const error = toError(thrown);
  if (!(error instanceof DpmError)) return 'INTERNAL';
  // These two codes say little; their cause says more.
  return (error.code === 'RETRIES_EXHAUSTED' || error.code === 'NOTHING_CHANGED') && error.cause instanceof DpmError
    ? errorCodeOf(error.cause)
    : error.code;
}

/** Returns the code of the most important cause, else of the error. It decides exit code and advice. */
export function tellingCodeOf(thrown: unknown): ErrorCode {
  return telling.find((code) => findError(thrown, code) !== undefined) ?? errorCodeOf(thrown);
}
