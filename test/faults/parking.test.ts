/* The fault matrix for a compute manager that unmaps volumes after destroy, as stock Nova does. */
import { it } from 'vitest';
import { checkMatrix } from './check.ts';
import { Sample } from './sample.ts';
import { parking } from './scenarios.ts';

const { park, spawnAgain, removeParked, attach, detach, attachInterface, detachInterface } = parking;

it.each(['z13', 'z16'] as const)(
  '%s, with a manager that unmaps after destroy: no masked WWPN is released, and each method can be repeated or undoes itself',
  { timeout: 3_600_000 },
  async (machine) => {
    await checkMatrix({
      title: `${machine}, parking`,
      world: { machine, withStock: true, reuseWwpns: true },
      scenarios: [park, spawnAgain, removeParked, attach, detach, attachInterface, detachInterface],
      sample: new Sample(undefined, 2),
    });
  },
);
