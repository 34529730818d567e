export { execute, resume } from './engine.ts';
export {
  eventSchema,
  isResumedUnasked,
  isUnfinished,
  Mentions,
  MemoryJournal,
  nameIn,
  withRequest,
} from './journal.ts';
export type { FlowFilter, FlowOutcome, FlowSummary, Journal, JournalEvent, RecordedEvent } from './journal.ts';
export { watchOutages } from './outage-progress.ts';
export { closeSuperseded } from './journaled.ts';
export { JournalError, replay } from './replay.ts';
export { FlowRolledBackError, FlowStuckError, FlowWaitingError, resumeFlow, runFlow } from './run-flow.ts';
export type { FlowServices } from './run-flow.ts';
export { defineSaga, effects } from './saga.ts';
export type { AnyStep, ExecuteOptions, Outcome, ResumedOperation, Saga, Settled, Step, StepContext } from './saga.ts';
