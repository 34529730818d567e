import type { FaultKind, FaultRule } from '../../src/simulator/index.ts';
import type { Strike } from './strikes.ts';

type PeerFault = Pick<FaultRule, 'server' | 'operation' | 'kind'> & {
  readonly times: number;
  /** Only after the request that is struck: what was asked before is answered. */
  readonly isLater?: boolean;
};

/** One way in which a request can go wrong. */
export interface Fault {
  readonly kind: FaultKind;
  /** Whose operation is struck, when it is not the request itself but what it causes. */
  readonly at?: Pick<FaultRule, 'server' | 'operation'>;
  /** What fails beside it: the logon that a lost session asks for, the look that a lost answer asks for. */
  readonly also?: PeerFault;
  /** It ends only with a deadline: the manager gets short ones. */
  readonly isSlow?: boolean;
  /**
   * The peer does otherwise than it says, or does it when nobody waits any more: no flow can know. What is then left is
   * for `dpm verify` to name.
   */
  readonly deceives?: boolean;
  /** Cinder takes the mask away and not the zones, and asking it again finds nothing more to do: a fabric is not ours. */
  readonly leavesZones?: boolean;
  /** Once, or at every repeat of the request. */
  readonly times: 'once' | 'for good';
}

const [once, forGood] = ['once', 'for good'] as const;

function eachWay(kinds: readonly FaultKind[], more: Partial<Fault> = {}): readonly Fault[] {
  return kinds.flatMap((kind) => [
    { kind, times: once, ...more },
    { kind, times: forGood, ...more },
  ]);
}

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

/** An answer, and with it the effect or not, that comes after our deadline: how late is for the stage to say. */
const late: readonly Fault[] = [
  { kind: { type: 'delay', ms: 0, when: 'before' }, times: once, isSlow: true, deceives: true },
  { kind: { type: 'delay', ms: 0, when: 'after' }, times: once, isSlow: true, deceives: true },
];

const loseSession = { type: 'session-lost' } as const;
const now = { 'Retry-After': '0' } as const;
/** Longer than any budget. */
const tomorrow = { 'Retry-After': '86400' } as const;

const hmc: readonly Fault[] = [
  ...eachWay([
    { type: 'refuse', status: 400, reason: 7 },
    { type: 'refuse', status: 403, reason: 1 },
    { type: 'refuse', status: 404, reason: 1 },
    { type: 'refuse', status: 409, reason: 1 },
    { type: 'refuse', status: 409, reason: 2 },
    { type: 'refuse', status: 500, reason: 12, effect: 'done' },
    { type: 'refuse', status: 503, reason: 1, headers: now },
    ...connection,
  ]),
  { kind: { type: 'refuse', status: 503, reason: 1, headers: tomorrow }, times: once },
  ...late,
  {
    kind: loseSession,
    times: once,
    also: {
      server: 'hmc',
      operation: 'Logon',
      kind: { type: 'refuse', status: 503, reason: 1, headers: now },
      times: 1,
    },
  },
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
    { type: 'refuse', status: 413, headers: now },
    { type: 'refuse', status: 429, headers: now },
    { type: 'refuse', status: 500 },
    { type: 'refuse', status: 503, headers: now },
    ...connection,
  ]),
  { kind: { type: 'refuse', status: 429, headers: tomorrow }, times: once },
  { kind: { type: 'refuse', status: 503, headers: tomorrow }, times: once },
  ...late,
  {
    kind: loseSession,
    times: once,
    also: {
      server: 'keystone',
      operation: 'Create Token',
      kind: { type: 'refuse', status: 503, headers: now },
      times: 1,
    },
  },
  {
    kind: loseSession,
    times: once,
    also: { server: 'keystone', operation: 'Create Token', kind: { type: 'drop', when: 'after' }, times: 1 },
  },
  {
    kind: loseSession,
    times: once,
    also: { server: 'keystone', operation: 'Create Token', kind: { type: 'html' }, times: -1 },
  },
  {
    kind: loseSession,
    times: once,
    also: { server: 'keystone', operation: 'Create Token', kind: { type: 'refuse', status: 401 }, times: -1 },
  },
];

/** The array or the fabric fails while Cinder works for the request. */
function array(...operations: readonly string[]): readonly Fault[] {
  return operations.flatMap((operation) =>
    eachWay(
      [
        { type: 'backend-error', effect: 'none' },
        { type: 'backend-error', effect: 'done' },
      ],
      { at: { server: 'san', operation }, leavesZones: operation === 'Remove Zones' },
    ),
  );
}

const stuck: readonly Fault[] = eachWay([{ type: 'stuck' }]);

const jobs: readonly FaultKind[] = [
  { type: 'job', outcome: 'failed', status: 409, reason: 1 },
  { type: 'job', outcome: 'failed', status: 500, reason: 0, effect: 'done' },
  { type: 'job', outcome: 'canceled' },
  { type: 'job', outcome: 'canceled', effect: 'done' },
  { type: 'job', outcome: 'lost', effect: 'done' },
  { type: 'job', outcome: 'lost', effect: 'none' },
];

