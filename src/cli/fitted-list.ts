import type { JsonValue } from '../base/index.ts';
import type { CommandContext } from './context.ts';
import { formatOf } from './global-options.ts';
import { cellOf, headOf } from './table-cells.ts';
import { tableWidth } from './table.ts';

export interface FittedColumns {
  /** In the order of the output. */
  readonly columns: readonly string[];
  /** Columns of `--long` and of JSON and YAML only, after the others. */
  readonly long?: readonly string[];
  /** Columns to leave out of a table that is wider than the terminal, the first one first. */
  readonly optional: readonly string[];
}

type Row = Readonly<Record<string, JsonValue>>;

/** Whether a table is printed without a choice of columns. */
export function isPlainTable({ globals, io }: CommandContext): boolean {
  return formatOf(globals, io.stdout) === 'table' && globals.column.length === 0;
}

/** Prints a list. A table in a terminal omits the optional columns that do not fit, and says so on standard error. */
export function printFitted(
  context: CommandContext,
  rows: readonly Row[],
  { columns, long = [], optional }: FittedColumns,
): void {
  const { stdout } = context.io;
  const isFitted = isPlainTable(context) && !context.globals.long && stdout.isTerminal;
  const width = isFitted ? (stdout.columns ?? Infinity) : Infinity;
  let shown = columns;
  for (const name of optional) {
    if (widthOf(rows, shown) <= width) break;
    shown = shown.filter((each) => each !== name);
  }
  context.print({ kind: 'list', rows, columns: [...columns, ...long], shown });
  const omitted = columns.filter((name) => !shown.includes(name));
  if (omitted.length > 0)
    context.note(`too wide for this terminal, not shown: ${omitted.join(', ')}; use --long or -f json`);
}

function widthOf(rows: readonly Row[], columns: readonly string[]): number {
  const cells = rows.map((row) => columns.map((name) => cellOf(row[name])));
  return tableWidth(columns.map(headOf), cells);
}
