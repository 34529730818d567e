import fc from 'fast-check';
import { expect } from 'vitest';
import { order, sequence } from './arbitraries.ts';
import { Rig } from './rig.ts';
import type { RigOptions } from './rig.ts';
import { newTally } from './tally.ts';
import type { Tally } from './tally.ts';

type Where = Pick<RigOptions, 'machine' | 'flow' | 'wrapDriver'>;

/** All sequences of a run are spread over the four combinations of machine and Cinder flow. */
const runs = Math.ceil(Number(process.env.MODEL_RUNS ?? 200) / 4);
/** Fixed, so that a build does not fail for what it did not change; other seeds are for those who look for more. */
const seed = Number(process.env.MODEL_SEED ?? 20_261_121);

/** A property of fast-check: any sequence keeps to the model, and ends with everything as at the start. */
export function keepsToModel(where: Where, tally: Tally) {
  return fc.asyncProperty(order, sequence, async (spawnOrder, commands) => {
    await using rig = await Rig.start({ ...where, order: spawnOrder }, tally);
    await fc.asyncModelRun(() => ({ model: rig.model, real: rig }), commands);
    await rig.finish();
  });
}

/** Prints what was done, and the seed that does it again: `MODEL_SEED=… MODEL_RUNS=… npx vitest run test/model`. */
export async function runModel(where: Where, numRuns = runs): Promise<void> {
  const tally = newTally();
  const details = await fc.check(keepsToModel(where, tally), { seed, numRuns });
  const { operations, struck, crashes, rolledBack, stuck, resumed } = tally;
  console.log(
    `model, ${where.machine}, ${where.flow}: ${details.numRuns} sequences (seed ${seed}), ${operations} operations, ${struck} faults struck, ${crashes} crashes, ${rolledBack} rolled back, ${stuck} stuck, ${resumed} resumed`,
  );
  if (details.failed) throw new Error(fc.defaultReportMessage(details) ?? 'failed', { cause: details.errorInstance });
  // Nothing proves less than a model test in which nothing happens.
  expect(operations).toBeGreaterThan(numRuns);
  if (numRuns < 50) return;
  expect(Math.min(struck, crashes, rolledBack, stuck, resumed)).toBeGreaterThan(0);
}
