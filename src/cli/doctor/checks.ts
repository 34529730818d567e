import { describeError } from '../../base/index.ts';
import type { ErrorCode } from '../../base/index.ts';
import type { HostOptions } from '../open-host.ts';
import { errorCodeOf } from '../exit-codes.ts';

/** A line of `dpm doctor`. */
export interface DoctorCheck {
  readonly check: string;
  readonly status: 'ok' | 'warn' | 'fail';
  readonly detail: string;
  /** What to do; empty where nothing is to be done. */
  readonly advice: string;
  /** Why it failed: decides the exit code. */
  readonly code?: ErrorCode;
}

/** What the checks are given besides the settings. */
export type DoctorOptions = Pick<HostOptions, 'log' | 'requestId'>;

/** A line that says that all is well. */
export function ok(check: string, detail: string): DoctorCheck {
  return { check, status: 'ok', detail, advice: '' };
}

/** A line about what works and may surprise. */
export function warn(check: string, detail: string, advice: string): DoctorCheck {
  return { check, status: 'warn', detail, advice };
}

/** A line about what does not work. */
export function fail(check: string, detail: string, advice: string, code: ErrorCode = 'CONFLICT'): DoctorCheck {
  return { check, status: 'fail', detail, advice, code };
}

/** The line of an error; what the caller's signal ended is no finding and goes on. */
export function failed(check: string, thrown: unknown, advice: string, signal: AbortSignal): DoctorCheck {
  signal.throwIfAborted();
  return fail(check, describeError(thrown), advice, errorCodeOf(thrown));
}
