/* The fault matrix for networks of servers. */
import { it } from 'vitest';
import { checkMatrix } from './check.ts';
import { Sample } from './sample.ts';
import { scenarios } from './scenarios.ts';

const sample = new Sample(undefined, 3);

it.each(['z13', 'z17'] as const)(
  '%s, attach and detach of a network: no NIC is left behind unnamed',
  { timeout: 3_600_000 },
  async (machine) => {
    await checkMatrix({
      title: `${machine}, networks`,
      world: { machine },
      scenarios: [scenarios.attachNetwork, scenarios.detachNetwork],
      sample,
    });
  },
);
