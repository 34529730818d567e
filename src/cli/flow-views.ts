import type { FlowSummary, JournalEvent } from '../compute/journal/index.ts';

/** A flow as `dpm flow list` prints it. */
export function flowSummary(flow: FlowSummary) {
  return {
    id: flow.id,
    flow: flow.flow,
    subject: flow.subject ?? null,
    state: flow.state,
    started_at: flow.startedAt,
    ended_at: flow.endedAt ?? null,
    error: flow.error ?? null,
    left_behind: flow.leftBehind,
    waits_for: flow.waitsFor ?? null,
  };
}

/** A flow with its steps, as `dpm flow show` prints it. */
export function flowDetail(flow: FlowSummary & { readonly events: readonly JournalEvent[] }) {
  return { ...flowSummary(flow), parent: flow.parent ?? null, events: flow.events.map(describeEvent) };
}

/** What happened, without inputs and outputs: they are the program's, and long. */
function describeEvent(event: JournalEvent): Readonly<Record<string, string>> {
  const step = 'step' in event ? { step: event.step } : {};
  const error = 'error' in event && event.error !== undefined ? { error: event.error } : {};
  const warning = event.kind === 'warning' ? { warning: event.text } : {};
  const outcome = event.kind === 'flow-ended' ? { outcome: event.outcome } : {};
  return { event: event.kind, ...step, ...outcome, ...warning, ...error };
}
