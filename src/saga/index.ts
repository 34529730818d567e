export { execute, resume } from './engine.ts';
export type { RunIdentity } from './engine.ts';
export { Mentions, MemoryJournal } from './journal.ts';
export type { FlowOutcome, FlowSummary, Journal, JournalEvent } from './journal.ts';
export { JournalError, replay } from './replay.ts';
export type { Replay, StepHistory } from './replay.ts';
export { FlowRolledBackError, FlowStuckError, resumeFlow, runFlow } from './run-flow.ts';
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
