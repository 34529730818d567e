import { describeError, findError, InterruptedError, toError } from '../base/index.ts';
import type { DpmError } from '../base/index.ts';
import type { RequestContext } from '../virt/index.ts';
import type { InstanceRecord, InstanceStore } from './instances.ts';

/** What becomes of the instance's states when an operation on it fails. */
export interface OnFailure {
  readonly vmState?: 'error';
  readonly taskState?: null;
}

/** Records why an operation failed with the instance, as Nova's fault, and returns the error for the caller. */
export function keepFault(
  error: unknown,
  store: InstanceStore,
  { uuid }: InstanceRecord,
  { requestId, signal }: RequestContext,
  onFailure: (code: DpmError['code']) => OnFailure,
): Error {
  const code = codeOf(error);
  const fault = { code, message: describeError(error), at: new Date().toISOString(), requestId };
  if (store.find(uuid) !== undefined) store.update(uuid, { ...onFailure(code), fault });
  return signal.aborted ? interrupted(signal, error) : toError(error);
}

export function codeOf(error: unknown): DpmError['code'] {
  return error instanceof Error && 'code' in error ? (error.code as DpmError['code']) : 'INTERNAL'; // every error of ours carries one
}

/** The caller stopped it: that is the reason; how the way back went is its cause. */
function interrupted(signal: AbortSignal, error: unknown): Error {
  if (findError(error, 'FLOW_STUCK', 'FLOW_WAITING') !== undefined) return toError(error);
  const reason = signal.reason as unknown;
  return reason instanceof InterruptedError
    ? new InterruptedError(`${reason.message}; everything was put back`, {}, { cause: error })
    : toError(error);
}
