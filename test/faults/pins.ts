import { readFileSync, writeFileSync } from 'node:fs';
import { cellOf } from './endings.ts';
import type { Cell } from './endings.ts';
import type { Ending } from './judge.ts';
import { natureOf, placeOf } from './natures.ts';
import type { RowResult } from './run-row.ts';
import { stepOf } from './sample.ts';

/** The cell of a row that has been run; undefined where the failed undo alone decides. */
export function cellOfRow({ row, hasUndoFailed, hasStruckWayBack }: RowResult): Cell {
  const isUndoGivenUp = hasUndoFailed && row.undo?.times === 'for good';
  // Somebody has to look: the undo fails, and no peer is away.
  if (isUndoGivenUp) return { name: 'undo fails for good', endings: ['stuck'] };
  return cellOf(natureOf(row), placeOf(row, hasStruckWayBack));
}

/** @returns what is wrong with the ending of the row; empty when it ended as its cell says */
export function misfit(result: RowResult): string {
  const { ending, failure, row, hasUndoFailed } = result;
  const { name, endings } = cellOfRow(result);
  if (!endings.includes(ending)) {
    const wanted = endings.length === 0 ? 'is not in the table' : `has to end ${endings.join(' or ')}`;
    return `${ending}, but "${name}" ${wanted} (${failure})`;
  }
  const place = placeOf(row, result.hasStruckWayBack);
  // A refused begin-detaching has changed nothing, and a reading never does: there is nothing to undo.
  const isFirst = /\/(?:begin-detaching|read-boot)$/.test(stepOf(row));
  const hasWayBack = row.undo !== undefined && !isFirst && (place === 'there' || place === 'both');
  return hasWayBack && ending === 'rolled back' && !hasUndoFailed ? 'rolled back, but no undo was asked' : '';
}

/** Rows by cell and ending: `refused, 409 once, there: rolled back` → number. */
export type Count = Readonly<Record<string, number>>;

export function countRows(results: readonly RowResult[]): Count {
  const count = new Map<string, number>();
  for (const result of results) {
    const { name } = cellOfRow(result);
    count.set(name, (count.get(name) ?? 0) + 1);
  }
  return Object.fromEntries([...count].toSorted(([a], [b]) => a.localeCompare(b)));
}

const file = new URL('floors.json', import.meta.url);

/** What the last recorded run of each plan has struck, by title and cell. */
export function readFloors(): Readonly<Record<string, Count>> {
  return JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, Count>>; // written below
}

/** `FAULT_MATRIX_FLOORS=write` records the counts of this run as those that no later one may fall below. */
export function writeFloors(title: string, count: Count): void {
  const floors = { ...readFloors(), [title]: count };
  const sorted = Object.entries(floors).toSorted(([a], [b]) => a.localeCompare(b));
  writeFileSync(file, `${JSON.stringify(Object.fromEntries(sorted), undefined, 2)}\n`);
}

/** Whether a lasting fault is met again on the way back is a matter of timing for a few rows: they change their cell. */
const STEADY = 0.75;

/** What has fewer rows than were recorded: all cells together, or one by more than a few. */
export function fallen(title: string, count: Count): readonly string[] {
  const floors = readFloors()[title] ?? {};
  const [rows, floor] = [sumOf(count), sumOf(floors)];
  const all = rows < floor ? [`${rows} rows in all, not ${floor}`] : [];
  const cells = Object.entries(floors).flatMap(([cell, recorded]) =>
    (count[cell] ?? 0) >= Math.floor(STEADY * recorded) ? [] : [`${cell}: ${count[cell] ?? 0} rows, not ${recorded}`],
  );
  return [...all, ...cells];
}

function sumOf(count: Count): number {
  return Object.values(count).reduce((sum, rows) => sum + rows, 0);
}

/** The ending of every row, for people: a line for each ending with its cells. */
export function describeEndings(results: readonly RowResult[]): string {
  const byEnding = new Map<Ending, Map<string, number>>();
  for (const result of results) {
    const cells = byEnding.get(result.ending) ?? new Map<string, number>();
    byEnding.set(result.ending, cells);
    const { name } = cellOfRow(result);
    cells.set(name, (cells.get(name) ?? 0) + 1);
  }
  return [...byEnding]
    .map(
      ([ending, cells]) =>
        `  ${ending}: ${[...cells]
          .toSorted(([a], [b]) => a.localeCompare(b))
          .map(([cell, rows]) => `${cell} ${rows}`)
          .join('; ')}`,
    )
    .join('\n');
}
