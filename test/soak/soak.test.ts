import { expect, it } from 'vitest';
import { runSoak } from '../../scripts/soak/soak.ts';

it(
  '85 servers in motion under faults, kills and restarts end as if nothing had been',
  { timeout: 180_000 },
  async () => {
    const options = { minutes: 0.25, seed: 20_261_121, machine: 'z16', flow: 'attachments', roundMinutes: 1 } as const;

    const tally = await runSoak({ ...options, print: (line) => console.log(line) });

    console.log(tally.summary());
    expect(tally.problems).toEqual([]);
    expect(tally.kills).toBeGreaterThan(0);
    expect(tally.strikes).toBeGreaterThan(0);
  },
);
