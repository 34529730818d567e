import { describeError } from '../../src/base/index.ts';
import type { SimulatorSnapshot } from '../../src/simulator/index.ts';
import type { Act, KillPoint } from '../support/worker/order.ts';
import { check } from './check.ts';
import type { Outcome } from './check.ts';
import type { Flow } from './flows.ts';
import { atEachMoment, countRecords, deleteAll, learn, prepare } from './stage.ts';
import type { Course, Stage } from './stage.ts';

/** What happens between the death of a process and its successor's first look. */
export type Between = (stage: Stage) => Promise<void>;

/** Which deaths of a flow are tried, and what happens after each. */
export interface Plan {
  /** From the course of the undisturbed flow. */
  readonly kills: (course: Course) => readonly KillPoint[];
  readonly between?: Between;
  /** Nothing is left out: before and after each record and each act that the flow really makes. */
  readonly isWhole?: boolean;
  /** What the successor sees to; default {@link check}. */
  readonly judge?: (stage: Stage, flow: Flow, before: SimulatorSnapshot) => Promise<Outcome>;
}

/** How the deaths in one flow went. */
export interface Toll {
  readonly flow: string;
  readonly records: number;
  readonly acts: number;
  /** How many moments differ. */
  readonly moments: number;
  readonly answers: number;
  readonly outcomes: Outcome[];
  readonly problems: string[];
}

/** Kills at each point of the plan, one after the other, in one world that is empty again after each. */
export async function killAll(stage: Stage, flow: Flow, plan: Plan): Promise<Toll> {
  const course = await learn(stage, flow);
  const toll: Toll = {
    flow: flow.name,
    records: course.records.length,
    acts: course.acts.length,
    moments: atEachMoment(course).length,
    answers: course.answers,
    outcomes: [],
    problems: [],
  };
  for (const kill of plan.kills(course)) {
    try {
      toll.outcomes.push(await killOnce(stage, flow, kill, plan));
    } catch (error) {
      toll.problems.push(`${flow.name}, ${nameOf(kill, course)}: ${describeError(error)}`);
      await tidy(stage);
    }
  }
  return toll;
}

export function nameOf({ at, index, path = '' }: KillPoint, { records, acts }: Course): string {
  const what = at === 'answer' ? path : at.endsWith('-act') ? acts[index]?.name : records[index];
  return `${at} ${index} ${what ?? ''}`;
}

async function killOnce(stage: Stage, flow: Flow, kill: KillPoint, { between, judge }: Plan): Promise<Outcome> {
  const before = await prepare(stage, flow);
  await die(stage, flow, kill);
  stage.world.sim.faults.clear();
  await between?.(stage);
  return await (judge ?? restart)(stage, flow, before);
}

export async function restart(stage: Stage, flow: Flow, before: SimulatorSnapshot): Promise<Outcome> {
  await using manager = await stage.world.open();
  return await check(stage, manager, flow.act, before);
}

/** @throws Error when the worker survived, or died elsewhere than it was told to: a kill that struck nothing proves nothing */
export async function die(stage: Stage, { act }: Pick<Flow, 'act'>, kill: KillPoint): Promise<void> {
  if (await mayDie(stage, act, kill)) return;
  throw new Error('the worker survived');
}

/** @returns false when the worker came to its end before the point at which it was to die */
export async function mayDie(stage: Stage, act: Act, kill: KillPoint): Promise<boolean> {
  const { world, pool } = stage;
  const had = countRecords(world);
  const end = await pool.run({ settingsText: world.settingsText, statePath: world.statePath, act, kill });
  if (end.kind === 'survived' && end.error !== null) throw new Error(`the worker failed: ${end.error}`);
  if (end.kind === 'survived') return false;
  const written = countRecords(world) - had;
  const expected = kill.at === 'before-record' ? kill.index : kill.index + 1;
  if (!kill.at.endsWith('-record') || written === expected) return true;
  throw new Error(`it died after ${written} records, not after ${expected}`);
}

/** After a problem, so that it is not every later death's too. */
export async function tidy(stage: Stage): Promise<void> {
  stage.world.sim.faults.clear();
  await using manager = await stage.world.open();
  for (const { id, parent } of await manager.listFlows({ open: true })) {
    if (parent === undefined) await manager.resumeFlow(id, stage.world.context);
  }
  await deleteAll(manager, stage.world);
}

export function describeToll(title: string, { flow, records, acts, answers, outcomes }: Toll): string {
  const count = (wanted: Outcome) => outcomes.filter((outcome) => outcome === wanted).length;
  return `kill test, ${title}, ${flow}: ${records} records, ${acts} acts, ${answers} answers, ${outcomes.length} kills, ${count('finished')} finished, ${count('undone')} undone`;
}
