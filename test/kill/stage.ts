import type { Failpoint } from '../../src/base/index.ts';
import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import type { ComputeManager } from '../../src/compute/index.ts';
import type { Journal, JournalEvent } from '../../src/compute/journal/index.ts';
import type { SimulatorSnapshot } from '../../src/simulator/index.ts';
import { createPayroll, PAYROLL } from '../support/payroll.ts';
import { withNamedVolumes } from '../support/snapshots.ts';
import { isAct } from '../support/worker/kill-switch.ts';
import { perform } from '../support/worker/order.ts';
import type { KillPoint } from '../support/worker/order.ts';
import { WorkerPool } from '../support/worker/pool.ts';
import { startWorld } from '../support/world.ts';
import type { World, WorldOptions } from '../support/world.ts';
import type { Flow } from './flows.ts';

/** A world to kill in, the workers that die in it, and how it looked when it was empty. */
export interface Stage extends AsyncDisposable {
  readonly world: World;
  readonly pool: WorkerPool;
  readonly empty: SimulatorSnapshot;
}

/** @param withPayroll - with somebody's partition */
export async function openStage(options: WorldOptions, withPayroll = false): Promise<Stage> {
  const world = await startWorld(options);
  if (withPayroll) await createPayroll(world);
  const pool = new WorkerPool(1);
  return {
    world,
    pool,
    empty: look(world),
    [Symbol.asyncDispose]: async () => {
      await pool[Symbol.asyncDispose]();
      await world[Symbol.asyncDispose]();
    },
  };
}

export function look({ sim }: World): SimulatorSnapshot {
  return withNamedVolumes(sim.snapshot());
}

interface CourseAct {
  /** `spawn/create-partition`. */
  readonly name: string;
  /** How many records were written before it began. */
  readonly recordsBefore: number;
}

/** What a flow writes and asks when nobody disturbs it. */
export interface Course {
  readonly records: readonly string[];
  /** What the driver did, in the order in which it was begun. */
  readonly acts: readonly CourseAct[];
  readonly answers: number;
}

/** Brings the world to where the flow begins. */
export async function prepare({ world }: Stage, flow: Flow): Promise<SimulatorSnapshot> {
  if (flow.prepare.length > 0) {
    await using manager = await world.open();
    for (const act of flow.prepare) await perform(manager, act, world.context);
  }
  const before = look(world);
  if (flow.fault !== undefined) world.sim.faults.add(flow.fault);
  return before;
}

/** Runs the flow once to its end, in this process, and notes its course. */
export async function learn(stage: Stage, flow: Flow): Promise<Course> {
  const { world } = stage;
  await prepare(stage, flow);
  const records: string[] = [];
  const acts: CourseAct[] = [];
  const failpoint = async (point: Failpoint) => {
    if (isAct(point) && point.at === 'before-run') {
      acts.push({ name: `${point.flow}/${point.step}`, recordsBefore: records.length });
    }
  };
  {
    await using manager = await world.open({ wrapJournal: (journal) => noting(journal, records), failpoint });
    acts.length = 0;
    world.sim.log.clear();
    const failure = await perform(manager, flow.act, world.context).then(
      () => undefined,
      (error: unknown) => error,
    );
    if ((failure === undefined) !== (flow.fault === undefined)) {
      throw new Error(`undisturbed, "${flow.name}" went otherwise than it should`, { cause: failure });
    }
  }
  const answers = world.sim.log.entries.length - 1; // the last one is the logoff
  world.sim.faults.clear();
  await using manager = await world.open();
  await deleteAll(manager, world);
  return { records, acts, answers };
}

/** Passes everything on, and keeps a line of each record: `build/started spawn`. */
export function noting(journal: Journal, records: string[]): Journal {
  const flows = new Map<string, string>();
  return {
    append: async (flowId: string, event: JournalEvent) => {
      if (event.kind === 'flow-started') flows.set(flowId, event.flow);
      records.push(`${flows.get(flowId) ?? '?'}/${event.kind}${'step' in event ? ` ${event.step}` : ''}`);
      await journal.append(flowId, event);
    },
    read: async (flowId) => await journal.read(flowId),
    list: async (filter) => await journal.list(filter),
    mentions: async (identifiers) => await journal.mentions(identifiers),
  };
}

export async function deleteAll(manager: ComputeManager, { context, sim }: World): Promise<void> {
  for (const { id } of await manager.list(context)) await manager.delete(id, context);
  // What is left in use is so without a server.
  for (const { id: volume, status } of sim.snapshot().cinder.volumes)
    if (status === 'in-use') await perform(manager, { verb: 'local-detach', partition: PAYROLL, volume }, context);
}

/**
 * Before and after each record of the journal and each act of the driver.
 *
 * @param from - the record with which to begin
 */
export function atEveryMoment({ records, acts }: Course, from = 0): readonly KillPoint[] {
  const indexes = records.map((_, index) => index).slice(from);
  const actIndexes = acts.flatMap(({ recordsBefore }, index) => (recordsBefore >= from ? [index] : []));
  return [
    ...indexes.flatMap((index) => [{ at: 'before-record', index } as const, { at: 'after-record', index } as const]),
    ...actIndexes.flatMap((index) => [{ at: 'before-act', index } as const, { at: 'after-act', index } as const]),
  ];
}

/** Kinds of records after which something is done before the next record. */
const begins = /\/(?:started|undo-started|warning) /;

/**
 * The same moments, each once: nothing happens between the end of a step and the record that begins the next one, nor between
 * two acts of a step. `KILL_TEST=full` has both.
 */
export function atEachMoment(course: Course): readonly KillPoint[] {
  const { records, acts } = course;
  const isSameAsBefore = ({ at, index }: KillPoint) => {
    if (at === 'before-record') return index > 0 && !begins.test(records[index - 1] ?? '');
    return at === 'before-act' && index > 0 && acts[index]?.recordsBefore === acts[index - 1]?.recordsBefore;
  };
  const all = atEveryMoment(course);
  return process.env.KILL_TEST === 'full' ? all : all.filter((point) => !isSameAsBefore(point));
}

/** With each answer read no further than its head. */
export function atEveryAnswer({ answers }: Course): readonly KillPoint[] {
  return Array.from({ length: answers }, (_, index) => ({ at: 'answer', index }) as const);
}

/** How many records are on the disk, as the kernel left it. */
export function countRecords({ statePath }: World): number {
  const database = new DatabaseSync(join(statePath, 'state.db'));
  try {
    return Number(database.prepare('select count(*) as n from event').get()?.n);
  } finally {
    database.close();
  }
}
