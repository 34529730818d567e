export { execute, resume } from './engine.ts';
export type { RunIdentity } from './engine.ts';
export { flowOutcomes, isToBeTakenUp, isUnfinished, Mentions, MemoryJournal } from './journal.ts';
export type { FlowOutcome, FlowSummary, Journal, JournalEvent } from './journal.ts';
export { watchOutages } from './outage-progress.ts';
export { JournalError, replay } from './replay.ts';
export type { Replay, StepHistory } from './replay.ts';
export { FlowRolledBackError, FlowStuckError, FlowWaitingError, resumeFlow, runFlow } from './run-flow.ts';
export type { FlowRun, FlowServices } from './run-flow.ts';
export { defineSaga } from './saga.ts';
export type {
  AnyStep,
  ExecuteOptions,
  Failpoint,
  Outcome,
  Saga,
  Settled,
  Step,
  StepContext,
  StepEvent,
  UndoPolicy,
} from './saga.ts';
