import { expect, it } from 'vitest';
import { driverHeap, managerHeap } from '../../bench/heap.ts';

/**
 * A small share of what `npm run bench` shows with 3,000 cycles. Code that is compiled and the bounded history of instances
 * that are gone take some room at first; what is kept of each cycle for good would take more.
 */
const SOME_ROOM = 3 * 1_048_576;

it.each(['z13', 'z16'] as const)(
  'on a %s the heap of a driver is the same after many spawns and destroys as after few',
  async (machine) => {
    const { first, last } = await driverHeap(30, 200, machine);

    expect(last - first).toBeLessThan(SOME_ROOM);
  },
);

it('the heap of a compute manager is the same after many creates and deletes as after few', async () => {
  const { first, last } = await managerHeap(20, 100);

  expect(last - first).toBeLessThan(SOME_ROOM);
});
