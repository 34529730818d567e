import { journaled } from '../kill/flows.ts';
import { atEveryMoment } from '../kill/stage.ts';
import { killTest } from '../kill/suite.ts';

/** A share of test/kill. Points come in pairs (before and after a record), so an odd number goes through both. */
const SHARE = 25;

for (const machine of ['z13', 'z16'] as const) {
  killTest(
    'a process that is killed at a record of its journal leaves a clean slate to its successor',
    { machine, order: 'deferred', cinder: machine === 'z13' ? 'attachments' : 'legacy' },
    journaled,
    { kills: (course) => atEveryMoment(course).filter((_, index) => index % SHARE === Math.floor(SHARE / 2)) },
  );
}
