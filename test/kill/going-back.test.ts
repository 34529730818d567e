/* The process is killed while it rolls back; the next process finishes. */
import { failing } from './flows.ts';
import { atEveryMoment } from './stage.ts';
import { everyNth, killTest } from './suite.ts';
import type { Setting } from './suite.ts';

const what = 'the next process completes the rollback of a killed process';

const settings: readonly (Setting & { readonly nth: number })[] = [
  { machine: 'z13', order: 'deferred', cinder: 'attachments', nth: 17 },
  { machine: 'z16', order: 'stock', cinder: 'attachments', nth: 21 },
  { machine: 'z13', order: 'stock', cinder: 'legacy', nth: 21 },
  { machine: 'z16', order: 'deferred', cinder: 'legacy', nth: 21 },
];

for (const { nth, ...setting } of settings) {
  const sample = everyNth(nth, 2);
  killTest(what, setting, failing(setting.cinder), {
    kills: (course) => {
      const turn = course.records.findIndex((record) => record.includes('/failed '));
      return sample(atEveryMoment(course, turn));
    },
  });
}
