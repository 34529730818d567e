export { execute, resume } from './engine.ts';
export { eventSchema, isResumedUnasked, isUnfinished, Mentions, MemoryJournal } from './journal.ts';
export type { FlowOutcome, FlowSummary, Journal, JournalEvent } from './journal.ts';
export { watchOutages } from './outage-progress.ts';
export { JournalError, replay } from './replay.ts';
export { FlowRolledBackError, FlowStuckError, FlowWaitingError, resumeFlow, runFlow } from './run-flow.ts';
export type { FlowServices } from './run-flow.ts';
export { defineSaga } from './saga.ts';
export type { AnyStep, ExecuteOptions, Outcome, Saga, Settled, Step, StepContext } from './saga.ts';
