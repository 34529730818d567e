import type { CommandContext } from './context.ts';
import { formatOf } from './global-options.ts';

export interface FittedColumns {
  /** In the order of the output. */
  readonly columns: readonly string[];
  /** Columns of `--long` and of the formats for programs only, after the others. */
  readonly long?: readonly string[];
  /** Columns to leave out of a table that is wider than the terminal, the first one first. */
  readonly optional: readonly string[];
}

type Row = Readonly<Record<string, unknown>>;

/** Whether a table is printed without a choice of columns. */
export function isPlainTable({ globals, io }: CommandContext): boolean {
  return formatOf(globals, io.stdout) === 'table' && globals.column.length === 0;
}

/** Prints a list. A table in a terminal omits the optional columns that do not fit, and says so on standard error. */
export function printFitted(
  context: CommandContext,
  rows: readonly Row[],
  { columns, long = [], optional }: FittedColumns,
  isLong: boolean,
): void {
  const all = [...columns, ...long];
  if (!isPlainTable(context) || isLong) {
    context.print({ kind: 'list', rows, columns: all });
    return;
  }
  const width = context.io.stdout.isTerminal ? (context.io.stdout.columns ?? Infinity) : Infinity;
  let shown = columns;
  for (const name of optional) {
    if (tableWidth(rows, shown) <= width) break;
    shown = shown.filter((each) => each !== name);
  }
  context.print({ kind: 'list', rows, columns: shown });
  const omitted = columns.filter((name) => !shown.includes(name));
  if (omitted.length > 0)
    context.note(`too wide for this terminal, not shown: ${omitted.join(', ')}; use --long or -f json`);
}

/** Two blanks and a border for each column. */
const BESIDE = 3;

function tableWidth(rows: readonly Row[], columns: readonly string[]): number {
  const widths = columns.map((name) => Math.max(name.length, ...rows.map((row) => cellWidth(row[name]))) + BESIDE);
  return widths.reduce((sum, each) => sum + each, 1);
}

/** The items of a list are on lines of their own. */
function cellWidth(value: unknown): number {
  if (value === undefined || value === null) return 0;
  if (Array.isArray(value)) return Math.max(0, ...value.map(cellWidth));
  return typeof value === 'string' ? value.length : JSON.stringify(value).length;
}
