import { describeError } from '../../base/index.ts';
import type { ErrorCode } from '../../base/index.ts';
import { errorCodeOf } from '../exit-codes.ts';
import type { DoctorCheck } from '../seams.ts';

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
