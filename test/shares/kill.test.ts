import { journaled } from '../kill/flows.ts';
import { atEveryMoment } from '../kill/stage.ts';
import { killTest } from '../kill/suite.ts';

/**
 * A share of test/kill: flows of volumes on both machines, each other flow on one of them. Points come in pairs (before and
 * after a record), so an odd number goes through both.
 */
const SHARE = 25;
const onBoth = 4;

for (const [index, machine] of (['z13', 'z16'] as const).entries()) {
  killTest(
    'a process that is killed at a record of its journal leaves a clean slate to its successor',
    { machine, order: 'deferred', cinder: machine === 'z13' ? 'attachments' : 'legacy' },
    journaled.filter((_, at) => at < onBoth || at % 2 === index),
    {
      kills: (course) => {
        const moments = atEveryMoment(course);
        const stride = Math.min(SHARE, moments.length);
        return moments.filter((_, at) => at % stride === Math.floor(stride / 2));
      },
    },
  );
}
