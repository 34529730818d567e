import { expect, it } from 'vitest';
import { cellOf, cellsToStrike } from './endings.ts';
import { readFloors } from './pins.ts';

it('every cell of the table of endings is struck by a row of some file', () => {
  const struck = new Set(Object.values(readFloors()).flatMap((count) => Object.keys(count)));

  expect(cellsToStrike().filter((cell) => !struck.has(cell))).toEqual([]);
  expect(cellsToStrike().length).toBeGreaterThan(300);
});

it('a kind of fault that the table does not know at a place may not end in any way', () => {
  const cell = cellOf({ kind: 'a new kind', request: 'read', times: 'once' }, 'there');

  expect(cell).toEqual({ name: 'a new kind once, there', endings: [] });
});
