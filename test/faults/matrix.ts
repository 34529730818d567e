import { expect } from 'vitest';
import type { StepEvent } from '../../src/saga/index.ts';
import { startWorld } from '../support/world.ts';
import type { WorldOptions } from '../support/world.ts';
import { makeRows, nameRow, recordStrikes } from './rows.ts';
import type { Row } from './rows.ts';
import { runRow, UndoTrap } from './run-row.ts';
import type { RowResult } from './run-row.ts';
import { scenarios } from './scenarios.ts';

/**
 * Every n-th row. The rows of one request are 6 for each kind of fault (twice three), so an n that shares no factor with
 * 6 goes through all combinations; and at least one row of every request is kept. `FAULT_MATRIX=full` keeps all of them.
 */
export function everyNth(n: number, offset: number): (row: Row, index: number, rows: readonly Row[]) => boolean {
  return (row, index, rows) =>
    process.env.FAULT_MATRIX === 'full' || index % n === offset || rows[index - 1]?.strike !== row.strike;
}

/**
 * Runs the rows of the matrix for the named scenarios in one world, and proves that no row leaves anything behind
 * unnamed, and that every fault struck. Prints the number of rows.
 */
export async function runMatrix(
  title: string,
  options: WorldOptions,
  names: readonly string[],
  keep: (row: Row, index: number, rows: readonly Row[]) => boolean,
): Promise<void> {
  await using world = await startWorld(options);
  const events: StepEvent[] = [];
  const trap = new UndoTrap();
  const open = async () => await world.open({ onStep: (event) => void events.push(event), failpoint: trap.failpoint });
  let manager = await open();
  const results: RowResult[] = [];
  const steps = new Set<string>();
  for (const scenario of scenarios.filter(({ name }) => names.includes(name))) {
    const all = makeRows(scenario, await recordStrikes(world, manager, events, scenario));
    for (const row of all.filter(keep)) {
      // A session remembers that an HMC lacks bulk requests: such a row needs one that has not learned it yet.
      if (row.strike.operation === 'Submit Requests') {
        await manager[Symbol.asyncDispose]();
        manager = await open();
      }
      const result = await runRow(world, manager, trap, row).catch((error: unknown) => {
        throw new Error(`row could not be run: ${nameRow(row)}`, { cause: error });
      });
      results.push(result);
      steps.add(`${row.strike.flow}/${row.strike.step}`);
      // The next row needs the machine as it was.
      expect.soft(result.problem, result.row).toBe('');
      if (result.problem.startsWith('after tidying') || result.problem.startsWith('cannot be')) break;
    }
  }
  await manager[Symbol.asyncDispose]();
  const count = (outcome: RowResult['outcome']) => results.filter((result) => result.outcome === outcome).length;
  console.log(
    `fault matrix, ${title}: ${results.length} rows in ${steps.size} steps, ${count('absorbed')} absorbed, ${count('rolled back')} rolled back, ${count('stuck')} stuck and named`,
  );
  expect(results.filter(({ struck }) => !struck).map(({ row }) => row)).toEqual([]);
  expect(results.length).toBeGreaterThan(50);
}
