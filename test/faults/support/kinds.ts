import type { FaultKind, FaultRule } from '../../../src/simulator/index.ts';
import type { Strike } from './strikes.ts';

type PeerFault = Pick<FaultRule, 'server' | 'operation' | 'kind'> & { readonly times: number };

/** One way in which a request can go wrong. */
export interface Fault {
  readonly kind: FaultKind;
  /** Whose operation is struck, when it is not the request itself but what it causes. */
  readonly at?: Pick<FaultRule, 'server' | 'operation'>;
  /** What fails beside it: the logon that a lost session asks for. */
  readonly also?: PeerFault;
  /** It ends only with a deadline: the manager gets short ones. */
  readonly isSlow?: boolean;
  /** Once, or at every repeat of the request. */
  readonly times: 'once' | 'for good';
}

const [once, forGood] = ['once', 'for good'] as const;

const eachWay = (kinds: readonly FaultKind[]): readonly Fault[] =>
  kinds.flatMap((kind) => [
    { kind, times: once },
    { kind, times: forGood },
  ]);

/** Longer than any deadline of an impatient manager. */
export const LATE_MS = 2_000;

/** What any peer's request can meet between the two programs. */
const connection: readonly FaultKind[] = [
  { type: 'drop', when: 'before' },
  { type: 'drop', when: 'after' },
  { type: 'refuse-connection' },
  { type: 'truncate' },
  { type: 'malformed' },
  { type: 'html' },
  { type: 'wrong-schema' },
  { type: 'session-lost' },
  { type: 'restart' },
];

const late: readonly Fault[] = [
  { kind: { type: 'delay', ms: LATE_MS, when: 'before' }, times: once, isSlow: true },
  { kind: { type: 'delay', ms: LATE_MS, when: 'after' }, times: once, isSlow: true },
];

const loseSession = { type: 'session-lost' } as const;
const notYet = { type: 'refuse', status: 503, reason: 1, headers: { 'Retry-After': '0' } } as const;

const hmc: readonly Fault[] = [
  ...eachWay([
    { type: 'refuse', status: 400, reason: 7 },
    { type: 'refuse', status: 403, reason: 1 },
    { type: 'refuse', status: 404, reason: 1 },
    { type: 'refuse', status: 409, reason: 1 },
    { type: 'refuse', status: 409, reason: 2 },
    { type: 'refuse', status: 500, reason: 12, effect: 'done' },
    notYet,
    ...connection,
  ]),
  { kind: loseSession, times: once, also: { server: 'hmc', operation: 'Logon', kind: notYet, times: 1 } },
  {
    kind: { type: 'restart' },
    times: once,
    also: { server: 'hmc', operation: 'Logon', kind: { type: 'html' }, times: 2 },
  },
  {
    kind: loseSession,
    times: once,
    also: { server: 'hmc', operation: 'Logon', kind: { type: 'refuse', status: 403, reason: 0 }, times: -1 },
  },
];

const cinder: readonly Fault[] = [
  ...eachWay([
    { type: 'refuse', status: 400 },
    { type: 'refuse', status: 404 },
    { type: 'refuse', status: 409 },
    { type: 'refuse', status: 413, headers: { 'Retry-After': '0' } },
    { type: 'refuse', status: 429, headers: { 'Retry-After': '0' } },
    { type: 'refuse', status: 500 },
    { type: 'refuse', status: 503, headers: { 'Retry-After': '0' } },
    ...connection,
  ]),
  {
    kind: loseSession,
    times: once,
    also: {
      server: 'keystone',
      operation: 'Create Token',
      kind: { type: 'refuse', status: 503, headers: { 'Retry-After': '0' } },
      times: 1,
    },
  },
  {
    kind: loseSession,
    times: once,
    also: { server: 'keystone', operation: 'Create Token', kind: { type: 'refuse', status: 401 }, times: -1 },
  },
];

/** The array fails while Cinder works for the request. */
const array = (...operations: readonly string[]): readonly Fault[] =>
  operations.flatMap((operation) =>
    eachWay([
      { type: 'backend-error', effect: 'none' },
      { type: 'backend-error', effect: 'done' },
    ]).map((fault) => ({ ...fault, at: { server: 'san' as const, operation } })),
  );

const stuck: readonly Fault[] = eachWay([{ type: 'stuck' }]);

const jobs: readonly FaultKind[] = [
  { type: 'job', outcome: 'failed', status: 409, reason: 1 },
  { type: 'job', outcome: 'canceled' },
  { type: 'job', outcome: 'lost', effect: 'done' },
];

/** Faults that only the operation itself can meet. */
const ofOperation: Readonly<Record<string, readonly Fault[]>> = {
  'Update Attachment': [...array('Map Volume', 'Add Zones'), ...late],
  'Delete Attachment': [...array('Unmap Volume', 'Remove Zones'), ...stuck, ...late],
  'Create Attachment': late,
  'Complete Attachment': stuck,
  'os-initialize_connection': [...array('Map Volume', 'Add Zones'), ...late],
  'os-terminate_connection': [...array('Unmap Volume', 'Remove Zones'), ...late],
  'os-attach': stuck,
  'os-detach': stuck,
  'Create Partition': late,
  'Create HBA': late,
  'Delete Partition': late,
  'Start Partition': [
    ...eachWay([
      ...jobs,
      { type: 'status', end: 'paused' },
      { type: 'status', end: 'terminated' },
      { type: 'status', end: 'degraded' },
      { type: 'status', end: 'reservation-error' },
    ]),
    { kind: { type: 'status', end: 'stalled' }, times: once, isSlow: true },
    ...late,
  ],
  'Stop Partition': [
    ...eachWay([...jobs, { type: 'status', end: 'paused' }, { type: 'status', end: 'terminated' }]),
    { kind: { type: 'status', end: 'stalled' }, times: once, isSlow: true },
    ...late,
  ],
};

/** Asked until a deadline: what passes by itself, when it never passes, is the deadline whatever its kind. Two show it. */
const polled: ReadonlySet<string> = new Set(['Query Job Status', 'Get Partition Properties']);
const shownWhenPolled: ReadonlySet<FaultKind['type']> = new Set(['html', 'refuse-connection']);

const servers: Readonly<Record<Strike['server'], readonly Fault[]>> = { hmc, cinder };

/** All that can happen to this request. */
export function faultsOf({ server, operation }: Strike): readonly Fault[] {
  const own = ofOperation[operation] ?? [];
  if (!polled.has(operation)) return [...servers[server], ...own];
  return [...servers[server], ...own].flatMap((fault) => {
    if (fault.times === 'once' || isFinal(fault.kind)) return [fault];
    return shownWhenPolled.has(fault.kind.type) ? [{ ...fault, isSlow: true }] : [];
  });
}

/** A refusal that no poll waits out. */
function isFinal(kind: FaultKind): boolean {
  return kind.type === 'refuse' && [400, 403, 404].includes(kind.status);
}

export function nameFault({ kind, at, also, times }: Fault): string {
  const { type, ...more } = kind;
  const details = Object.entries(more).map(([key, value]) => `${key} ${JSON.stringify(value)}`);
  const where = at === undefined ? '' : ` at ${at.server} ${at.operation}`;
  const beside = also === undefined ? '' : `, then ${also.operation} ${JSON.stringify(also.kind)} ×${also.times}`;
  return `${[type, ...details].join(' ')}${where} ${times}${beside}`;
}
