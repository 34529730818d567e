import { it } from 'vitest';
import { checkMatrix } from '../faults/check.ts';
import { Sample } from '../faults/sample.ts';
import { scenarios } from '../faults/scenarios.ts';

/** A share of test/faults: each step once, and one of so many requests and faults. */
const SHARE = 40;

it(
  'z13, deferred order: whatever fails in a spawn or an attach, nothing is left behind unnamed',
  {
    timeout: 600_000,
  },
  async () => {
    await checkMatrix({
      title: 'z13, a share',
      world: { machine: 'z13' },
      scenarios: [scenarios.spawn, scenarios.attach],
      sample: new Sample(undefined, SHARE),
    });
  },
);

it(
  'z16, stock order: whatever fails in a spawn or a delete, nothing is left behind unnamed',
  {
    timeout: 600_000,
  },
  async () => {
    await checkMatrix({
      title: 'z16, a share',
      world: { machine: 'z16', set: { 'dpm.spawn_order': 'stock' } },
      scenarios: [scenarios.spawn, scenarios.delete],
      sample: new Sample(undefined, SHARE),
    });
  },
);
