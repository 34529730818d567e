import { expect, it } from 'vitest';
import { driverCosts } from '../../bench/driver.ts';

/** The requests of an open driver are counted, not timed: no figure depends on the machine. */

it.each(['z13', 'z16'] as const)(
  'on a %s no driver method needs more HMC requests than its limit, with few or many partitions',
  async (machine) => {
    const few = await driverCosts(machine, 1);
    const many = await driverCosts(machine, 12);

    for (const [verb, { requests, inSequence, most }] of Object.entries(few)) {
      expect(requests, verb).toBeLessThanOrEqual(most.requests);
      expect(inSequence, verb).toBeLessThanOrEqual(most.inSequence);
    }
    expect(many).toEqual(few);
  },
);
