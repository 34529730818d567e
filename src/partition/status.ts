/**
 * Statuses of a partition in IBM's data model (Partition object: Data model, Z16M-A01); an HMC may report others,
 * which belong to none of the tables.
 */
export const partitionStatuses = [
  'stopped',
  'starting',
  'active',
  'degraded',
  'paused',
  'terminated',
  'stopping',
  'reservation-error',
  'communications-not-active',
  'status-check',
] as const;

export type PartitionStatus = (typeof partitionStatuses)[number];

/** Nova's power states, in its words. Source: nova objects/fields.py and compute/power_state.py. */
export type PowerState = 'nostate' | 'running' | 'paused' | 'shutdown' | 'crashed' | 'suspended';

const table = (...statuses: PartitionStatus[]): ReadonlySet<string> => new Set(statuses);

/** Start is accepted in these. Source: zhmc-ansible-modules issues 29, 474 and 642. */
export const startableStatuses = table('stopped', 'reservation-error');
/**
 * Stop is accepted in these; elsewhere 409.1. Source: zhmc-ansible-modules issue 474 (z13-era books leave `degraded`
 * out).
 */
export const stoppableStatuses = table('active', 'degraded', 'paused', 'terminated');
/**
 * Delete is accepted in these; `terminated` still holds resources. Source: zhmc-ansible-modules issues 29, 474 and
 * 642.
 */
export const deletableStatuses = table('stopped', 'reservation-error');
/** Running, perhaps with some I/O missing. Source: IBM WS API, Partition object: Data model, Z16M-A01. */
export const runningStatuses = table('active', 'degraded');
/** Activated, and nothing runs: after a start, its load has failed. Source: zhmc-ansible-modules common.py and issue 103. */
export const loadFailedStatuses = table('paused', 'terminated');
/** On the way to another status. Source: IBM WS API, Partition object: Data model, Z16M-A01. */
export const transitionalStatuses = table('starting', 'stopping');
/** Processors and memory are taken. Source: zhmc-ansible-modules issue 642. */
export const resourceHoldingStatuses = table('starting', 'active', 'degraded', 'paused', 'terminated', 'stopping');
/** Nobody can tell; acting on these would be guessing. Source: zhmc-ansible-modules module_utils/common.py. */
export const unknowableStatuses = table('communications-not-active', 'status-check');

/**
 * Can its adapters count the connections of this partition as used? Those that rest give them back, unless they reserve what
 * they have while they are stopped. Source: IBM WS API, Partition object: Data model, Z16M-A01 (`stopped`, `reserve-resources`).
 */
export function mayUseAdapters(partition: {
  readonly status: string;
  readonly reserveResources?: boolean | undefined;
}) {
  const { status, reserveResources = false } = partition;
  return !deletableStatuses.has(status) || (status === 'stopped' && reserveResources);
}

const powerStates: Readonly<Record<PartitionStatus, PowerState>> = {
  active: 'running',
  degraded: 'running',
  stopped: 'shutdown',
  // The guest has shut itself down; nothing executes. A user cannot pause a partition.
  paused: 'shutdown',
  'reservation-error': 'shutdown',
  terminated: 'crashed',
  starting: 'nostate',
  stopping: 'nostate',
  'communications-not-active': 'nostate',
  'status-check': 'nostate',
};

/** Nova's power state for a partition status; what is unknown is `nostate`, which Nova leaves alone. */
export function powerStateOf(status: string): PowerState {
  return Object.hasOwn(powerStates, status) ? powerStates[status as PartitionStatus] : 'nostate';
}
