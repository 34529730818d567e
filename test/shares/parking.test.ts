import { expect, it } from 'vitest';
import { runSequences, startParking } from '../parking/sequences.ts';

/** A share of test/parking. */
const SEQUENCES = 30;

it.each([
  { machine: 'z13', sequences: SEQUENCES },
  { machine: 'z16', sequences: 5 },
] as const)(
  'with a manager that unmaps after a destroy, on a $machine nobody ever sees the disk of another server',
  { timeout: 300_000 },
  async ({ machine, sequences }) => await runSequences(machine, sequences),
);

it('the same sequences tell when WWPNs are given up while masks stand', async () => {
  const forgetful = {
    prepBlockDevice: () => Promise.reject(new Error('not asked')),
    unprepBlockDevice: () => Promise.resolve(),
  };
  await using parking = await startParking('z13', forgetful);
  const move = { choice: 0, restart: false };

  const played = parking.play([
    { server: 0, ...move }, // build
    { server: 0, ...move }, // destroy
    { server: 1, ...move }, // build: the WWPNs are dealt out again
  ]);

  await expect(played).rejects.toThrow('sees the disk');
});
