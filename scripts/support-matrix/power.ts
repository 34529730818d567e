import { verbsByStatus } from '../../src/partition/index.ts';
import type { PartitionStatus } from '../../src/partition/status.ts';

/** Source: IBM WS API, Partition object: Data model, Z16M-A01. */
const meanings: Readonly<Record<PartitionStatus, string>> = {
  stopped: 'the partition is not started',
  'reservation-error': 'the last start failed, because the CPC lacked processors, memory or adapter capacity',
  starting: 'a start is running',
  active: 'the operating system runs',
  degraded: 'the operating system runs, but an adapter or a LUN of the partition is missing',
  paused: 'the guest has shut itself down, or its load failed',
  terminated: 'the guest has crashed, or its load failed',
  stopping: 'a stop is running',
  'communications-not-active': 'the HMC has no connection to the CPC',
  'status-check': 'the CPC does not answer the HMC',
};

/** Returns the page docs/power.md. */
export function renderPower(): string {
  const rows = Object.entries(verbsByStatus).map(([status, { power, start, stop, delete: remove }]) => {
    const reboot = stop === 'stop' ? 'stop, then start' : start;
    const meaning = meanings[status as PartitionStatus]; // the keys of the table are the statuses
    return `| \`${status}\` | ${meaning} | \`${power}\` | ${start} | ${stop} | ${reboot} | ${remove} |`;
  });
  return [
    '<!-- Written by `npm run tables`: change src/partition/status.ts or scripts/support-matrix/power.ts instead. -->',
    '',
    '# Start, stop and delete, by partition status',
    '',
    'What `dpm server start`, `stop`, `reboot` and `delete` do first depends on the status of the partition on the HMC, which',
    '`dpm server show` prints as `partition_status`. The driver uses this table, and a test compares each cell with what the driver',
    'does on the simulator.',
    '',
    '| Status on the HMC | Meaning | `power_state` | start | stop | reboot | delete |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
    '- **nothing**: the command succeeds without a change.',
    '- **wait**: the command waits until the partition has another status, then does what that status demands.',
    '- **refuse**: the command fails, names the status, and changes nothing, because the HMC does not know whether the partition',
    '  runs. Run the command again when the HMC shows another status.',
    '- `dpm server stop --soft` asks the guest to shut down, and stops the partition by force if the guest does not end in time.',
    '- A partition in any other status is refused too. Its `power_state` is `nostate`, which Nova ignores.',
    '- `resume_state_on_host_boot` of the driver is a start.',
    '',
    "A user cannot pause a partition: Nova's verbs `pause` and `suspend` are refused ([support matrix](support-matrix.md)).",
    '',
  ].join('\n');
}
