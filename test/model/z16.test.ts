/* Random operations, faults and crashes on a z16 end as a small model predicts. */
import { it } from 'vitest';
import { runModel } from './run-model.ts';

it.each(['attachments', 'legacy'] as const)(
  'on a z16 with the Cinder flow "%s", any sequence of operations, faults and crashes ends as the model says',
  { timeout: 600_000 },
  async (flow) => await runModel({ machine: 'z16', flow }),
);