/** The answer of a create is lost, and so is the answer to the question whether it had its effect. */
function blindly(operation: string): readonly Fault[] {
  return (['before', 'after'] as const).map((when) => ({
    kind: { type: 'drop', when },
    times: forGood,
    also: { server: 'hmc', operation, kind: { type: 'refuse', status: 409, reason: 2 }, times: -1, isLater: true },
  }));
}

/** Faults that only the operation itself can meet. */
const ofOperation: Readonly<Record<string, readonly Fault[]>> = {
  'Update Attachment': array('Map Volume', 'Add Zones'),
  'Delete Attachment': [...array('Unmap Volume', 'Remove Zones'), ...stuck],
  'Complete Attachment': stuck,
  'os-initialize_connection': array('Map Volume', 'Add Zones'),
  'os-terminate_connection': array('Unmap Volume', 'Remove Zones'),
  'os-attach': stuck,
  'os-detach': stuck,
  'Create Partition': blindly('List Partitions of a CPC'),
  'Create Storage Group': blindly('List Storage Groups'),
  'Start FCP Storage Discovery': eachWay(jobs),
  'Start Partition': [
    ...eachWay([
      ...jobs,
      { type: 'status', end: 'paused' },
      { type: 'status', end: 'terminated' },
      { type: 'status', end: 'degraded' },
      { type: 'status', end: 'reservation-error' },
    ]),
    { kind: { type: 'status', end: 'stalled' }, times: once, isSlow: true },
  ],
  'Stop Partition': [
    ...eachWay([...jobs, { type: 'status', end: 'paused' }, { type: 'status', end: 'terminated' }]),
    { kind: { type: 'status', end: 'stalled' }, times: once, isSlow: true },
  ],
};

/** Asked until a deadline: what passes by itself, when it never passes, is the deadline whatever its kind. Two show it. */
const polled: ReadonlySet<string> = new Set(['Query Job Status', 'Get Partition Properties']);
const shownWhenPolled: ReadonlySet<FaultKind['type']> = new Set(['html', 'refuse-connection']);

const servers: Readonly<Record<Strike['server'], readonly Fault[]>> = { hmc, cinder };

/** All that can happen to this request. */
export function faultsOf(strike: Strike): readonly Fault[] {
  const { server, operation, isRefused } = strike;
  const all = [...servers[server], ...(ofOperation[operation] ?? [])]
    .filter(({ kind }) => !isUnknownRequest(operation, kind) && !(isRefused && needsEffect(kind)))
    // A mere reservation is nothing to the array.
    .filter(({ at }) => at === undefined || strike.atArray.has(at.operation))
    .map((fault) => withDeceit(strike, fault));
  // A request for the version carries no token.
  const possible = operation === 'Show Version' ? all.filter(({ also }) => also === undefined) : all;
  if (!polled.has(operation)) return possible;
  return possible.flatMap((fault) => {
    if (fault.times === 'once' || isFinal(fault.kind)) return [fault];
    return shownWhenPolled.has(fault.kind.type) ? [{ ...fault, isSlow: true }] : [];
  });
}

/**
 * A peer that says 404 of what it still has, when it is asked to take it away, cannot be caught in the lie by a client
 * for which "gone" is what it wanted.
 */
function withDeceit({ operation }: Strike, fault: Fault): Fault {
  const isDenial = fault.kind.type === 'refuse' && fault.kind.status === 404;
  const takesAway = /^(Delete|Detach|os-terminate|os-detach)/.test(operation);
  return isDenial && takesAway ? { ...fault, deceives: true } : fault;
}

/** An error in the place of a success: it cannot strike a request that has none. */
function needsEffect(kind: FaultKind): boolean {
  return kind.type === 'refuse' && kind.effect === 'done';
}

/** Not a fault: a machine that takes no such request. It lists the LUN until the next volume is looked for. */
function isUnknownRequest(operation: string, kind: FaultKind): boolean {
  return operation.startsWith('Reject Mismatched') && kind.type === 'refuse' && kind.status === 404;
}

/** A refusal that no poll waits out. */
function isFinal(kind: FaultKind): boolean {
  return kind.type === 'refuse' && [400, 403, 404].includes(kind.status);
}

/** The fault, but for how often it strikes. */
export function nameKind({ kind, at, also }: Fault): string {
  const { type, ...more } = kind.type === 'delay' ? { type: 'late', when: kind.when } : kind;
  const details = Object.entries(more).map(([key, value]) => `${key} ${JSON.stringify(value)}`);
  const where = at === undefined ? '' : ` at ${at.server} ${at.operation}`;
  const beside = also === undefined ? '' : `, and ${also.operation} ${JSON.stringify(also.kind)} ×${also.times}`;
  return `${[type, ...details].join(' ')}${where}${beside}`;
}

/**
 * What of a fault has to be shown at every request of every step. How the renewal of a session fails, and whether a late
 * answer has a late effect, is sampled; and an answer that changes nothing may be late anywhere.
 */
export function keyOf({ step, server, operation, method }: Strike, fault: Fault): string {
  const { kind, also } = fault;
  const where = `${step}, ${server} ${operation}`;
  if (kind.type === 'delay') return method === 'GET' ? `${server} ${operation}: late` : `${where}: late`;
  if (also !== undefined) return `${where}: ${also.operation} fails`;
  return `${where}: ${nameKind(fault)}`;
}
