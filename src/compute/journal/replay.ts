import { DpmError } from '../../base/index.ts';
import type { JsonValue } from '../../base/index.ts';
import { isUnfinished } from './journal.ts';
import type { FlowOutcome, JournalEvent } from './journal.ts';

/** The journal cannot be written, or holds a history that no flow of this program can have written. @public */
export class JournalError extends DpmError {
  readonly code = 'JOURNAL';
}

/** What the journal tells about one step. */
type StepHistory =
  | { readonly state: 'unconfirmed' }
  | { readonly state: 'done'; readonly output: JsonValue }
  | { readonly state: 'undoing'; readonly before: { readonly output: JsonValue } | undefined }
  | { readonly state: 'undone' };

export interface Replay {
  readonly flow: string;
  readonly input: JsonValue;
  readonly parent: string | undefined;
  readonly subject: string | undefined;
  /** In the order in which the steps were first started. */
  readonly steps: ReadonlyMap<string, StepHistory>;
  readonly isUndoing: boolean;
  readonly failedStep: string | undefined;
  readonly error: string | undefined;
  readonly ended: FlowOutcome | undefined;
}

type StepEvent = Exclude<JournalEvent, { kind: 'flow-started' | 'flow-ended' | 'warning' }>;

/** The states of a step in which an event may occur; `none` is a step never started. */
const allowedFrom: Readonly<Record<StepEvent['kind'], readonly (StepHistory['state'] | 'none')[]>> = {
  // A step resumed after a crash is started a second time.
  started: ['none', 'unconfirmed'],
  succeeded: ['unconfirmed'],
  failed: ['unconfirmed'],
  // An event that cannot be written does not stop a rollback, so `undo-started` may be missing.
  'undo-started': ['unconfirmed', 'done', 'undoing'],
  'undo-finished': ['unconfirmed', 'done', 'undoing'],
  'undo-failed': ['unconfirmed', 'done', 'undoing'],
};

/**
 * Folds a history into the state of the flow and its steps.
 *
 * @throws JournalError when no flow can have written this sequence: the journal is damaged, or of another program
 */
export function replay(flowId: string, events: readonly JournalEvent[]): Replay {
  const [first, ...rest] = events;
  if (first?.kind !== 'flow-started') throw refuse(flowId, 'its history does not begin with its start');
  const steps = new Map<string, StepHistory>();
  let isUndoing = false;
  let failedStep: string | undefined;
  let error: string | undefined;
  let ended: FlowOutcome | undefined;
  for (const event of rest) {
    if (event.kind === 'flow-started') throw refuse(flowId, 'it starts twice');
    if (ended !== undefined && !isUnfinished(ended)) throw refuse(flowId, `"${event.kind}" after its end`);
    if (event.kind === 'flow-ended') {
      ended = event.outcome;
      continue;
    }
    ended = undefined;
    if (event.kind === 'warning') continue;
    advance(flowId, steps, event);
    isUndoing ||= event.kind.startsWith('undo');
    if (event.kind === 'failed') [failedStep, error] = [event.step, event.error];
  }
  const { flow, input, parent, subject } = first;
  return { flow, input, parent, subject, steps, isUndoing, failedStep, error, ended };
}

function advance(flowId: string, steps: Map<string, StepHistory>, event: StepEvent): void {
  const was = steps.get(event.step);
  if (!allowedFrom[event.kind].includes(was?.state ?? 'none')) {
    throw refuse(flowId, `"${event.kind}" of step "${event.step}" after "${was?.state ?? 'nothing'}"`);
  }
  steps.set(event.step, next(event, was));
}

function next(event: StepEvent, was: StepHistory | undefined): StepHistory {
  switch (event.kind) {
    case 'started':
    case 'failed':
      return { state: 'unconfirmed' };
    case 'succeeded':
      return { state: 'done', output: event.output };
    case 'undo-started':
    case 'undo-failed':
      if (was?.state === 'undoing') return was;
      return { state: 'undoing', before: was?.state === 'done' ? { output: was.output } : undefined };
    case 'undo-finished':
      return { state: 'undone' };
  }
}

function refuse(flowId: string, why: string): JournalError {
  return new JournalError(`the journal of flow ${flowId} cannot be followed: ${why}`, { flowId });
}
