/*
 * The fault matrix on a z16 in Nova's stock order: each step and request fails in every way, and everything left
 * behind is named.
 */
import { it } from 'vitest';
import { checkMatrix } from './check.ts';
import { isShownOnOtherMachine, isStepOfDeferredOrder, Sample } from './sample.ts';
import { scenarios as s } from './scenarios.ts';

const sample = new Sample((draft) => isStepOfDeferredOrder(draft) || isShownOnOtherMachine(draft));
const scenarios = [s.spawn, s.spawnStopped];
const again = [s.delete, s.attach, s.detach, s.attachStopped, s.detachStopped, s.start, s.stop, s.reboot];
const set = { 'dpm.spawn_order': 'stock' };

it('z16, stock order, attachments flow: nothing is left behind unnamed', { timeout: 3_600_000 }, async () => {
  const world = { machine: 'z16', set } as const;
  await checkMatrix({ title: 'z16, stock, attachments', world, scenarios, again, sample });
});

it('z16, stock order, legacy flow: nothing is left behind unnamed', { timeout: 3_600_000 }, async () => {
  const world = { machine: 'z16', set, cinder: { maxMicroversion: '3.43' } } as const;
  await checkMatrix({ title: 'z16, stock, legacy', world, scenarios, again, sample });
});
