import type { Command } from 'commander';
import type { ConsoleLine } from '../../compute/index.ts';
import { findError } from '../../base/index.ts';
import type { AddCommand } from '../add-command.ts';
import type { CommandContext } from '../context.ts';
import { formatOf } from '../global-options.ts';
import { printable } from '../printable.ts';
import { argument, usageError, wholeNumber } from '../usage.ts';
import { server } from './server/arguments.ts';

const columns = ['sequence_number', 'time', 'text', 'is_priority', 'is_held'] as const;

/** Above what an HMC keeps. */
const MAX_LINES = 1_000_000;

export function addConsoleCommands(program: Command, add: AddCommand): void {
  const group = program.command('console').description('What the operating systems of servers print');
  const log = group.command('log').description('The operating-system messages of a server');
  add(log, 'show', 'Print the operating-system messages of a server, oldest first', async (context, command) => {
    const { lines, follow = false } = command.opts<{ lines?: number; follow?: boolean }>();
    const name = argument(command, 0);
    context.checkList(columns);
    if (follow) await followLog(context, name, lines);
    else await printLog(context, name, lines);
  })
    .argument(...server)
    .option('--lines <n>', 'only the last lines', wholeNumber(1, MAX_LINES))
    .option('--follow', 'go on with new lines until Ctrl-C; prints text, or with -f json one object on each line');
}

/** Whether lines are printed as they are: for people, unless they choose columns. */
function isText({ globals, io }: CommandContext): boolean {
  const format = formatOf(globals, io.stdout);
  return (format === 'table' || format === 'value') && globals.column.length === 0;
}

function textOf({ text }: ConsoleLine): string {
  return `${printable(text)}\n`;
}

async function printLog(context: CommandContext, name: string, lines: number | undefined): Promise<void> {
  const rows = await context.withManager('read', (manager, request) => manager.consoleLog(name, { lines }, request));
  if (!isText(context)) {
    context.print({ kind: 'list', rows, columns });
    return;
  }
  context.progress.end();
  context.io.stdout.write(rows.map(textOf).join(''));
}

async function followLog(context: CommandContext, name: string, lines: number | undefined): Promise<void> {
  const format = formatOf(context.globals, context.io.stdout);
  if (!isText(context) && format !== 'json') throw usageError('-f', format, 'table, value or json with --follow');
  const { stdout } = context.io;
  const print = isText(context)
    ? (line: ConsoleLine) => stdout.write(textOf(line))
    : (line: ConsoleLine) => context.printJsonLine(line, columns);
  try {
    await context.withManager('read', async (manager, request) => {
      context.progress.end();
      for await (const line of manager.followConsoleLog(name, { lines }, request)) {
        print(line);
        if (stdout.isClosed === true) return; // the reader has left: dpm … | head
      }
    });
  } catch (error) {
    // An interruption is how a user ends this.
    if (findError(error, 'INTERRUPTED') === undefined) throw error;
  }
}
