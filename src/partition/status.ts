/** Nova's power states, in its words. Source: nova objects/fields.py and compute/power_state.py. */
export type PowerState = 'nostate' | 'running' | 'paused' | 'shutdown' | 'crashed' | 'suspended';

/** What a verb does first with a partition in a status; `wait` is followed by what the next status demands. */
type StartAction = 'start' | 'stop, then start' | 'nothing' | 'wait' | 'refuse';
type StopAction = 'stop' | 'nothing' | 'wait' | 'refuse';
type DeleteAction = 'delete' | 'stop, then delete' | 'wait' | 'refuse';

const verbs = (power: PowerState, start: StartAction, stop: StopAction, remove: DeleteAction) =>
  ({ power, start, stop, delete: remove }) as const;

/**
 * What the verbs do with a partition in each status of IBM's data model; they refuse any other status. docs/power.md prints this
 * table. A user cannot pause a partition: `paused` means that the guest has shut itself down. In `communications-not-active`
 * and `status-check`, the HMC does not know the real status. Delete is not accepted in `terminated`, which still holds resources.
 *
 * Source: IBM WS API, Partition object: Data model, Z16M-A01; zhmc-ansible-modules issues 29, 474 and 642 (z13-era books omit
 * `degraded`), module_utils/common.py.
 */
export const verbsByStatus = {
  stopped: verbs('shutdown', 'start', 'nothing', 'delete'),
  'reservation-error': verbs('shutdown', 'start', 'nothing', 'delete'),
  starting: verbs('nostate', 'wait', 'wait', 'wait'),
  active: verbs('running', 'nothing', 'stop', 'stop, then delete'),
  degraded: verbs('running', 'nothing', 'stop', 'stop, then delete'),
  paused: verbs('shutdown', 'stop, then start', 'stop', 'stop, then delete'),
  terminated: verbs('crashed', 'stop, then start', 'stop', 'stop, then delete'),
  stopping: verbs('nostate', 'wait', 'wait', 'wait'),
  'communications-not-active': verbs('nostate', 'refuse', 'refuse', 'refuse'),
  'status-check': verbs('nostate', 'refuse', 'refuse', 'refuse'),
} as const;

export type PartitionStatus = keyof typeof verbsByStatus;
export const partitionStatuses = Object.keys(verbsByStatus) as readonly PartitionStatus[]; // keys are typed as string

const having = (test: (of: ReturnType<typeof verbs>) => boolean): ReadonlySet<string> =>
  new Set(partitionStatuses.filter((status) => test(verbsByStatus[status])));

export const startableStatuses = having(({ start }) => start === 'start');
export const stoppableStatuses = having(({ stop }) => stop === 'stop');
export const deletableStatuses = having((of) => of.delete === 'delete');
/** Running, perhaps with some I/O missing. */
export const runningStatuses = having(({ start }) => start === 'nothing');
/** Activated, but nothing runs: the load has failed. Source: zhmc-ansible-modules common.py and issue 103. */
export const loadFailedStatuses = having(({ start }) => start === 'stop, then start');
export const transitionalStatuses = having(({ start }) => start === 'wait');
/** The real status is unknown; do not act on these. */
export const unknowableStatuses = having(({ start }) => start === 'refuse');
/** The partition holds processors and memory. Source: zhmc-ansible-modules issue 642. */
export const resourceHoldingStatuses = having(({ stop }) => stop === 'stop' || stop === 'wait');

/**
 * Whether the partition may hold processors, memory and connections of adapters. A stopped partition releases them, unless it reserves
 * its resources. Source: IBM WS API, Partition object: Data model, Z16M-A01 (`stopped`, `reserve-resources`).
 */
export function mayHoldResources(partition: {
  readonly status: string;
  readonly reserveResources?: boolean | undefined;
}) {
  const { status, reserveResources = false } = partition;
  return !deletableStatuses.has(status) || (status === 'stopped' && reserveResources);
}

/** Returns Nova's power state for a partition status; `nostate`, which Nova ignores, for an unknown one. */
export function powerStateOf(status: string): PowerState {
  return Object.hasOwn(verbsByStatus, status) ? verbsByStatus[status as PartitionStatus].power : 'nostate';
}
