import { ConflictError } from '../../base/index.ts';
import type { JsonValue } from '../../base/index.ts';
import { isUnfinished } from './journal.ts';
import { parseJournaled, record } from './journaled.ts';
import { JournalError, replay } from './replay.ts';
import { Run } from './run.ts';
import type { ExecuteOptions, Outcome, Saga } from './saga.ts';

/** Runs a flow from its first step. The journal records each step before the step starts. */
export async function execute<Input, State, Deps>(
  saga: Saga<Input, State, Deps>,
  input: Input,
  identity: { readonly id: string; readonly subject?: string | undefined },
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
 * Resumes an interrupted, waiting or stuck flow from its journal: completes it or rolls it back, as
 * {@link Run.goesForward} decides.
 *
 * @throws JournalError when the journal is invalid or belongs to another kind of flow; ConflictError when the flow has
 *   already completed or rolled back
 */
export async function resume<Input, State, Deps>(
  saga: Saga<Input, State, Deps>,
  flowId: string,
  options: ExecuteOptions<Deps>,
): Promise<Outcome<State>> {
  const history = replay(flowId, await options.journal.read(flowId));
  if (history.flow !== saga.name) throw new JournalError(`flow ${flowId} is a "${history.flow}", not a "${saga.name}"`);
  if (history.ended !== undefined && !isUnfinished(history.ended)) {
    // Do not roll back: the server or volume of a completed flow is in use.
    throw new ConflictError(`flow ${flowId} has ended (${history.ended}): there is nothing to resume`, { flowId });
  }
  const run = new Run<State, Deps>(saga, flowId, parseJournaled(flowId, 'input', saga.input, history.input), options);
  run.takeOver(history);
  const isForward = run.goesForward();
  options.onResume?.({ flow: saga.name, subject: run.subject, isUndone: !isForward });
  if (isForward) return await run.forward();
  const error = new Error(history.error ?? 'the process ended before the flow finished');
  return await run.back(history.failedStep ?? run.lastStarted() ?? '(none)', error);
}
