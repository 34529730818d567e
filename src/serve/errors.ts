import { DpmError, findError, toError } from '../base/index.ts';
import { novaExceptionOf, serviceCodes } from './nova-exceptions.ts';
import type { ServiceCode } from './nova-exceptions.ts';
import { ServiceError } from './service-error.ts';

/** A failure in the form of the command line's JSON. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly left_behind: readonly string[];
  readonly advice: string | null;
}

/** Describes what the driver has thrown. */
export type DescribeFailure = (error: unknown, requestId: string) => Failure;

export interface ErrorAnswer {
  readonly status: number;
  readonly body: { readonly error: Failure & { readonly request_id: string; readonly nova_exception: string } };
}

/** Errors of the driver that are not failures of the request. */
const statusOf: Readonly<Record<string, number>> = { NOT_IMPLEMENTED: 501 };
const FAILED = 422;

/**
 * Returns the answer for a failure.
 *
 * @param method - of Nova's contract, or the empty string for a request that called none
 */
export function errorAnswer(
  thrown: unknown,
  { method, requestId, describe }: { method: string; requestId: string; describe: DescribeFailure },
): ErrorAnswer {
  const failure = failureOf(thrown, requestId, describe);
  const status = isServiceCode(failure.code) ? serviceCodes[failure.code] : (statusOf[failure.code] ?? FAILED);
  const refusal = findError(thrown, 'NOT_IMPLEMENTED');
  const asked = refusal?.facts.nova_exception;
  const exception = typeof asked === 'string' ? asked : novaExceptionOf(method, failure.code);
  return { status, body: { error: { ...failure, request_id: requestId, nova_exception: exception } } };
}

function failureOf(thrown: unknown, requestId: string, describe: DescribeFailure): Failure {
  if (thrown instanceof ServiceError) {
    const { code, message } = thrown;
    return { code, message, left_behind: [], advice: null };
  }
  if (findError(thrown, 'NOT_IMPLEMENTED') !== undefined)
    return { code: 'NOT_IMPLEMENTED', message: toError(thrown).message, left_behind: [], advice: null };
  const { code, message, left_behind, advice } = describe(thrown, requestId);
  const resources = findError(thrown, 'NO_RESOURCES');
  return { code: resources?.code ?? code, message, left_behind, advice };
}

function isServiceCode(code: string): code is ServiceCode {
  return Object.hasOwn(serviceCodes, code);
}

/** Whether the error is a defect or unforeseen: only then its stack is logged. */
export function isDefect(thrown: unknown): boolean {
  return !(thrown instanceof ServiceError) && !(thrown instanceof DpmError);
}
