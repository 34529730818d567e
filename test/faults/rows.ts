import type { FaultKind } from '../../src/simulator/index.ts';
import type { ComputeManager } from '../../src/compute/index.ts';
import type { StepEvent } from '../../src/saga/index.ts';
import type { World } from '../support/world.ts';
import type { Scenario } from './scenarios.ts';

/** One request that a flow makes, and the step that made it. */
export interface Strike {
  readonly flow: string;
  readonly step: string;
  readonly server: 'hmc' | 'cinder' | 'keystone';
  readonly operation: string;
  /** How many requests of this operation the flow makes before this one. */
  readonly skip: number;
}

/** What the undo of the failing flow meets. */
export type UndoMode = 'works' | 'fails once' | 'fails for good';

export interface Row {
  readonly scenario: Scenario;
  readonly strike: Strike;
  readonly fault: FaultKind & { readonly forGood: boolean };
  readonly undo: UndoMode;
}

/** Faults by the server that they strike; `forGood` strikes every repeat of the request too. */
const faults: Readonly<Record<Strike['server'], readonly FaultKind[]>> = {
  hmc: [
    { type: 'refuse', status: 400, reason: 7 },
    { type: 'refuse', status: 403, reason: 1 },
    { type: 'refuse', status: 404, reason: 1 },
    { type: 'refuse', status: 409, reason: 1 },
    { type: 'refuse', status: 409, reason: 2 },
    { type: 'refuse', status: 500, reason: 12, effect: 'done' },
    { type: 'refuse', status: 503, reason: 1, headers: { 'Retry-After': '0' } },
    { type: 'drop', when: 'before' },
    { type: 'drop', when: 'after' },
    { type: 'refuse-connection' },
    { type: 'truncate' },
    { type: 'malformed' },
    { type: 'html' },
    { type: 'wrong-schema' },
    { type: 'session-lost' },
    { type: 'restart' },
  ],
  cinder: [
    { type: 'refuse', status: 400 },
    { type: 'refuse', status: 404 },
    { type: 'refuse', status: 409 },
    { type: 'refuse', status: 413, headers: { 'Retry-After': '0' } },
    { type: 'refuse', status: 429, headers: { 'Retry-After': '0' } },
    { type: 'refuse', status: 503, headers: { 'Retry-After': '0' } },
    { type: 'drop', when: 'before' },
    { type: 'drop', when: 'after' },
    { type: 'refuse-connection' },
    { type: 'truncate' },
    { type: 'malformed' },
    { type: 'html' },
    { type: 'wrong-schema' },
    { type: 'session-lost' },
    { type: 'restart' },
  ],
  keystone: [],
};

const backend: readonly FaultKind[] = [
  { type: 'backend-error', effect: 'none' },
  { type: 'backend-error', effect: 'done' },
];

/** Faults that only the operation itself can meet. */
const ofOperation: Readonly<Record<string, readonly FaultKind[]>> = {
  'Update Attachment': backend,
  'Delete Attachment': backend,
  'os-initialize_connection': backend,
  'os-terminate_connection': backend,
  'Start Partition': [
    { type: 'job', outcome: 'failed', status: 409, reason: 1 },
    { type: 'job', outcome: 'canceled' },
    { type: 'job', outcome: 'lost', effect: 'done' },
    { type: 'status', end: 'paused' },
    { type: 'status', end: 'terminated' },
    { type: 'status', end: 'degraded' },
    { type: 'status', end: 'reservation-error' },
  ],
  'Stop Partition': [
    { type: 'job', outcome: 'failed', status: 409, reason: 1 },
    { type: 'job', outcome: 'canceled' },
    { type: 'job', outcome: 'lost', effect: 'done' },
  ],
};

/** Runs the flow once, undisturbed, and notes which step made which request. */
export async function recordStrikes(
  world: World,
  manager: ComputeManager,
  events: StepEvent[],
  scenario: Scenario,
): Promise<readonly Strike[]> {
  const server = await scenario.prepare(world, manager);
  world.sim.log.clear();
  events.length = 0;
  const marks: { at: number; flow: string; step: string }[] = [];
  const push = events.push.bind(events);
  // Requests are logged in order, steps are told in order: the length of the log says which request came when.
  events.push = (event) => {
    if (event.state === 'running') marks.push({ at: world.sim.log.entries.length, flow: event.flow, step: event.step });
    return push(event);
  };
  await scenario.act(world, manager, server);
  events.push = push;
  const seen = new Map<string, number>();
  const strikes = world.sim.log.entries.flatMap(({ server: name, operation }, index) => {
    const key = `${name}/${operation}`;
    const skip = seen.get(key) ?? 0;
    seen.set(key, skip + 1);
    const mark = marks.findLast(({ at }) => at <= index);
    if (mark === undefined || (name !== 'hmc' && name !== 'cinder' && name !== 'keystone')) return [];
    return [{ flow: mark.flow, step: mark.step, server: name, operation, skip } satisfies Strike];
  });
  if (scenario.name !== 'delete') await manager.delete(server, world.context);
  return strikes;
}

const undoModes: readonly UndoMode[] = ['works', 'fails once', 'fails for good'];

/**
 * What is polled is looked at until a deadline: a fault for good is then the deadline itself, whatever its kind. A few
 * kinds show it; all of them would only wait.
 */
const polled = new Set(['Query Job Status', 'Get Partition Properties']);
const kindsForGoodWhenPolled = new Set(['html', 'refuse-connection']);

/**
 * A peer that says 404 of what it still has cannot be caught in the lie by a client for which "gone" is what it wanted:
 * `dpm verify` finds what is then left.
 */
function isLie(strike: Strike, kind: FaultKind): boolean {
  return kind.type === 'refuse' && kind.status === 404 && /^(Delete|os-terminate|os-detach)/.test(strike.operation);
}

function canBeForGood(strike: Strike, kind: FaultKind): boolean {
  return !polled.has(strike.operation) || kindsForGoodWhenPolled.has(kind.type);
}

function kindsFor(strike: Strike): readonly FaultKind[] {
  const kinds = [...faults[strike.server], ...(ofOperation[strike.operation] ?? [])];
  return kinds.filter((kind) => !isLie(strike, kind));
}

/** Every step × every request of it × every fault it can meet, once and for good × every way its undo can go. */
export function makeRows(scenario: Scenario, strikes: readonly Strike[]): readonly Row[] {
  return strikes.flatMap((strike) =>
    kindsFor(strike).flatMap((kind) =>
      (canBeForGood(strike, kind) ? [false, true] : [false]).flatMap((forGood) =>
        undoModes.map((undo) => ({ scenario, strike, fault: { ...kind, forGood }, undo })),
      ),
    ),
  );
}

export function nameRow({ scenario, strike, fault, undo }: Row): string {
  const { forGood, ...kind } = fault;
  return `${scenario.name}: ${strike.flow}/${strike.step}, ${strike.server} ${strike.operation} #${strike.skip + 1}: ${JSON.stringify(kind)} ${forGood ? 'for good' : 'once'}, undo ${undo}`;
}
