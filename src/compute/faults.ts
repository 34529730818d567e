import { explainError, findError, InterruptedError, toError } from '../base/index.ts';
import type { DpmError } from '../base/index.ts';
import type { RequestContext } from '../virt/index.ts';
import type { Fault, InstanceRecord, InstanceStore } from './instances.ts';

/** How the instance's states change when an operation on it fails. */
export interface OnFailure {
  readonly vmState?: 'error';
  readonly taskState?: null;
}

/** The operation has ended and has not changed the server's state. */
export const taskEnds: OnFailure = { taskState: null };
export const serverFails: OnFailure = { vmState: 'error', taskState: null };

/** Runs an operation on an instance, and records its error as the instance's fault. */
export async function withFault(
  store: InstanceStore,
  instance: InstanceRecord,
  context: RequestContext,
  work: () => Promise<unknown>,
  onFailure: (code: DpmError['code']) => OnFailure = () => ({}),
): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw recordFault(error, store, instance, context, onFailure);
  }
}

/** Records the error of an operation as the instance's fault (as in Nova), and returns the error for the caller. */
export function recordFault(
  error: unknown,
  store: InstanceStore,
  { uuid }: InstanceRecord,
  context: RequestContext,
  onFailure: (code: DpmError['code']) => OnFailure,
): Error {
  const { signal } = context;
  const code = codeOf(error);
  const fault = faultOf(code, explainError(error), context);
  if (store.find(uuid) !== undefined) store.update(uuid, { ...onFailure(code), fault });
  return signal.aborted ? interrupted(signal, error) : toError(error);
}

export function faultOf(code: DpmError['code'], message: string, { requestId }: RequestContext): Fault {
  return { code, message, at: new Date().toISOString(), requestId };
}

export function codeOf(error: unknown): DpmError['code'] {
  return error instanceof Error && 'code' in error ? (error.code as DpmError['code']) : 'INTERNAL'; // every DpmError has a code
}

/** Returns the error of a cancelled operation: the reason of the signal, caused by the error of the rollback. */
function interrupted(signal: AbortSignal, error: unknown): Error {
  if (findError(error, 'FLOW_STUCK', 'FLOW_WAITING') !== undefined) return toError(error);
  const reason = signal.reason as unknown;
  const isRolledBack = findError(error, 'FLOW_ROLLED_BACK') !== undefined;
  return reason instanceof InterruptedError
    ? new InterruptedError(
        isRolledBack ? `${reason.message}; everything was rolled back` : reason.message,
        {},
        { cause: error },
      )
    : toError(error);
}
