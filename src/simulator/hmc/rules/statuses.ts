import { isTrue, textOf } from '../model/json.ts';
import type { Resource } from '../model/model.ts';

// Sources: Partition object data model of the WS API book; zhmc-ansible-modules issues 29, 474 and 642.

/** All statuses of a partition (IBM WS API, Partition object: Data model, Z16M-A01). */
const partitionStatuses: readonly string[] = [
  'communications-not-active',
  'status-check',
  'stopped',
  'terminated',
  'starting',
  'active',
  'stopping',
  'degraded',
  'reservation-error',
  'paused',
];

/** Filters of lists of partitions: only values that the property can have (IBM WS API, List Partitions of a CPC, Z16M-A01). */
export const statusFilter = { kind: 'exact', values: partitionStatuses } as const;
export const booleanFilter = { kind: 'exact', values: ['true', 'false'] } as const;
export const typeFilter = { kind: 'exact', values: ['linux', 'ssc', 'zvm'] } as const;

/** Partition statuses on the way to another. */
export const transitionalStatuses: readonly string[] = ['starting', 'stopping'];

/** Statuses from which Start works. */
export const startableStatuses: readonly string[] = ['stopped', 'reservation-error'];

/** Statuses in which Stop works. */
export const stoppableStatuses: readonly string[] = ['active', 'degraded', 'paused', 'terminated'];

/** Statuses in which Delete works. */
export const deletableStatuses: readonly string[] = ['stopped', 'reservation-error'];

/** Statuses in which PSW Restart works. */
export const pswRestartableStatuses: readonly string[] = ['active', 'paused', 'terminated'];

/** Statuses in which a dump can be taken. */
export const dumpableStatuses: readonly string[] = ['active', 'degraded', 'paused', 'terminated'];

/** CPC statuses in which partitions can be worked with; nova-dpm and zhmcclient agree on these. */
export const usableCpcStatuses: readonly string[] = ['active', 'service-required', 'degraded', 'exceptions'];

/** The status of a resource. */
export function statusOf(resource: Resource): string {
  return textOf(resource.props, 'status');
}

/** Whether the partition holds processors, memory and adapter capacity. */
export function holdsResources(partition: Resource): boolean {
  return !startableStatuses.includes(statusOf(partition)) || reservesWhileStopped(partition);
}

function reservesWhileStopped(partition: Resource): boolean {
  return statusOf(partition) === 'stopped' && isTrue(partition.props, 'reserve-resources');
}

/** Whether properties that only an inactive partition may change are frozen. */
export function isActivated(partition: Resource): boolean {
  return !startableStatuses.includes(statusOf(partition));
}
