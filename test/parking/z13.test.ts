/* On a z13 that assigns released WWPNs at once, no partition ever sees the disk of another instance. */
import { it } from 'vitest';
import { runSequences } from './sequences.ts';

it(
  'with a manager that unmaps after destroy, on a z13 that assigns released WWPNs at once, no partition ever sees the disk of another',
  { timeout: 3_600_000 },
  async () => await runSequences('z13', Number(process.env.PARKING_RUNS ?? 400)),
);
