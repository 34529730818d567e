import { describeError } from '../../base/index.ts';
import type { ErrorCode } from '../../base/index.ts';
import type { HostOptions } from '../open-host.ts';
import { errorCodeOf } from '../exit-codes.ts';

/** A line of `dpm doctor`. */
export interface DoctorCheck {
  readonly check: string;
  readonly status: 'ok' | 'warn' | 'fail';
  readonly detail: string;
  /** What to do; may be empty. */
  readonly advice: string;
  /** Decides the exit code. */
  readonly code?: ErrorCode;
}

export interface DoctorOptions extends Pick<HostOptions, 'log' | 'requestId'> {
  /** Milliseconds since the epoch. */
  readonly clock?: () => number;
}

export function ok(check: string, detail: string): DoctorCheck {
  return { check, status: 'ok', detail, advice: '' };
}

export function warn(check: string, detail: string, advice: string): DoctorCheck {
  return { check, status: 'warn', detail, advice };
}

export function fail(check: string, detail: string, advice: string, code: ErrorCode = 'CONFLICT'): DoctorCheck {
  return { check, status: 'fail', detail, advice, code };
}

/** Returns the line of an error. @throws the signal's reason */
export function failed(check: string, thrown: unknown, advice: string, signal: AbortSignal): DoctorCheck {
  signal.throwIfAborted();
  return fail(check, describeError(thrown), advice, errorCodeOf(thrown));
}
