import type { Failpoint } from '../../src/base/index.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeError } from '../../src/base/index.ts';
import type { Finding } from '../../src/compute/index.ts';
import { Dangers } from './dangers.ts';
import { compare, judge, notLike, unaccounted } from './judge.ts';
import type { Ending, Pictures, Verdict } from './judge.ts';
import { Testimony } from './testimony.ts';
import { nameKind } from './kinds.ts';
import type { Fault } from './kinds.ts';
import { operate, removeStrayGroups, takeBackReservations } from './operator.ts';
import type { Scenario } from './scenarios.ts';
import type { Picture, Stage } from './stage.ts';
import { isBeside } from './strikes.ts';
import type { Strike } from './strikes.ts';
import { namePoint } from './traps.ts';
import type { Trap } from './traps.ts';

/** What goes wrong on the way: a request of a peer, this program itself at a failpoint, or the SAN behind all backs. */
export type Blow =
  | { readonly kind: 'fault'; readonly strike: Strike; readonly fault: Fault }
  | { readonly kind: 'throw' | 'cancel' | 'array-outage'; readonly point: Failpoint };

/** What the way back meets: at a point, or at the first undo that comes. */
export interface UndoTrouble {
  readonly point: Failpoint | 'first';
  readonly times: 'once' | 'for good';
}

export interface Row {
  readonly scenario: Scenario;
  readonly blow: Blow;
  readonly undo: UndoTrouble | undefined;
  readonly success: Picture;
  /** How what is left is tidied up: taken up where it stands, or deleted outright. */
  readonly tidying: 'resume' | 'delete';
}

/** How a row went; `problem` is empty when it went as it must. */
export interface RowResult {
  readonly name: string;
  readonly row: Row;
  readonly ending: Ending;
  /** What the caller was told; empty when nothing. */
  readonly failure: string;
  readonly problem: string;
  /** Did it go wrong where it was meant to? */
  readonly hasStruck: boolean;
  /** Did an undo fail because the row says so? */
  readonly hasUndoFailed: boolean;
  /** Did the fault strike again after the flow had turned back? */
  readonly hasStruckWayBack: boolean;
  /** Was something left that only `dpm verify` could name, and did it? */
  readonly isFoundByVerify: boolean;
  /** The machine is not as the next row needs it. */
  readonly isBroken: boolean;
  readonly ms: number;
}

const RULE = 'row';
const BESIDE = 'beside';

/** Runs one row in a world that is empty before, and empty again after it. */
export async function runRow(stage: Stage, row: Row): Promise<RowResult> {
  const startedAt = performance.now();
  const server = await row.scenario.prepare(stage);
  const before = stage.picture();
  const testimony = await Testimony.before(stage);
  if (needsImpatience(row)) {
    await stage.reopenImpatient();
    // It makes the requests that were recorded only if it knows the ports, as the manager does that created the partition.
    if (server !== '') await stage.manager.show(server, stage.world.context).catch(() => undefined);
  }
  // It is the loss of a token that is under test: there has to be one.
  if (needsToken(row)) await stage.manager.verify(stage.world.context);
  const { failure, danger, ...struck } = await strike(stage, row, server);
  const after = stage.picture();
  const { success, scenario } = row;
  const pictures = { before, after, success, rests: scenario.rests, isVerb: scenario.isVerb === true };
  const verdict = judge(failure, pictures);
  if (stage.isImpatient || poisons(row)) await stage.reopen();
  const isHidden = verdict.problem !== '' && deceives(row);
  const findings = isHidden ? await stage.manager.verify(stage.world.context) : [];
  const isFoundByVerify = isHidden && namesAll(findings, verdict, pictures);
  const problem = isFoundByVerify ? '' : verdict.problem;
  const contradicted = await testimony.against(stage, verdict.ending, isHidden);
  // Whatever is done next finds it in its way, as any person would.
  await takeBackReservations(stage, findings);
  const isRepeat = verdict.ending === 'rolled back' || verdict.ending === 'unfinished';
  const repeats = isRepeat && scenario.isRepeatable && !isFoundByVerify;
  const repeated = repeats ? await repeat(stage, row, server) : '';
  const rest = (await tidy(stage, row, server)) || (await testimony.atTheEnd(stage));
  return {
    name: nameRow(row),
    row,
    ending: verdict.ending,
    failure: failure === undefined ? '' : describeError(failure),
    problem: danger || problem || contradicted || repeated || rest,
    ...struck,
    isFoundByVerify,
    isBroken: rest !== '',
    ms: performance.now() - startedAt,
  };
}

/** After a way back, everything that does not rest where it may is in the findings: by instance, or by the volume's id. */
function namesAll(findings: readonly Finding[], { ending }: Verdict, pictures: Pictures): boolean {
  const named = JSON.stringify(findings);
  const words = ending === 'rolled back' ? unaccounted(withoutGroups(findings, pictures)) : [];
  return findings.length > 0 && words.every((word) => named.includes(word.slice(-36)));
}

