import { expect } from 'vitest';
import { runMatrix } from './matrix.ts';
import type { MatrixPlan } from './matrix.ts';

/**
 * Nothing is left behind unnamed, every fault struck where it was meant to, and no step is without one. Prints the
 * number of rows.
 */
export async function checkMatrix(plan: MatrixPlan): Promise<void> {
  const { summary, problems, misses, untouched } = await runMatrix(plan);
  console.log(summary);
  expect({ problems, misses, untouched }).toEqual({ problems: [], misses: [], untouched: [] });
}
