import { expect } from 'vitest';
import type { Failpoint } from '../../../src/saga/index.ts';
import type { WorldOptions } from '../../support/world.ts';
import { faultsOf } from './kinds.ts';
import { distinct, runRow } from './run-row.ts';
import type { Blow, Row, RowResult, UndoTrouble } from './run-row.ts';
import type { Scenario } from './scenarios.ts';
import { Stage } from './stage.ts';
import { record } from './strikes.ts';
import type { Recording } from './strikes.ts';

/** Every request of every step × everything that can happen to it. */
export function faultBlows({ strikes }: Recording): readonly Blow[] {
  return strikes.flatMap((strike) => faultsOf(strike).map((fault): Blow => ({ kind: 'fault', strike, fault })));
}

/** Every step, with requests or without: the program itself fails, or its caller gives up, before it and after it. */
export function pointBlows({ points }: Recording): readonly Blow[] {
  return distinct(points)
    .filter(({ at }) => at === 'before-run' || at === 'after-run')
    .flatMap((point): Blow[] => [
      { kind: 'throw', point },
      { kind: 'cancel', point },
    ]);
}

/** The first step that is undone cannot be undone, once or for good. */
export function firstUndo(points: readonly Failpoint[]): readonly UndoTrouble[] {
  return eachTime(points.slice(0, 1));
}

/** Each undo fails in turn, before and after its work: what failed after it is undone twice. */
export function everyUndo(points: readonly Failpoint[]): readonly UndoTrouble[] {
  return eachTime(distinct(points));
}

function eachTime(points: readonly Failpoint[]): readonly UndoTrouble[] {
  return points.flatMap((point) => [
    { point, times: 'once' as const },
    { point, times: 'for good' as const },
  ]);
}

export interface Part {
  readonly scenario: Scenario;
  readonly blows: (recording: Recording) => readonly Blow[];
  /** What the way back meets, in rows of their own; chosen among the undos that a row without it has passed. */
  readonly undo: (points: readonly Failpoint[]) => readonly UndoTrouble[];
}

/** Runs all rows of the parts in one world; prints how many there were, and how they ended. */
export class Matrix {
  readonly #stage: Stage;
  readonly results: RowResult[] = [];

  private constructor(stage: Stage) {
    this.#stage = stage;
  }

  static async run(title: string, world: WorldOptions, parts: readonly Part[], only = ''): Promise<Matrix> {
    await using stage = await Stage.start(world);
    const matrix = new Matrix(stage);
    for (const part of parts) await matrix.#runPart(part, only);
    await matrix.#verify();
    matrix.#print(title);
    return matrix;
  }

  /** Rows in which something is left unnamed, or changed, or cannot be tidied up. */
  get problems(): readonly string[] {
    return this.results.filter(({ problem }) => problem !== '').map(({ name, problem }) => `${name} => ${problem}`);
  }

  /** Rows whose fault did not strike where it was meant to. */
  get misses(): readonly string[] {
    return this.results.filter(({ hasStruck }) => !hasStruck).map(({ name }) => name);
  }

  async #runPart({ scenario, blows, undo }: Part, only: string): Promise<void> {
    const recording = await record(this.#stage, scenario);
    for (const blow of blows(recording)) {
      const works = await this.#runRow({ ...this.#row(scenario, blow, recording), undo: undefined }, only);
      if (works === undefined) continue;
      for (const trouble of undo(works.undoPoints)) {
        await this.#runRow({ ...this.#row(scenario, blow, recording), undo: trouble }, only);
      }
    }
  }

  #row(scenario: Scenario, blow: Blow, { after }: Recording): Omit<Row, 'undo'> {
    return { scenario, blow, success: after, tidying: this.results.length % 2 === 0 ? 'resume' : 'delete' };
  }

  async #runRow(row: Row, _only: string): Promise<RowResult | undefined> {
    let result = await runRow(this.#stage, row);
    if (!result.hasStruck && result.problem === '') {
      // A session remembers what its HMC lacks, and then asks otherwise: a new one has not learned it yet.
      await this.#stage.reopen();
      result = await runRow(this.#stage, row);
    }
    this.results.push(result);
    if (result.isBroken) throw new Error(`the machine is not as it was: ${result.name} => ${result.problem}`);
    return result;
  }

  async #verify(): Promise<void> {
    expect(await this.#stage.manager.verify(this.#stage.world.context)).toEqual([]);
  }

  #print(title: string): void {
    const count = (ending: RowResult['ending']) => this.results.filter((result) => result.ending === ending).length;
    const [absorbed, back, stuck] = [count('absorbed'), count('rolled back'), count('stuck')];
    console.log(
      `fault matrix, ${title}: ${this.results.length} rows, ${absorbed} absorbed, ${back} rolled back, ${stuck} stuck and named`,
    );
  }
}
