import { it } from 'vitest';
import { checkMatrix } from './check.ts';
import { Sample } from './sample.ts';
import { localScenarios } from './scenarios.ts';

const timeout = 3_600_000;
const { host, partition } = localScenarios;
const old = { maxMicroversion: '3.43' };
/** All rows together would take hours; every one of the requests of two flows, of which most are the claims' of any flow. */
const sample = new Sample(undefined, 40);

it.each([
  { title: 'a Linux host, attachments flow', world: {}, scenarios: [host.attach, host.detach] },
  { title: 'a Linux host, legacy flow', world: { cinder: old }, scenarios: [host.attach, host.detach] },
  ...(['z13', 'z16'] as const).flatMap((machine) => [
    {
      title: `a partition of a ${machine}, attachments flow`,
      world: { machine },
      scenarios: [partition.attach, partition.detach],
    },
    {
      title: `a partition of a ${machine}, legacy flow`,
      world: { machine, cinder: old },
      scenarios: [partition.attach, partition.detach],
    },
  ]),
])('without Nova: $title: nothing is left behind unnamed', { timeout }, async ({ title, world, scenarios }) => {
  await checkMatrix({ title: `without Nova, ${title}`, world: { ...world, withHost: true }, scenarios, sample });
});