/** The name of a storage group covers everything in it. */
function withoutGroups(findings: readonly Finding[], { after, ...rest }: Pictures): Pictures {
  const groups = findings
    .filter(({ kind }) => kind === 'storage-group')
    .map(({ detail }) => detail.split(':')[0] ?? '');
  const others = after.hmc['storage-volume'].filter(
    ({ 'element-uri': uri }) => typeof uri !== 'string' || !groups.some((group) => uri.startsWith(`${group}/`)),
  );
  return { ...rest, after: { ...after, hmc: { ...after.hmc, 'storage-volume': others } } };
}

interface Struck {
  readonly failure: unknown;
  readonly hasStruck: boolean;
  readonly hasUndoFailed: boolean;
  readonly hasStruckWayBack: boolean;
  readonly danger: string;
}

async function strike(stage: Stage, row: Row, server: string): Promise<Struck> {
  const { world, traps } = stage;
  const canceled = new AbortController();
  const set = setTraps(stage, row, () => canceled.abort(new Error('the caller gives up')));
  stage.watch();
  const dangers = new Dangers(stage, deceives(row));
  const failure: unknown = await row.scenario
    .act(stage, server, { ...world.context, signal: canceled.signal })
    .then(() => undefined)
    .catch((error: unknown) => error ?? new Error('failed without a reason'));
  await quiet(stage, row);
  const danger = dangers.end();
  const [own, undo] = set;
  const hasStruck = row.blow.kind === 'fault' ? hasFaultStruck(stage, row.blow) : (own?.hits ?? 0) > 0;
  const hasUndoFailed = traps.undoHits + (undo?.hits ?? 0) > 0;
  const hasStruckWayBack = stage
    .observed()
    .some(({ entry, isOnWayBack }) => isOnWayBack && (entry.fault === RULE || entry.fault === BESIDE));
  traps.clear();
  world.sim.faults.clear();
  if (row.blow.kind === 'array-outage') setArraysOnline(stage, true);
  if (row.blow.kind === 'fault' && (failure !== undefined || row.blow.fault.leavesZones === true))
    operate(stage, row.scenario, row.blow.strike, row.blow.fault);
  return { failure, danger, hasStruck, hasUndoFailed, hasStruckWayBack };
}

/** What the servers still work on is part of what is left; what a client sends beside the flow has to come first. */
async function quiet({ world: { sim } }: Stage, { blow }: Row): Promise<void> {
  const isAwaited = () => blow.kind === 'fault' && isBeside(blow.strike) && sim.faults.struck(RULE) === 0;
  for (let looks = 0; looks < 4_000 && (sim.log.inFlightNow > 0 || isAwaited()); looks += 1) await sleep(5);
}

/** @returns the traps of the blow and of the undo, in this order */
function setTraps(stage: Stage, { scenario, blow, undo }: Row, cancel: () => void): readonly (Trap | undefined)[] {
  const { traps } = stage;
  traps.clear();
  const isFailing = blow.kind === 'throw' && scenario.failsAt !== undefined;
  if (scenario.failsAt !== undefined && !isFailing) traps.set(scenario.failsAt, 1);
  const times = undo?.times === 'once' ? 1 : Infinity;
  if (undo?.point === 'first') traps.setFirstUndo(times);
  const undoTrap = undo === undefined || undo.point === 'first' ? undefined : traps.set(undo.point, times);
  return [setBlow(), undoTrap];

  function setBlow(): Trap | undefined {
    if (blow.kind === 'fault') {
      addRules(stage, blow.strike, blow.fault);
      return undefined;
    }
    if (blow.kind === 'throw') return traps.set(blow.point, 1);
    if (blow.kind === 'cancel') return traps.set(blow.point, 1, cancel);
    return traps.set(blow.point, 1, () => setArraysOnline(stage, false));
  }
}

/** While they are away, no look finds a LUN. */
function setArraysOnline({ world: { sim } }: Stage, isOnline: boolean): void {
  for (const { wwpn } of sim.san.arrays.flatMap(({ ports }) => ports)) sim.san.setPortOnline(wwpn, isOnline);
  // DPM looks again by itself, in time.
  if (!isOnline) return;
  for (const { 'object-uri': uri } of sim.snapshot().hmc['storage-group'])
    if (typeof uri === 'string') sim.hmc.discover(uri);
}

