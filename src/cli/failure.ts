import { blankKnownSecrets, ended, explainError, findError } from '../base/index.ts';
import type { ErrorCode } from '../base/index.ts';
import { adviceOn } from './advice.ts';
import { errorCodeOf } from './exit-codes.ts';
import { printable } from './printable.ts';

/** A failure in the form for programs. Source: interfaces.md sections 2.1 and 3. */
export interface Failure {
  readonly code: ErrorCode;
  /** What failed, why, and what was done about it. */
  readonly message: string;
  readonly request_id: string;
  readonly left_behind: readonly string[];
  /** What to type or to check next. */
  readonly advice: string | null;
}

/** Describes an error for programs. @param hint - advice that the command has because of its settings */
export function toFailure(thrown: unknown, requestId: string, hint?: string): Failure {
  return {
    code: errorCodeOf(thrown),
    message: explainError(thrown),
    request_id: requestId,
    left_behind: leftBehind(thrown),
    advice: hint ?? adviceOn(thrown) ?? null,
  };
}

/** Returns one line for people: what failed and why, what was done about it, what is left behind, and what to do next. */
export function failureLine({ message, left_behind: names, advice, request_id: requestId }: Failure): string {
  const left = names.length === 0 ? '' : ` Left behind: ${names.join(', ')}.`;
  const hint = advice === null ? '' : ` ${ended(advice)}`;
  const text = left === '' && hint === '' ? message : `${ended(message)}${left}${hint}`;
  return `${printable(blankKnownSecrets(`dpm: ${text} [${requestId}]`))}\n`;
}

function leftBehind(thrown: unknown): readonly string[] {
  if (thrown instanceof AggregateError) return thrown.errors.flatMap(leftBehind);
  const names = findError(thrown, 'FLOW_STUCK', 'FLOW_WAITING')?.facts.leftBehind;
  return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
}
