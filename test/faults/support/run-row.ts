import { describeError } from '../../../src/base/index.ts';
import type { Failpoint } from '../../../src/saga/index.ts';
import type { SimulatorSnapshot } from '../../../src/simulator/index.ts';
import { compare, judge } from './judge.ts';
import type { Ending } from './judge.ts';
import { nameFault } from './kinds.ts';
import type { Fault } from './kinds.ts';
import type { Scenario } from './scenarios.ts';
import type { Stage } from './stage.ts';
import type { Strike } from './strikes.ts';
import { namePoint, samePoint } from './traps.ts';
import type { Trap } from './traps.ts';

/** What goes wrong on the way: a request of a peer, or this program itself at a failpoint. */
export type Blow =
  | { readonly kind: 'fault'; readonly strike: Strike; readonly fault: Fault }
  | { readonly kind: 'throw' | 'cancel'; readonly point: Failpoint };

/** What the way back meets. */
export interface UndoTrouble {
  readonly point: Failpoint;
  readonly times: 'once' | 'for good';
}

export interface Row {
  readonly scenario: Scenario;
  readonly blow: Blow;
  readonly undo: UndoTrouble | undefined;
  readonly success: SimulatorSnapshot;
  /** How what is left is tidied up: taken up where it stands, or deleted outright. */
  readonly tidying: 'resume' | 'delete';
}

/** How a row went; `problem` is empty when it went as it must. */
export interface RowResult {
  readonly name: string;
  readonly ending: Ending;
  readonly problem: string;
  /** Did it go wrong where it was meant to, the way back included? */
  readonly hasStruck: boolean;
  /** Points of undo that were passed, for rows in which they fail. */
  readonly undoPoints: readonly Failpoint[];
  /** The machine is not as the next row needs it. */
  readonly isBroken: boolean;
  readonly ms: number;
}

const RULE = 'row';

/** Runs one row in a world that is empty before, and empty again after it. */
export async function runRow(stage: Stage, row: Row): Promise<RowResult> {
  const startedAt = performance.now();
  const { sim } = stage.world;
  const empty = sim.snapshot();
  const server = await row.scenario.prepare(stage);
  const before = sim.snapshot();
  if (needsImpatience(row)) await stage.reopen(true);
  const [failure, hasStruck, undoPoints] = await strike(stage, row, server);
  const { success, scenario } = row;
  const { ending, problem } = judge(failure, { before, after: sim.snapshot(), success, rests: scenario.rests });
  if (stage.isImpatient || poisons(row)) await stage.reopen();
  const repeated = ending === 'rolled back' && scenario.isRepeatable ? await repeat(stage, row, server) : '';
  const rest = await tidy(stage, row, server, empty);
  const isBroken = rest !== '';
  const ms = performance.now() - startedAt;
  return { name: nameRow(row), ending, problem: problem || repeated || rest, hasStruck, undoPoints, isBroken, ms };
}

async function strike(
  stage: Stage,
  row: Row,
  server: string,
): Promise<readonly [failure: unknown, hasStruck: boolean, undoPoints: readonly Failpoint[]]> {
  const { world, traps } = stage;
  const canceled = new AbortController();
  const set = setTraps(stage, row, () => canceled.abort(new Error('the caller gives up')));
  stage.watch();
  const failure = await row.scenario
    .act(stage, server, { ...world.context, signal: canceled.signal })
    .then(() => undefined)
    .catch((error: unknown) => error ?? new Error('failed without a reason'));
  const hasStruck = set.every(({ hits }) => hits > 0) && (row.blow.kind !== 'fault' || hasFaultStruck(stage, row.blow));
  const undoPoints = traps.passed.filter(({ at }) => at === 'before-undo' || at === 'after-undo');
  traps.clear();
  world.sim.faults.clear();
  return [failure, hasStruck, undoPoints];
}