function addRules({ lateMs, world }: Stage, strike: Strike, { kind, at, also, times }: Fault): void {
  const { faults } = world.sim;
  const { server, operation } = at ?? strike;
  const skip = (at && strike.atArray.get(at.operation)) ?? strike.skip;
  const when = { skip, times: times === 'once' ? 1 : -1 };
  faults.add({ id: RULE, server, operation, when, kind: kind.type === 'delay' ? { ...kind, ms: lateMs } : kind });
  if (also === undefined) return;
  faults.add({
    id: BESIDE,
    server: also.server,
    operation: also.operation,
    when: {
      skip: also.isLater === true ? (strike.before.get(`${also.server}/${also.operation}`) ?? 0) : 0,
      times: also.times,
    },
    kind: also.kind,
  });
}

/** It struck, at the request of the step for which the row was made; and so did what was to fail beside it. */
function hasFaultStruck(stage: Stage, { strike, fault }: Extract<Blow, { kind: 'fault' }>): boolean {
  const { faults } = stage.world.sim;
  if (faults.struck(RULE) === 0 || (fault.also !== undefined && faults.struck(BESIDE) === 0)) return false;
  if (fault.at !== undefined || isBeside(strike)) return true; // the array keeps no log
  return stage.observed().some(({ entry, step }) => entry.fault === RULE && step === strike.step);
}

export function needsImpatience({ blow }: Row): boolean {
  return blow.kind === 'fault' && blow.fault.isSlow === true;
}

function needsToken({ blow }: Row): boolean {
  return blow.kind === 'fault' && blow.fault.also?.server === 'keystone';
}

function deceives({ blow }: Row): boolean {
  return blow.kind === 'fault' && blow.fault.deceives === true;
}

/** A manager that was refused its logon, or that its HMC has told of something missing, remembers it. */
function poisons({ blow }: Row): boolean {
  if (blow.kind !== 'fault') return false;
  const { also, kind } = blow.fault;
  return also?.times === -1 || (kind.type === 'refuse' && blow.strike.operation === 'Submit Requests');
}

/** What was rolled back can be done again. The first request may meet a connection that the fault has broken. */
async function repeat(stage: Stage, { scenario, success }: Row, server: string): Promise<string> {
  const attempt = async () =>
    await (scenario.again ?? scenario.act)(stage, server, stage.world.context).then(
      () => '',
      (error: unknown) => `cannot be done again: ${describeError(error)}`,
    );
  const failure = (await attempt()) === '' ? '' : await attempt();
  return failure === '' && scenario.rests === 'on the way' ? notLike(success, stage.picture()) : failure;
}

/** Whatever happened, resuming, deleting and repairing without faults brings everything back to an empty machine. */
async function tidy(stage: Stage, row: Row, server: string): Promise<string> {
  const { manager, world, empty } = stage;
  try {
    // Without Nova there is nothing to delete: what is stuck has to be taken up before anything else is done.
    if (row.tidying === 'resume' || row.scenario.tidy !== undefined) await resumeAll(stage);
    const left = (await manager.list(world.context)).filter(({ name }) => name === server);
    for (const { id } of left) await manager.delete(id, world.context);
    if (row.scenario.tidy !== undefined) {
      // A volume that Cinder has on the way is not detached before it has been told that it is in use.
      if (deceives(row)) await manager.repair(await manager.verify(world.context), world.context);
      await row.scenario.tidy(stage, world.context);
    }
    // A delete that was stuck at its very end has left nothing to delete, but its own record.
    await resumeAll(stage);
    if (deceives(row) && compare(empty, stage.picture()).length > 0) {
      const findings = await manager.verify(world.context);
      await manager.repair(findings, world.context);
      await takeBackReservations(stage, findings);
      if (row.scenario.tidy !== undefined) await removeStrayGroups(stage);
    }
  } catch (error) {
    return `cannot be tidied up: ${describeError(error)}`;
  }
  const differences = compare(empty, stage.picture());
  if (differences.length > 0) return `after tidying up: ${differences.join('; ')}`;
  const open = await manager.listFlows({ open: true });
  return open.length === 0 ? '' : `open after all: ${open.map(({ flow, state }) => `${flow} ${state}`).join(', ')}`;
}

async function resumeAll({ manager, world }: Stage): Promise<void> {
  for (const { id, parent } of await manager.listFlows({ open: true }))
    if (parent === undefined) await manager.resumeFlow(id, world.context);
}

export function nameRow({ scenario, blow, undo, tidying }: Row): string {
  const what =
    blow.kind === 'fault'
      ? `${blow.strike.step || '(before)'}, ${blow.strike.server} ${blow.strike.operation} #${blow.strike.skip + 1}: ${nameKind(blow.fault)} ${blow.fault.times}`
      : `${blow.kind} ${namePoint(blow.point)}`;
  const where = undo?.point === 'first' ? 'the first undo' : undo && namePoint(undo.point);
  const back = where === undefined || undo === undefined ? '' : `, and ${where} fails ${undo.times}`;
  return `${scenario.name}: ${what}${back} (${tidying})`;
}
