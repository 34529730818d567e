import type { Command } from 'commander';
import type { ServerEvent } from '../../../compute/index.ts';
import type { AddCommand } from '../../add-command.ts';
import { durationMs, printHistory } from '../../history-view.ts';
import { argument, wholeNumber } from '../../usage.ts';
import { server } from './arguments.ts';

const short = ['request_id', 'action', 'started_at', 'duration_ms', 'result'] as const;
const columns = {
  short,
  all: [...short, 'ended_at', 'error', 'server_id', 'server_name', 'flow_id'],
} as const;

export const eventColumns = columns.all;

const MAX_LIMIT = 1_000_000;
export const limit = ['--limit <n>', 'at most this many, the newest', wholeNumber(1, MAX_LIMIT)] as const;

export function addEvents(group: Command, add: AddCommand): void {
  const events = group.command('event').description('History of a server');
  add(
    events,
    'list',
    'List what was done to a server, newest first; also to a deleted one',
    async (context, command) => {
      const options = command.opts<{ limit?: number; long?: true }>();
      await printHistory(context, columns, options.long === true, async () => {
        const settings = context.settingsWithoutHmc();
        const found = await context.io.backend.listServerEvents(settings, argument(command, 0), options.limit);
        return found.map(eventRow);
      });
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