function setTraps({ world, traps }: Stage, { scenario, blow, undo }: Row, cancel: () => void): readonly Trap[] {
  traps.clear();
  const set: Trap[] = [];
  if (scenario.failsAt !== undefined) set.push(traps.set(scenario.failsAt, 1));
  if (undo !== undefined) set.push(traps.set(undo.point, undo.times === 'once' ? 1 : Infinity));
  if (blow.kind === 'throw') set.push(traps.set(blow.point, 1));
  if (blow.kind === 'cancel') set.push(traps.set(blow.point, 1, cancel));
  if (blow.kind === 'fault') addRules(world.sim.faults, blow.strike, blow.fault);
  return set;
}

function addRules(faults: Stage['world']['sim']['faults'], strike: Strike, { kind, at, also, times }: Fault): void {
  const { server, operation } = at ?? strike;
  const when = { skip: strike.skip, times: times === 'once' ? 1 : -1 };
  faults.add({ id: RULE, server, operation, when, kind });
  if (also === undefined) return;
  faults.add({ id: 'also', server: also.server, operation: also.operation, when: { times: also.times }, kind: also.kind });
}

/** It struck, at the request of the step for which the row was made; and so did what was to fail beside it. */
function hasFaultStruck(stage: Stage, { strike, fault }: Blow & { kind: 'fault' }): boolean {
  const { faults } = stage.world.sim;
  if (faults.struck(RULE) === 0 || (fault.also !== undefined && faults.struck('also') === 0)) return false;
  if (fault.at !== undefined) return true; // the array keeps no log
  return stage.observed().some(({ entry, step }) => entry.fault === RULE && step === strike.step);
}

function needsImpatience({ blow }: Row): boolean {
  return blow.kind === 'fault' && blow.fault.isSlow === true;
}

/** A manager that was refused its logon, or that its HMC has told of something missing, remembers it. */
function poisons({ blow }: Row): boolean {
  if (blow.kind !== 'fault') return false;
  const { also, kind } = blow.fault;
  return also?.times === -1 || (kind.type === 'refuse' && blow.strike.operation === 'Submit Requests');
}

/** What was rolled back can be done again. */
async function repeat(stage: Stage, { scenario }: Row, server: string): Promise<string> {
  try {
    await scenario.act(stage, server, stage.world.context);
    return '';
  } catch (error) {
    return `rolled back, and cannot be done again: ${describeError(error)}`;
  }
}

/** Whatever happened, resuming or deleting without faults brings everything back to an empty machine. */
async function tidy(stage: Stage, row: Row, server: string, empty: SimulatorSnapshot): Promise<string> {
  const { manager, world } = stage;
  try {
    if (row.tidying === 'resume') {
      for (const { id, parent, flow } of await manager.listFlows({ open: true })) {
        if (parent === undefined && topLevel.has(flow)) await manager.resumeFlow(id, world.context);
      }
    }
    const left = (await manager.list(world.context)).filter(({ name }) => name === server);
    for (const { id } of left) await manager.delete(id, world.context);
  } catch (error) {
    return `cannot be tidied up: ${describeError(error)}`;
  }
  const differences = compare(empty, world.sim.snapshot());
  if (differences.length > 0) return `after tidying up: ${differences.join('; ')}`;
  const open = await manager.listFlows({ open: true });
  return open.length === 0 ? '' : `open after all: ${open.map(({ flow, state }) => `${flow} ${state}`).join(', ')}`;
}

const topLevel: ReadonlySet<string> = new Set(['build', 'build-stock', 'delete', 'add-volume', 'remove-volume']);

export function nameRow({ scenario, blow, undo, tidying }: Row): string {
  const what =
    blow.kind === 'fault'
      ? `${blow.strike.step || '(before)'}, ${blow.strike.server} ${blow.strike.operation} #${blow.strike.skip + 1}: ${nameFault(blow.fault)}`
      : `${blow.kind} ${namePoint(blow.point)}`;
  const back = undo === undefined ? '' : `, and ${namePoint(undo.point)} fails ${undo.times}`;
  return `${scenario.name}: ${what}${back} (${tidying})`;
}

/** Each point once, in the order in which they were passed. */
export function distinct(points: readonly Failpoint[]): readonly Failpoint[] {
  return points.filter((point, index) => points.findIndex((other) => samePoint(other, point)) === index);
}
