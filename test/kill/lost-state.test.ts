import { journaled } from './flows.ts';
import { judgeWithoutState, loseState } from './lost-state.ts';
import { atEveryMoment } from './stage.ts';
import { everyNth, killTest } from './suite.ts';

for (const machine of ['z13', 'z16'] as const) {
  const sample = everyNth(13, machine === 'z13' ? 0 : 4);
  killTest(
    'with the state directory gone too, HMC and Cinder are enough to name everything and to delete it',
    { machine, order: 'deferred', cinder: 'attachments' },
    journaled,
    { kills: (course) => sample(atEveryMoment(course)), between: loseState, judge: judgeWithoutState },
  );
}
