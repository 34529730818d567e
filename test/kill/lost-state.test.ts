/*
 * The process is killed and its state directory is lost; HMC and Cinder have enough data to list and delete
 * everything.
 */
import { journaled } from './flows.ts';
import { judgeWithoutState, loseState } from './lost-state.ts';
import { atEveryMoment } from './stage.ts';
import { everyNth, killTest } from './suite.ts';

for (const machine of ['z13', 'z16'] as const) {
  const sample = everyNth(13, machine === 'z13' ? 0 : 4);
  killTest(
    'without the state directory, HMC and Cinder have enough data to list and delete everything',
    { machine, order: 'deferred', cinder: 'attachments' },
    journaled,
    { kills: (course) => sample(atEveryMoment(course)), between: loseState, judge: judgeWithoutState },
  );
}
