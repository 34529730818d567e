import type { ComputeManager } from '../../src/compute/index.ts';
import { describeError, findError } from '../../src/base/index.ts';
import type { DpmError } from '../../src/base/index.ts';
import type { Failpoint } from '../../src/saga/index.ts';
import type { SimulatorSnapshot } from '../../src/simulator/index.ts';
import type { World } from '../support/world.ts';
import { nameRow } from './rows.ts';
import type { Row } from './rows.ts';

/** How a row went; `problem` is empty when it went as it must. */
export interface RowResult {
  readonly row: string;
  readonly outcome: 'absorbed' | 'rolled back' | 'stuck';
  readonly struck: boolean;
  readonly problem: string;
}

/** A failpoint that a test can arm: the undo of whichever step is undone first throws, once or always. */
export class UndoTrap {
  #armed: { times: number; step: string | undefined } | undefined;
  hits = 0;

  arm(times: number): void {
    this.#armed = times === 0 ? undefined : { times, step: undefined };
    this.hits = 0;
  }

  readonly failpoint = (point: Failpoint): Promise<void> => {
    const armed = this.#armed;
    if (armed === undefined || point.at !== 'before-undo' || armed.times === 0) return Promise.resolve();
    const key = `${point.flow}/${point.step}`;
    armed.step ??= key;
    if (armed.step !== key) return Promise.resolve();
    armed.times -= 1;
    this.hits += 1;
    return Promise.reject(new Error(`undo of ${key} is made to fail`));
  };
}

const undoTimes = { works: 0, 'fails once': 1, 'fails for good': Number.MAX_SAFE_INTEGER } as const;

export async function runRow(world: World, manager: ComputeManager, trap: UndoTrap, row: Row): Promise<RowResult> {
  const empty = world.sim.snapshot();
  const server = await row.scenario.prepare(world, manager);
  const before = world.sim.snapshot();
  const rule = armFault(world, row);
  trap.arm(undoTimes[row.undo]);
  const failure = await row.scenario.act(world, manager, server).then(
    () => undefined,
    (error: unknown) => error,
  );
  const struck = world.sim.faults.struck(rule) > 0;
  world.sim.faults.clear();
  trap.arm(0);
  const after = world.sim.snapshot();
  const [outcome, problem] = judge(row, failure, before, after);
  const rest = await tidy(world, manager, server, empty);
  return { row: nameRow(row), outcome, struck, problem: problem || rest };
}

function armFault(world: World, { strike, fault }: Row): string {
  const { forGood, ...kind } = fault;
  const id = 'row';
  const when = { skip: strike.skip, times: forGood ? -1 : 1 };
  world.sim.faults.add({ id, server: strike.server, operation: strike.operation, when, kind });
  return id;
}

function judge(
  row: Row,
  failure: unknown,
  before: SimulatorSnapshot,
  after: SimulatorSnapshot,
): [RowResult['outcome'], string] {
  if (failure === undefined) return ['absorbed', ''];
  const stuck = findError(failure, 'FLOW_STUCK');
  if (stuck === undefined) {
    const differences = compare(before, after);
    return [
      'rolled back',
      differences.length === 0 ? '' : `not as before: ${differences.join('; ')} (${describeError(failure)})`,
    ];
  }
  return ['stuck', unnamed(row, stuck, before, after)];
}

/** What is there now, or changed, that was not so before: by the words that a person would look for. */
function compare(before: SimulatorSnapshot, after: SimulatorSnapshot): string[] {
  const was = things(before);
  const is = things(after);
  const gone = [...was].filter(([key]) => !is.has(key)).map(([key]) => `gone: ${key}`);
  const changed = [...is]
    .filter(([key, text]) => was.get(key) !== text)
    .map(
      ([key, text]) =>
        `${was.has(key) ? 'changed' : 'new'}: ${key} ${was.has(key) ? `${was.get(key) ?? ''} -> ${text}` : ''}`,
    );
  return [...gone, ...changed];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function things(snapshot: SimulatorSnapshot): Map<string, string> {
  const parts: [string, unknown][] = [
    ...snapshot.hmc.partition.map((partition): [string, unknown] => [`partition ${textOf(partition.name)}`, partition]),
    ...snapshot.hmc.hba.map((hba): [string, unknown] => [`hba ${textOf(hba['element-uri'])}`, hba]),
    ['san', snapshot.san],
    ['cinder', snapshot.cinder],
    ['hmc', { ...snapshot.hmc, partition: 0, hba: 0 }],
  ];
  return new Map(parts.map(([key, value]) => [key, JSON.stringify(value)]));
}

/** Everything left is named: partitions by name, attachments and masks by volume. */
function unnamed(row: Row, stuck: DpmError, before: SimulatorSnapshot, after: SimulatorSnapshot): string {
  const named = JSON.stringify(stuck.facts.leftBehind ?? []);
  if (named === '[]') return 'stuck without naming anything';
  const left: string[] = [];
  const had = new Set(before.hmc.partition.map((partition) => partition.name));
  for (const partition of after.hmc.partition) {
    const name = textOf(partition.name);
    const isExpected = had.has(name) && row.scenario.name !== 'delete';
    if (!isExpected && !named.includes(name) && !named.includes(name.slice(-36))) left.push(`partition ${name}`);
  }
  for (const volumeId of changedVolumes(row, before, after))
    if (!named.includes(volumeId)) left.push(`volume ${volumeId}`);
  return left.length === 0 ? '' : `left behind and not named: ${left.join(', ')} (named: ${named})`;
}

function changedVolumes(row: Row, before: SimulatorSnapshot, after: SimulatorSnapshot): string[] {
  const state = (snapshot: SimulatorSnapshot) =>
    new Map(
      snapshot.cinder.volumes.map((volume) => [
        volume.id,
        JSON.stringify([volume.status, snapshot.cinder.attachments.filter(({ volumeId }) => volumeId === volume.id)]),
      ]),
    );
  const was = state(before);
  return [...state(after)]
    .filter(([id, text]) =>
      row.scenario.name === 'delete' ? !text.startsWith('["available",[]') : was.get(id) !== text,
    )
    .map(([id]) => id);
}

/** Whatever happened, a delete without faults brings everything back to an empty machine. */
async function tidy(world: World, manager: ComputeManager, server: string, empty: SimulatorSnapshot): Promise<string> {
  try {
    for (const flow of await manager.listFlows({ open: true })) {
      if (flow.parent === undefined && isTopLevel(flow.flow)) await manager.resumeFlow(flow.id, world.context);
    }
    const left = (await manager.list(world.context)).filter(({ name }) => name === server);
    for (const { id } of left) await manager.delete(id, world.context);
  } catch (error) {
    return `cannot be tidied up: ${describeError(error)}`;
  }
  const differences = compare(empty, world.sim.snapshot());
  return differences.length === 0 ? '' : `after tidying up: ${differences.join('; ')}`;
}

function isTopLevel(flow: string): boolean {
  return ['build', 'build-stock', 'delete', 'add-volume', 'remove-volume'].includes(flow);
}
