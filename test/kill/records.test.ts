import { journaled } from './flows.ts';
import { atEveryMoment } from './stage.ts';
import { everyNth, killTest, someJournaled } from './suite.ts';
import type { Setting } from './suite.ts';

const what =
  'a process that is killed at any record of its journal or act of its driver leaves a clean slate to its successor';
const [build] = journaled;

/** Every n-th of the others, whose flows are the same in their greater part. */
const settings: readonly (Setting & { readonly nth: number })[] = [
  { machine: 'z13', order: 'deferred', cinder: 'attachments', nth: 1 },
  { machine: 'z13', order: 'deferred', cinder: 'legacy', nth: 17 },
  { machine: 'z16', order: 'deferred', cinder: 'attachments', nth: 11 },
  { machine: 'z16', order: 'deferred', cinder: 'legacy', nth: 19 },
];

for (const [turn, { nth, ...setting }] of settings.entries()) {
  const sample = everyNth(nth);
  const flows = nth === 1 ? journaled : someJournaled(turn);
  killTest(what, setting, flows, { kills: (course) => sample(atEveryMoment(course)), isWhole: nth === 1 });
}

for (const machine of ['z13', 'z16'] as const) {
  for (const [index, cinder] of (['attachments', 'legacy'] as const).entries()) {
    // In stock order only the build is another flow.
    const sample = everyNth(17, 3 + index);
    killTest(what, { machine, order: 'stock', cinder }, [build!], {
      kills: (course) => sample(atEveryMoment(course)),
    });
  }
}
