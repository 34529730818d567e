import type { FaultKind } from '../../src/simulator/index.ts';

const again = { 'Retry-After': '0' };

const common: readonly FaultKind[] = [
  { type: 'drop', when: 'before' },
  { type: 'drop', when: 'after' },
  { type: 'refuse-connection' },
  { type: 'delay', ms: 5, when: 'before' },
  { type: 'truncate' },
  { type: 'malformed' },
  { type: 'html' },
  { type: 'wrong-schema' },
  { type: 'session-lost' },
  { type: 'restart' },
  { type: 'refuse', status: 400 },
  { type: 'refuse', status: 503, headers: again },
];

/**
 * What any request of a server can meet, and plain means put right. Not a 404 for what is there, which no client can
 * tell from the truth, nor a volume that stays on its way for ever, which waits for an administrator: the fault matrix
 * has both, with what must be said of them.
 */
export const faultKinds: Readonly<Record<'hmc' | 'cinder' | 'keystone', readonly FaultKind[]>> = {
  hmc: [
    ...common,
    { type: 'refuse', status: 403, reason: 1 },
    { type: 'refuse', status: 409, reason: 1 },
    { type: 'refuse', status: 409, reason: 2 },
    { type: 'refuse', status: 500, reason: 12, effect: 'done' },
  ],
  cinder: [
    ...common,
    { type: 'refuse', status: 409 },
    { type: 'refuse', status: 413, headers: again },
    { type: 'refuse', status: 429, headers: again },
    { type: 'refuse', status: 500, effect: 'done' },
    { type: 'backend-error', effect: 'none' },
    { type: 'backend-error', effect: 'done' },
  ],
  keystone: [...common, { type: 'refuse', status: 500 }],
};

/** What only a start or a stop of a partition can meet. */
export const powerFaultKinds: readonly FaultKind[] = [
  { type: 'job', outcome: 'failed', status: 409, reason: 1 },
  { type: 'job', outcome: 'canceled' },
  { type: 'job', outcome: 'lost', effect: 'done' },
  { type: 'status', end: 'stalled' },
  { type: 'status', end: 'paused' },
  { type: 'status', end: 'terminated' },
  { type: 'status', end: 'degraded' },
  { type: 'status', end: 'reservation-error' },
];

/** Statuses are what a start ends in; jobs that go wrong are shown with a stop. */
export function powerOperation(kind: FaultKind): 'Start Partition' | 'Stop Partition' {
  return kind.type === 'status' ? 'Start Partition' : 'Stop Partition';
}
