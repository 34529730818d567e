/*
 * The fault matrix on a z13 in the deferred order: each step and request fails in every way, and everything left
 * behind is named.
 */
import { it } from 'vitest';
import { checkMatrix } from './check.ts';
import { Sample } from './sample.ts';
import { scenarios as s } from './scenarios.ts';

const sample = new Sample();
const volumes = [s.attach, s.detach, s.attachStopped, s.detachStopped];
const scenarios = [s.spawn, s.delete, ...volumes, s.start, s.stop, s.reboot, s.resize, s.setProperties];

it('z13, deferred order, attachments flow: nothing is left behind unnamed', { timeout: 3_600_000 }, async () => {
  await checkMatrix({ title: 'z13, deferred, attachments', world: { machine: 'z13' }, scenarios, sample });
});

it('z13, deferred order, legacy flow: nothing is left behind unnamed', { timeout: 3_600_000 }, async () => {
  const world = { machine: 'z13', cinder: { maxMicroversion: '3.43' } } as const;
  await checkMatrix({ title: 'z13, deferred, legacy', world, scenarios, sample });
});
