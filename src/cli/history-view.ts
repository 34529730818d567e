import type { CommandContext } from './context.ts';
import { formatOf } from './global-options.ts';

/** Columns of a list with long IDs and times. */
export interface HistoryColumns {
  readonly all: readonly string[];
  /** Those of a table that fits into 80 characters. `--long` and `-c` show the others. */
  readonly short: readonly string[];
}

/**
 * Prints a list. In a table IDs have eight characters, which every command accepts, and times and durations are written for
 * people. Other formats have whole IDs, and ISO 8601 times.
 */
export async function printHistory(
  context: CommandContext,
  columns: HistoryColumns,
  long: boolean,
  rows: () => Promise<readonly object[]>,
): Promise<void> {
  context.checkColumns([...columns.all, 'duration']);
  const format = formatOf(context.globals, context.io.stdout);
  const isForPeople = format === 'table';
  const isShort = (isForPeople || format === 'csv') && !long && context.globals.column.length === 0;
  const found = await rows();
  const chosen = isShort ? columns.short : columns.all;
  if (!isForPeople) {
    context.print({ kind: 'list', rows: found, columns: chosen });
    return;
  }
  // A duration for people has its unit beside the number, not in its name. Both names can be chosen with -c.
  const named = context.globals.column.length > 0 ? [...chosen, 'duration'] : chosen.map(titleOf);
  context.print({ kind: 'list', rows: found.map(forPeople), columns: named });
}

function titleOf(column: string): string {
  return column === 'duration_ms' ? 'duration' : column;
}

/** Returns the value as a table shows it. */
function forPeople(row: object): object {
  const all = Object.entries(row).map(([name, value]) => [name, shown(name, value)] as const);
  return Object.fromEntries([...all, ...all.map(([name, value]) => [titleOf(name), value] as const)]);
}

const ID_LENGTH = 8;

function shown(name: string, value: unknown): unknown {
  if (typeof value === 'string') {
    if (name === 'id' || name === 'flow_id') return value.slice(0, ID_LENGTH);
    if (name === 'request_id') return value.slice(0, 'req-'.length + ID_LENGTH);
    if (name.endsWith('_at')) return value.slice(0, 'yyyy-mm-ddThh:mm:ss'.length).replace('T', ' ');
  }
  if (name === 'duration_ms' && typeof value === 'number') return forPeopleMs(value);
  return value;
}

/** `0.4 s`, `12.0 s`, `3 min 5 s`, `2 h 10 min` */
export function forPeopleMs(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(Math.round(seconds) / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(seconds) - minutes * 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Returns the milliseconds between two times; null while the end is not known. */
export function durationMs(startedAt: string, endedAt: string | undefined): number | null {
  return endedAt === undefined ? null : Date.parse(endedAt) - Date.parse(startedAt);
}
