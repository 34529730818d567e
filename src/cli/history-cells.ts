import { cellOf } from './table-cells.ts';
import type { CellMaker } from './table-cells.ts';

const ID_LENGTH = 8;
const shortId = shortened(ID_LENGTH);
const time: CellMaker = (value) =>
  typeof value === 'string' ? [value.slice(0, 'yyyy-mm-ddThh:mm:ss'.length).replace('T', ' ')] : [];

/**
 * Cells of lists with long IDs and times. IDs have eight characters, which every command accepts, and times and durations
 * are written for people. Formats for programs have whole IDs, and ISO 8601 times.
 */
export const historyCells: Readonly<Record<string, CellMaker>> = {
  id: shortId,
  flow_id: shortId,
  request_id: shortened('req-'.length + ID_LENGTH),
  started_at: time,
  ended_at: time,
  duration_ms: (value) => (typeof value === 'number' ? [forPeopleMs(value)] : []),
};

function shortened(length: number): CellMaker {
  return (value) => cellOf(value).map((line) => line.slice(0, length));
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
