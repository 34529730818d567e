import { it } from 'vitest';
import { checkMatrix } from './check.ts';
import { Sample } from './sample.ts';
import { localScenarios } from './scenarios.ts';

const timeout = 3_600_000;
const { host, partition } = localScenarios;
const old = { maxMicroversion: '3.43' };
/** All rows take an hour; and what is asked of HMC and Cinder here, the claims and storage of servers ask too. */
const ofHost = new Sample(undefined, 25);
const ofPartition = new Sample(undefined, 80);

it.each([
  { title: 'a Linux host, attachments flow', world: {}, scenarios: [host.attach, host.detach], sample: ofHost },
  {
    title: 'a Linux host, legacy flow',
    world: { cinder: old },
    scenarios: [host.attach, host.detach],
    sample: ofHost,
  },
  ...(['z13', 'z16'] as const).flatMap((machine) => [
    {
      title: `a partition of a ${machine}, attachments flow`,
      world: { machine },
      scenarios: [partition.attach, partition.detach],
      sample: ofPartition,
    },
    {
      title: `a partition of a ${machine}, legacy flow`,
      world: { machine, cinder: old },
      scenarios: [partition.attach, partition.detach],
      sample: ofPartition,
    },
  ]),
])('without Nova: $title: nothing is left behind unnamed', { timeout }, async ({ title, world, ...what }) => {
  await checkMatrix({ title: `without Nova, ${title}`, world: { ...world, withHost: true }, ...what });
});
