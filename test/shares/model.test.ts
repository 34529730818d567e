import { it } from 'vitest';
import { runModel } from '../model/run-model.ts';

/** A share of test/model. */
const SEQUENCES = 10;

it.each([
  { machine: 'z13', flow: 'attachments' },
  { machine: 'z16', flow: 'legacy' },
] as const)(
  'on a $machine with the Cinder flow "$flow", a random sequence of operations, faults and crashes ends as the model says',
  { timeout: 300_000 },
  async (where) => await runModel(where, SEQUENCES),
);
