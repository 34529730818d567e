import type { Command } from 'commander';
import type { ServerEvent } from '../../../compute/index.ts';
import type { AddCommand } from '../../add-command.ts';
import { durationMs, historyCells } from '../../history-cells.ts';
import { argument, wholeNumber } from '../../usage.ts';
import { server } from './arguments.ts';

/** Fit 80 characters. */
const short = ['request_id', 'action', 'started_at', 'duration_ms', 'result'] as const;

export const eventColumns = [...short, 'ended_at', 'error', 'server_id', 'server_name', 'flow_id'] as const;

const MAX_LIMIT = 1_000_000;
export const limit = ['--limit <n>', 'at most this many, the newest', wholeNumber(1, MAX_LIMIT)] as const;

export function addEvents(group: Command, add: AddCommand): void {
  const events = group.command('event').description('History of a server');
  add(
    events,
    'list',
    'List what was done to a server, newest first; also to a deleted one',
    async (context, command) => {
      const { limit: most } = command.opts<{ limit?: number }>();
      const rows = async () => {
        const settings = context.settingsWithoutHmc();
        return (await context.io.backend.listServerEvents(settings, argument(command, 0), most)).map(eventRow);
      };
      await context.printList(eventColumns, rows, { shown: short, cells: historyCells });
    },
  )
    .argument(...server)
    .option(...limit)
    .option('--long', 'show all columns');
}

function eventRow(event: ServerEvent) {
  return {
    request_id: event.requestId ?? null,
    action: event.action,
    started_at: event.startedAt,
    duration_ms: durationMs(event.startedAt, event.endedAt),
    result: event.result,
    ended_at: event.endedAt ?? null,
    error: event.error ?? null,
    server_id: event.server,
    server_name: event.name ?? null,
    flow_id: event.flowId ?? null,
  };
}
