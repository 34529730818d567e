import { it } from 'vitest';
import { checkMatrix } from './check.ts';
import { Sample } from './sample.ts';
import { parking } from './scenarios.ts';

const { park, spawnAgain, removeParked, attach, detach } = parking;

it.each(['z13', 'z16'] as const)(
  '%s, with a manager that unmaps after a destroy: no port is given up that is masked, and each verb can be called again or undoes itself',
  { timeout: 3_600_000 },
  async (machine) => {
    await checkMatrix({
      title: `${machine}, parking`,
      world: { machine, withStock: true, reuseWwpns: true },
      scenarios: [park, spawnAgain, removeParked, attach, detach],
      sample: new Sample(undefined, 2),
    });
  },
);
