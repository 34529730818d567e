import type { Command } from 'commander';
import type { FlowSummary, RecordedEvent } from '../../compute/journal/index.ts';
import type { AddCommand } from '../add-command.ts';
import type { CommandContext } from '../context.ts';
import { formatOf } from '../global-options.ts';
import { durationMs, forPeopleMs, historyCells } from '../history-cells.ts';
import { argument, nameOrId } from '../usage.ts';
import { limit } from './server/events.ts';

type FlowWithEvents = FlowSummary & { readonly events: readonly RecordedEvent[] };

/** Fit 80 characters. */
const short = ['id', 'flow', 'name', 'state', 'started_at', 'duration_ms'] as const;

export const flowColumns = [
  ...short,
  ...['ended_at', 'request_id', 'subject', 'error', 'left_behind', 'waits_for'],
] as const;

interface ListOptions {
  readonly server?: string;
  readonly request?: string;
  readonly open?: true;
  readonly limit?: number;
}

const flowId = ['<id>', 'ID of the flow or its first characters, or the ID of a request', nameOrId] as const;

export function addFlowCommands(program: Command, add: AddCommand): void {
  const group = program.command('flow').description('The journal: running, rolled back, waiting and stuck flows');
  add(group, 'list', 'List the flows, newest first', async (context, command) => {
    const filter = command.opts<ListOptions>();
    const rows = async () =>
      (await context.io.backend.listFlows(context.settingsWithoutHmc(), filter)).map(flowSummary);
    await context.printList(flowColumns, rows, { shown: short, cells: historyCells });
  })
    .option('--server <server>', 'only flows of this server: name or UUID, also of a deleted one', nameOrId)
    .option('--request <id>', 'only flows in which this request did something: the [req-…] of an error', nameOrId)
    .option('--open', 'only flows that have not ended: running, waiting, stuck or damaged')
    .option(...limit)
    .option('--long', 'show all columns');
  add(group, 'show', 'Show a flow and its steps', async (context, command) => {
    const flow = await context.io.backend.showFlow(context.settingsWithoutHmc(), argument(command, 0));
    printFlow(context, flow);
  }).argument(...flowId);
  add(group, 'resume', 'Resume a flow that is stuck or waits: finish it or roll it back', async (context, command) => {
    const id = argument(command, 0);
    const flow = await context.withManager('write', async (manager, request) => {
      await manager.resumeFlow(id, request);
      return await manager.showFlow(id);
    });
    printFlow(context, flow);
  }).argument(...flowId);
}

/** A table has the events as a list of lines below the summary. */
function printFlow(context: CommandContext, flow: FlowWithEvents): void {
  const object = { ...flowSummary(flow), parent: flow.parent ?? null, events: flow.events.map(describeEvent) };
  const isTable = formatOf(context.globals, context.io.stdout) === 'table';
  const duration = object.duration_ms === null ? null : forPeopleMs(object.duration_ms);
  const lines = isTable ? { duration_ms: duration, events: object.events.map(eventLine) } : {};
  context.print({ kind: 'object', object: { ...object, ...lines } });
}

function flowSummary(flow: FlowSummary) {
  return {
    id: flow.id,
    flow: flow.flow,
    name: flow.name ?? null,
    subject: flow.subject ?? null,
    request_id: flow.requestId ?? null,
    state: flow.state,
    started_at: flow.startedAt,
    ended_at: flow.endedAt ?? null,
    duration_ms: durationMs(flow.startedAt, flow.endedAt),
    error: flow.error ?? null,
    left_behind: flow.leftBehind,
    waits_for: flow.waitsFor ?? null,
  };
}

/** Omits inputs and outputs, which are internal and long. */
function describeEvent(event: RecordedEvent): Readonly<Record<string, string>> {
  const at = event.at === undefined ? {} : { at: event.at };
  const step = 'step' in event ? { step: event.step } : {};
  const error = 'error' in event && event.error !== undefined ? { error: event.error } : {};
  const warning = event.kind === 'warning' ? { warning: event.text } : {};
  const outcome = event.kind === 'flow-ended' ? { outcome: event.outcome } : {};
  const request = event.requestId === undefined ? {} : { request_id: event.requestId };
  return { ...at, event: event.kind, ...step, ...outcome, ...warning, ...error, ...request };
}

/** `02:00:27.120 succeeded create-partition` */
function eventLine({ at, event, step, outcome, warning, error }: ReturnType<typeof describeEvent>): string {
  const time = at?.slice('yyyy-mm-ddT'.length, -1);
  const text = [time, event, step, outcome].filter((word) => word !== undefined).join(' ');
  const why = warning ?? error;
  return why === undefined ? text : `${text}: ${why}`;
}
