/*
 * The process is killed and its state directory is lost; HMC and Cinder have enough data to list and delete
 * everything.
 */
import { judgeWithoutState, loseState } from './lost-state.ts';
import { atEveryMoment } from './stage.ts';
import { everyNth, killTest, someJournaled } from './suite.ts';

for (const [turn, machine] of (['z13', 'z16'] as const).entries()) {
  const sample = everyNth(21, machine === 'z13' ? 0 : 4);
  killTest(
    'without the state directory, HMC and Cinder have enough data to list and delete everything',
    { machine, order: 'deferred', cinder: 'attachments' },
    someJournaled(turn),
    { kills: (course) => sample(atEveryMoment(course)), between: loseState, judge: judgeWithoutState },
  );
}
