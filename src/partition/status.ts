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
/** Stop is accepted in these; elsewhere 409.1. Source: zhmc-ansible-modules issue 474 (z13-era books omit `degraded`). */
export const stoppableStatuses = table('active', 'degraded', 'paused', 'terminated');
/** Delete is accepted in these; `terminated` still holds resources. Source: zhmc-ansible-modules issues 29, 474 and 642. */
export const deletableStatuses = table('stopped', 'reservation-error');
/** Running, perhaps with some I/O missing. Source: IBM WS API, Partition object: Data model, Z16M-A01. */
export const runningStatuses = table('active', 'degraded');
/** Activated, but nothing runs: the load has failed. Source: zhmc-ansible-modules common.py and issue 103. */
export const loadFailedStatuses = table('paused', 'terminated');
/** Changing to another status. Source: IBM WS API, Partition object: Data model, Z16M-A01. */
export const transitionalStatuses = table('starting', 'stopping');
/** The partition holds processors and memory. Source: zhmc-ansible-modules issue 642. */
export const resourceHoldingStatuses = table('starting', 'active', 'degraded', 'paused', 'terminated', 'stopping');
/** The real status is unknown; do not act on these. Source: zhmc-ansible-modules module_utils/common.py. */
export const unknowableStatuses = table('communications-not-active', 'status-check');

/**
 * Whether adapters may count the connections of this partition as used. A stopped partition releases them, unless it reserves
 * its resources. Source: IBM WS API, Partition object: Data model, Z16M-A01 (`stopped`, `reserve-resources`).
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
  // The guest has shut itself down; a user cannot pause a partition.
  paused: 'shutdown',
  'reservation-error': 'shutdown',
  terminated: 'crashed',
  starting: 'nostate',
  stopping: 'nostate',
  'communications-not-active': 'nostate',
  'status-check': 'nostate',
};

/** Returns Nova's power state for a partition status; `nostate`, which Nova ignores, for an unknown one. */
export function powerStateOf(status: string): PowerState {
  return Object.hasOwn(powerStates, status) ? powerStates[status as PartitionStatus] : 'nostate';
}
