/* The process is killed during start, stop or reboot; the next process can describe the server and work on it. */
import { restartPeers } from './between.ts';
import { power } from './flows.ts';
import { atEveryAnswer } from './stage.ts';
import { everyNth, killTest } from './suite.ts';

const setting = { order: 'deferred', cinder: 'attachments' } as const;
const halfway = 'the next process can describe a server whose start, stop or reboot was killed at any answer';
const inJob = 'the next process waits for a start or stop that continues at the HMC after a kill and a restart';

for (const machine of ['z13', 'z16'] as const) {
  const sample = everyNth(machine === 'z13' ? 7 : 9);
  killTest(halfway, { ...setting, machine }, power, { kills: (course) => sample(atEveryAnswer(course)) });

  // The job outlives the successor's first look.
  const timing = { startMs: 400, stopMs: 400 };
  const begun = ['/operations/start', '/operations/stop'].map((path) => ({ at: 'answer', index: 0, path }) as const);
  for (const flow of power) {
    const kills = begun.filter(
      ({ path }) => flow.name === 'reboot' || path.endsWith(`/${flow.name.split(' ').at(-1)}`),
    );
    killTest(inJob, { ...setting, machine, timing }, [flow], { kills: () => kills, between: restartPeers });
  }
}
