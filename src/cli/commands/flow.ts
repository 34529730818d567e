import type { Command } from 'commander';
import type { FlowSummary, JournalEvent } from '../../compute/journal/index.ts';
import type { AddCommand } from '../add-command.ts';
import { argument, nameOrId } from '../usage.ts';

const flowColumns = [
  'id',
  'flow',
  'subject',
  'state',
  'started_at',
  'ended_at',
  'error',
  'left_behind',
  'waits_for',
] as const;

export function addFlowCommands(program: Command, add: AddCommand): void {
  const group = program.command('flow').description('The journal: running, rolled back, waiting and stuck flows');
  add(group, 'list', 'List the flows, newest first', async (context) => {
    await context.printList(flowColumns, async () =>
      (await context.io.backend.listFlows(context.settingsWithoutHmc())).map(flowSummary),
    );
  });
  add(group, 'show', 'Show a flow and its steps', async (context, command) => {
    const id = argument(command, 0);
    const flow = await context.io.backend.showFlow(context.settingsWithoutHmc(), id);
    context.print({ kind: 'object', object: flowDetail(flow) });
  }).argument('<id>', 'id of the flow', nameOrId);
  add(group, 'resume', 'Resume a flow that is stuck or waits: finish it or roll it back', async (context, command) => {
    const id = argument(command, 0);
    const flow = await context.withManager('write', async (manager, request) => {
      await manager.resumeFlow(id, request);
      return await manager.showFlow(id);
    });
    context.print({ kind: 'object', object: flowDetail(flow) });
  }).argument('<id>', 'id of the flow', nameOrId);
}

function flowSummary(flow: FlowSummary) {
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

function flowDetail(flow: FlowSummary & { readonly events: readonly JournalEvent[] }) {
  return { ...flowSummary(flow), parent: flow.parent ?? null, events: flow.events.map(describeEvent) };
}

/** Omits inputs and outputs, which are internal and long. */
function describeEvent(event: JournalEvent): Readonly<Record<string, string>> {
  const step = 'step' in event ? { step: event.step } : {};
  const error = 'error' in event && event.error !== undefined ? { error: event.error } : {};
  const warning = event.kind === 'warning' ? { warning: event.text } : {};
  const outcome = event.kind === 'flow-ended' ? { outcome: event.outcome } : {};
  return { event: event.kind, ...step, ...outcome, ...warning, ...error };
}
