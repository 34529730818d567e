/* The table of permitted endings of a failed flow is complete, and every cell of it occurs. */
import { expect, it } from 'vitest';
import { cellOf, cellsToStrike } from './endings.ts';
import { readFloors } from './pins.ts';

it('every cell of the table of endings occurs in a row of a file', () => {
  const struck = new Set(Object.values(readFloors()).flatMap((count) => Object.keys(count)));

  expect(cellsToStrike().filter((cell) => !struck.has(cell))).toEqual([]);
  expect(cellsToStrike().length).toBeGreaterThan(300);
});

it('a fault that the table of endings does not list permits no ending', () => {
  const cell = cellOf({ kind: 'a new kind', request: 'read', times: 'once' }, 'there');

  expect(cell).toEqual({ name: 'a new kind once, there', endings: [] });
});
