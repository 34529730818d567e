import { describeError, findError } from '../base/index.ts';
import type { CommandContext } from './context.ts';
import { formatOf } from './global-options.ts';
import type { ResultColumns } from './output.ts';
import { formatResult } from './output.ts';
import type { ServiceEvents } from './service-events.ts';

interface WatchedList extends ResultColumns {
  readonly columns: readonly string[];
  readonly read: () => Promise<readonly object[]>;
  readonly events: Pick<ServiceEvents, 'next'>;
  readonly signal: AbortSignal;
}

/**
 * Prints a list again whenever it changes, until the user interrupts: a table on a terminal in place of the last one, elsewhere
 * one table or document after the other.
 *
 * @throws the error of the first look; later ones are reported, and the list is read again
 */
export async function watchList(context: CommandContext, list: WatchedList): Promise<void> {
  const { read, events, signal } = list;
  try {
    let rows = await read();
    const screen = openScreen(context);
    let shown: string | undefined;
    let failure: string | undefined;
    for (;;) {
      const text = format(context, list, rows);
      if (text !== shown) screen(text);
      shown = text;
      if (context.io.stdout.isClosed === true) return; // the reader has left: dpm … | head
      await events.next(signal);
      try {
        rows = await read();
        failure = undefined;
      } catch (error) {
        signal.throwIfAborted();
        const what = describeError(error);
        if (what !== failure) context.warn(`the list is out of date: ${what}`);
        failure = what;
      }
    }
  } catch (error) {
    // An interruption is how a user ends this.
    if (findError(error, 'INTERRUPTED') === undefined) throw error;
  }
}

function format({ globals, io }: CommandContext, { columns, shown, cells }: WatchedList, rows: readonly object[]) {
  const { column, long, sort } = globals;
  const width = io.stdout.isTerminal ? io.stdout.columns : undefined;
  const choice = { format: formatOf(globals, io.stdout), columns: column, long, sort, width };
  return formatResult({ kind: 'list', rows, columns, shown, cells }, choice);
}

const CLEAR_SCREEN = '\u001B[2J';
const TO_TOP = '\u001B[H';
const CLEAR_LINE = '\u001B[K';
const CLEAR_BELOW = '\u001B[J';

/** Returns what shows a text in place of the one before. */
function openScreen({ globals, io, progress }: CommandContext): (text: string) => void {
  const { stdout, terminal } = io;
  progress.end();
  const isTable = formatOf(globals, stdout) === 'table';
  if (!stdout.isTerminal || !isTable) {
    let isFirst = true;
    return (text) => {
      stdout.write(isFirst || !isTable ? text : `\n${text}`);
      isFirst = false;
    };
  }
  stdout.write(CLEAR_SCREEN);
  return (text) => {
    const rows = terminal?.size().rows ?? Infinity;
    const lines = fitted(text.trimEnd().split('\n'), rows - 2);
    const at = new Date().toISOString().slice(11, 19);
    const all = [...lines, `changed at ${at} UTC; Ctrl-C ends`];
    stdout.write(`${TO_TOP}${all.map((line) => `${line}${CLEAR_LINE}\n`).join('')}${CLEAR_BELOW}`);
  };
}

function fitted(lines: readonly string[], rows: number): readonly string[] {
  if (lines.length <= rows) return lines;
  return [...lines.slice(0, Math.max(0, rows - 1)), `… and ${lines.length - rows + 1} more lines`];
}
