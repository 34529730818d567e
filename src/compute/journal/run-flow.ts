import { randomUUID } from 'node:crypto';
import { DpmError } from '../../base/index.ts';
import type { ErrorFacts, Failpoint, Logger, StepEvent, UndoPolicy } from '../../base/index.ts';
import { execute, resume } from './engine.ts';
import type { Journal } from './journal.ts';
import type { ExecuteOptions, Outcome, Saga } from './saga.ts';

/** A flow failed and was rolled back; the cause says why it failed. @public */
export class FlowRolledBackError extends DpmError {
  readonly code = 'FLOW_ROLLED_BACK';
  readonly failedStep: string;

  constructor(message: string, failedStep: string, facts: ErrorFacts, cause: Error) {
    super(message, { ...facts, failedStep }, { cause });
    this.failedStep = failedStep;
  }
}

/** A flow failed and left something behind, named here and in the journal. A person is needed. @public */
export class FlowStuckError extends DpmError {
  readonly code = 'FLOW_STUCK';
  readonly flowId: string;
  readonly leftBehind: readonly string[];

  /** @param operation - for messages to people, such as `create server "web1"` */
  constructor(message: string, flowId: string, leftBehind: readonly string[], cause: Error, operation?: string) {
    super(message, { flowId, leftBehind, operation }, { cause });
    this.flowId = flowId;
    this.leftBehind = leftBehind;
  }
}

/**
 * A flow failed, and its rollback or completion waits for a peer that does not answer. What is left until then is named
 * here and in the journal. The next command resumes the flow.
 *
 * @public
 */
export class FlowWaitingError extends DpmError {
  readonly code = 'FLOW_WAITING';
  readonly flowId: string;
  readonly leftBehind: readonly string[];
  readonly waitsFor: string;

  /** @param operation - for messages to people, such as `create server "web1"` */
  constructor(
    message: string,
    flowId: string,
    waits: { for: string; leftBehind: readonly string[] },
    cause: Error,
    operation?: string,
  ) {
    super(message, { flowId, leftBehind: waits.leftBehind, waitsFor: waits.for, operation }, { cause });
    this.flowId = flowId;
    this.leftBehind = waits.leftBehind;
    this.waitsFor = waits.for;
  }
}

/** What running a flow needs besides the flow and its dependencies. */
export interface FlowServices {
  readonly journal: Journal;
  readonly undo: UndoPolicy;
  readonly log: Logger;
  readonly onStep?: ((event: StepEvent) => void) | undefined;
  readonly failpoint?: ((point: Failpoint) => Promise<void>) | undefined;
  readonly missingPeer?: ExecuteOptions<unknown>['missingPeer'];
  readonly onResume?: ExecuteOptions<unknown>['onResume'];
}

/**
 * Runs a flow to its end.
 *
 * @param run.what - for the message: `spawn instance web1`
 * @throws FlowRolledBackError, FlowStuckError or FlowWaitingError
 */
export async function runFlow<Input, State, Deps>(
  saga: Saga<Input, State, Deps>,
  input: Input,
  deps: Deps,
  run: { readonly what: string; readonly subject: string; readonly signal: AbortSignal },
  services: FlowServices & Pick<ExecuteOptions<Deps>, 'abandon'>,
): Promise<State> {
  const id = randomUUID();
  const { what, subject, signal } = run;
  const outcome = await execute(saga, input, { id, subject }, { deps, signal, ...services });
  return unwrap(outcome, id, what);
}

/** Resumes a flow from its journal. @throws FlowStuckError or FlowWaitingError when the flow cannot be ended */
export async function resumeFlow<Deps>(
  flows: readonly Saga<never, never, Deps>[],
  flow: { readonly id: string; readonly flow: string },
  deps: Deps,
  signal: AbortSignal,
  services: FlowServices & Pick<ExecuteOptions<Deps>, 'abandon'>,
): Promise<'completed' | 'rolled-back'> {
  const saga = flows.find((candidate) => candidate.name === flow.flow);
  if (saga === undefined) {
    const text = `flow ${flow.id} is a "${flow.flow}", which this program does not know`;
    throw new FlowStuckError(text, flow.id, [], new Error('unknown flow'));
  }
  const outcome = await resume(saga, flow.id, { deps, signal, ...services });
  if (outcome.kind === 'stuck' || outcome.kind === 'waiting')
    unwrap(outcome, flow.id, `resume flow ${flow.id.slice(0, 8)} (${flow.flow})`);
  return outcome.kind === 'completed' ? 'completed' : 'rolled-back';
}

function unwrap<State>(outcome: Outcome<State>, flowId: string, what: string): State {
  switch (outcome.kind) {
    case 'completed':
      return outcome.state;
    case 'rolled-back': {
      const { failedStep, error } = outcome;
      throw new FlowRolledBackError(`${what}: ${failedStep} failed`, failedStep, { flowId, operation: what }, error);
    }
    case 'stuck':
    case 'waiting': {
      const { stuckStep, leftBehind, waitsFor, error } = outcome;
      if (waitsFor === undefined)
        throw new FlowStuckError(`${what} is stuck in ${stuckStep}`, flowId, leftBehind, error, what);
      const waits = { for: waitsFor, leftBehind };
      throw new FlowWaitingError(`${what} waits in ${stuckStep} for ${waitsFor}`, flowId, waits, error, what);
    }
  }
}
