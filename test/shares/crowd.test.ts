import { expect, it } from 'vitest';
import { runRounds } from '../crowd/run-rounds.ts';

/** A share of test/crowd, which has ten rounds, the first of 85. */
const SIZES = [20];

it.each(['z13', 'z16'])(
  'on a %s, 20 servers are spawned at once and deleted at once under faults, and nothing is left',
  { timeout: 300_000 },
  async (machine) => {
    const rounds = await runRounds(machine, SIZES);

    expect(rounds.map(({ size }) => size)).toEqual(SIZES);
    for (const round of rounds) {
      expect(round).toMatchObject({ problems: [], findings: [], isAsBefore: true });
      expect(round.seen).toEqual({ partitions: round.active, masks: round.active });
      expect(round.active).toBeGreaterThan(round.size / 2);
      expect(round.struck).toBeGreaterThan(0);
    }
  },
);
