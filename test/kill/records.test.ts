import { journaled } from './flows.ts';
import { atEachMoment, atEveryMoment } from './stage.ts';
import { everyNth, killTest, someJournaled } from './suite.ts';
import type { Setting } from './suite.ts';

const what =
  'a process that is killed at any record of its journal or act of its driver leaves a clean slate to its successor';
const [build] = journaled;

/** The setting that leaves out nothing of the flows of a server, its volumes and networks, and few moments of the others. */
const first: Setting = { machine: 'z13', order: 'deferred', cinder: 'attachments' };
const [whole, others] = [journaled.slice(0, 6), journaled.slice(6)];
const everyNinth = everyNth(9);

killTest(`${what}, at every moment`, first, whole, { kills: (course) => atEachMoment(course), isWhole: true });
killTest(what, first, others, { kills: (course) => everyNinth(atEveryMoment(course)) });

/** Every n-th of the others, whose flows are the same in their greater part. */
const settings: readonly (Setting & { readonly nth: number })[] = [
  { machine: 'z13', order: 'deferred', cinder: 'legacy', nth: 31 },
  { machine: 'z16', order: 'deferred', cinder: 'attachments', nth: 17 },
  { machine: 'z16', order: 'deferred', cinder: 'legacy', nth: 29 },
];

for (const [turn, { nth, ...setting }] of settings.entries()) {
  const sample = everyNth(nth);
  killTest(what, setting, someJournaled(turn), { kills: (course) => sample(atEveryMoment(course)) });
}

for (const machine of ['z13', 'z16'] as const) {
  for (const [index, cinder] of (['attachments', 'legacy'] as const).entries()) {
    // In stock order only the build is another flow.
    const sample = everyNth(29, 3 + index);
    killTest(what, { machine, order: 'stock', cinder }, [build!], {
      kills: (course) => sample(atEveryMoment(course)),
    });
  }
}
