import { ConflictError } from '../../base/index.ts';
import type { JsonValue } from '../../base/index.ts';
import { isUnfinished } from './journal.ts';
import { parseJournaled, record } from './journaled.ts';
import { JournalError, replay } from './replay.ts';
import { Run } from './run.ts';
import type { ExecuteOptions, Outcome, Saga } from './saga.ts';

export interface RunIdentity {
  readonly id: string;
  readonly subject?: string | undefined;
}

/** Runs a flow from its first step. Everything that it starts is in the journal before it starts. */
export async function execute<Input, State, Deps>(
  saga: Saga<Input, State, Deps>,
  input: Input,
  identity: RunIdentity,
  options: ExecuteOptions<Deps>,
): Promise<Outcome<State>> {
  options.signal.throwIfAborted();
  const journaled = input as JsonValue; // inputs are plain JSON by the saga's schema
  await record(options.journal, identity.id, {
    kind: 'flow-started',
    flow: saga.name,
    input: journaled,
    subject: identity.subject,
  });
  return await new Run<State, Deps>(saga, identity.id, journaled, options).forward();
}

/**
 * Takes up an unfinished, waiting or stuck run from its journal: finishes it where the flow says so and no undo has begun, else
 * goes back.
 *
 * @throws JournalError when the history cannot be followed, or is of another flow; ConflictError when it has ended.
 */
export async function resume<Input, State, Deps>(
  saga: Saga<Input, State, Deps>,
  flowId: string,
  options: ExecuteOptions<Deps>,
): Promise<Outcome<State>> {
  const history = replay(flowId, await options.journal.read(flowId));
  if (history.flow !== saga.name) throw new JournalError(`flow ${flowId} is a "${history.flow}", not a "${saga.name}"`);
  if (history.ended !== undefined && !isUnfinished(history.ended)) {
    // Going back now would undo what somebody uses.
    throw new ConflictError(`flow ${flowId} has ended (${history.ended}): there is nothing to resume`, { flowId });
  }
  const run = new Run<State, Deps>(saga, flowId, parseJournaled(flowId, 'input', saga.input, history.input), options);
  run.takeOver(history);
  if (run.goesForward()) return await run.forward();
  const error = new Error(history.error ?? 'the process ended in the middle of it');
  return await run.back(history.failedStep ?? run.lastStarted() ?? '(none)', error);
}
