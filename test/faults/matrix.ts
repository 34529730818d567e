import { expect } from 'vitest';
import type { StepEvent } from '../../src/saga/index.ts';
import { quickCinder, quickPolicies, startWorld } from '../support/world.ts';
import type { WorldOptions } from '../support/world.ts';
import { makeRows, nameRow, recordStrikes } from './rows.ts';
import type { Row } from './rows.ts';
import { runRow, UndoTrap } from './run-row.ts';
import type { RowResult } from './run-row.ts';
import { scenarios } from './scenarios.ts';

/**
 * Runs every row of the matrix for the named scenarios in one world, and proves that no row leaves anything behind
 * unnamed, and that every fault struck. Prints the number of rows.
 */
export async function runMatrix(
  title: string,
  options: WorldOptions,
  names: readonly string[],
  keep: (row: Row, index: number) => boolean = () => true,
): Promise<readonly RowResult[]> {
  await using world = await startWorld(options);
  const events: StepEvent[] = [];
  const trap = new UndoTrap();
  const manager = await world.open({
    onStep: (event) => void events.push(event),
    failpoint: trap.failpoint,
    policies: quickPolicies,
    cinder: quickCinder,
  });
  const results: RowResult[] = [];
  for (const scenario of scenarios.filter(({ name }) => names.includes(name))) {
    const rows = makeRows(scenario, await recordStrikes(world, manager, events, scenario)).filter(keep);
    for (const row of rows) {
      const result = await runRow(world, manager, trap, row).catch((error: unknown) => {
        throw new Error(`row could not be run: ${nameRow(row)}`, { cause: error });
      });
      results.push(result);
      // The next row needs the machine as it was: a row that breaks it ends the run, and says which it was.
      if (result.problem.startsWith('after tidying') || result.problem.startsWith('cannot be')) break;
    }
  }
  await manager[Symbol.asyncDispose]();
  const count = (outcome: RowResult['outcome']) => results.filter((result) => result.outcome === outcome).length;
  console.log(
    `fault matrix, ${title}: ${results.length} rows, ${count('absorbed')} absorbed, ${count('rolled back')} rolled back, ${count('stuck')} stuck and named`,
  );
  const problems = results
    .filter(({ problem, struck }) => problem !== '' || !struck)
    .map(({ row, problem, struck }) => `${row}: ${problem || (struck ? '' : 'the fault did not strike')}`);
  expect(problems).toEqual([]);
  return results;
}
