import { expect, it } from 'vitest';
import { runSoak } from '../../scripts/soak/soak.ts';

it('85 servers in motion for three seconds end as if nothing had been', { timeout: 300_000 }, async () => {
  const options = { minutes: 0.05, seed: 20_261_121, machine: 'z13', flow: 'legacy', roundMinutes: 1 } as const;

  const tally = await runSoak({ ...options, print: () => undefined });

  console.log(tally.summary());
  expect(tally.problems).toEqual([]);
  expect(tally.rounds).toBe(1);
  expect(tally.strikes).toBeGreaterThan(0);
});
