import { restartPeers } from './between.ts';
import { power } from './flows.ts';
import { atEveryAnswer } from './stage.ts';
import { everyNth, killTest } from './suite.ts';

const setting = { order: 'deferred', cinder: 'attachments' } as const;
const halfway =
  'a process that is killed at any answer during a power verb leaves a server that its successor can name';
const inJob = 'a start or stop goes on at the HMC when process and HMC are gone, and the successor waits for its end';

for (const machine of ['z13', 'z16'] as const) {
  const sample = everyNth(machine === 'z13' ? 5 : 7);
  killTest(halfway, { ...setting, machine }, power, { kills: (course) => sample(atEveryAnswer(course)) });

  // The job outlives the successor's first look.
  const timing = { startMs: 400, stopMs: 400 };
  const begun = ['/operations/start', '/operations/stop'].map((path) => ({ at: 'answer', index: 0, path }) as const);
  for (const flow of power) {
    const kills = begun.filter(({ path }) => flow.name === 'reboot' || path.endsWith(`/${flow.name}`));
    killTest(inJob, { ...setting, machine, timing }, [flow], { kills: () => kills, between: restartPeers });
  }
}
