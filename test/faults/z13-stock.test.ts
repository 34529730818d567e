/*
 * The fault matrix on a z13 in Nova's stock order: each step and request fails in every way, and everything left
 * behind is named.
 */
import { it } from 'vitest';
import { checkMatrix } from './check.ts';
import { isStepOfDeferredOrder, Sample } from './sample.ts';
import { scenarios as s } from './scenarios.ts';

const sample = new Sample(isStepOfDeferredOrder);
const scenarios = [s.spawn, s.spawnStopped];
const again = [s.delete, s.attach, s.detach, s.attachStopped, s.detachStopped, s.start, s.stop, s.reboot];
const set = { 'dpm.spawn_order': 'stock' };

it('z13, stock order, attachments flow: nothing is left behind unnamed', { timeout: 3_600_000 }, async () => {
  const world = { machine: 'z13', set } as const;
  await checkMatrix({ title: 'z13, stock, attachments', world, scenarios, again, sample });
});

it('z13, stock order, legacy flow: nothing is left behind unnamed', { timeout: 3_600_000 }, async () => {
  const world = { machine: 'z13', set, cinder: { maxMicroversion: '3.43' } } as const;
  await checkMatrix({ title: 'z13, stock, legacy', world, scenarios, again, sample });
});
