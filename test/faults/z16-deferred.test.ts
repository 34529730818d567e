/*
 * The fault matrix on a z16 in the deferred order: each step and request fails in every way, and everything left
 * behind is named.
 */
import { it } from 'vitest';
import { checkMatrix } from './check.ts';
import { isShownOnOtherMachine, Sample } from './sample.ts';
import { scenarios as s } from './scenarios.ts';

const sample = new Sample(isShownOnOtherMachine);
const scenarios = [s.spawn, s.delete, s.attach, s.detach, s.attachStopped, s.detachStopped, s.start, s.stop, s.reboot];

it('z16, deferred order, attachments flow: nothing is left behind unnamed', { timeout: 3_600_000 }, async () => {
  await checkMatrix({ title: 'z16, deferred, attachments', world: { machine: 'z16' }, scenarios, sample });
});

it('z16, deferred order, legacy flow: nothing is left behind unnamed', { timeout: 3_600_000 }, async () => {
  const world = { machine: 'z16', cinder: { maxMicroversion: '3.43' } } as const;
  await checkMatrix({ title: 'z16, deferred, legacy', world, scenarios, sample });
});
