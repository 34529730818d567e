/* The process is killed, and HMC or Cinder restart or are unreachable when the next process starts. */
import { comeWithoutCinder, comeWithoutHmc, restartPeers } from './between.ts';
import { atEveryAnswer, atEveryMoment } from './stage.ts';
import { everyNth, isFull, killTest, someJournaled } from './suite.ts';

const rows = [
  {
    what: 'the next process leaves nothing behind although HMC and Cinder restarted',
    between: restartPeers,
    nth: 31,
  },
  {
    what: 'the next process reports an unreachable HMC, changes nothing, and a later one finishes',
    between: comeWithoutHmc,
    nth: 41,
  },
  {
    what: 'the next process names what it cannot roll back without Cinder, and a later one rolls it back',
    between: comeWithoutCinder,
    nth: 37,
  },
];

const machines = ['z13', 'z16'] as const;

for (const [index, { what, between, nth }] of rows.entries()) {
  // What it takes to open a world and to learn its courses is most of what a share costs: one machine for each row.
  for (const machine of isFull ? machines : machines.slice(index % 2, (index % 2) + 1)) {
    const sample = everyNth(nth, 2 * index + 1);
    const setting = { machine, order: 'deferred', cinder: machine === 'z13' ? 'attachments' : 'legacy' } as const;
    killTest(what, setting, someJournaled(index), { between, kills: (course) => sample(atEveryMoment(course)) });
  }
}

for (const [turn, machine] of machines.entries()) {
  const sample = everyNth(23, 2);
  killTest(
    'a process that is killed with an answer unread leaves what its successor asks for itself',
    { machine, order: 'deferred', cinder: 'attachments' },
    someJournaled(turn + 2),
    { kills: (course) => sample(atEveryAnswer(course)), between: restartPeers },
  );
}
