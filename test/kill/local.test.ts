/* The process is killed during a local attach or detach; the next process finishes or rolls back. */
import { local } from './flows.ts';
import { atEachMoment, atEveryMoment } from './stage.ts';
import { everyNth, killTest } from './suite.ts';

const what =
  'a process that is killed while it gives a volume to a partition without Nova, or takes it away, has a successor that ends it';

for (const machine of ['z13', 'z16'] as const) {
  const isWhole = machine === 'z13';
  const sample = everyNth(9);
  const setting = {
    machine,
    order: 'deferred',
    cinder: machine === 'z13' ? 'attachments' : 'legacy',
    withPayroll: true,
  } as const;
  killTest(what, setting, local, {
    kills: (course) => (isWhole ? atEachMoment(course) : sample(atEveryMoment(course))),
    isWhole,
  });
}
