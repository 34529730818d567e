import type { Failpoint } from '../../src/base/index.ts';
import { appendFileSync } from 'node:fs';
import { backFaultDrafts, distinct, faultDrafts, pointDrafts, undoDrafts } from './drafts.ts';
import type { Draft } from './drafts.ts';
import { allFlows, isPivot, isVerb } from './flows.ts';
import { natureOf, placeOf } from './natures.ts';
import { countRows, describeEndings, misfit } from './pins.ts';
import type { Count } from './pins.ts';
import { nameRow, needsImpatience, runRow } from './run-row.ts';
import type { Row, RowResult } from './run-row.ts';
import { stepOf } from './sample.ts';
import type { Sample } from './sample.ts';
import { undone } from './scenarios.ts';
import type { Scenario } from './scenarios.ts';
import { Stage } from './stage.ts';
import type { Picture, StageOptions } from './stage.ts';
import { record } from './strikes.ts';
import type { Recording } from './strikes.ts';

/** What a run of the matrix showed. */
export interface MatrixReport {
  readonly summary: string;
  /** Rows in which something is left unnamed, or changed, or cannot be tidied up. */
  readonly problems: readonly string[];
  /** Rows that ended otherwise than their cell of the table says. */
  readonly misfits: readonly string[];
  /** How many rows each cell has. */
  readonly count: Count;
  /** For people: how many rows of which cell ended how. */
  readonly endings: string;
  /** Rows whose fault did not strike where it was meant to. */
  readonly misses: readonly string[];
  /** Steps that were to be struck, and were not. */
  readonly untouched: readonly string[];
  readonly rows: number;
}

/** What is run in one world. */
export interface MatrixPlan {
  readonly title: string;
  readonly world: StageOptions;
  readonly scenarios: readonly Scenario[];
  /** Scenarios of which another file runs every request. */
  readonly again?: readonly Scenario[];
  /** Shared by the worlds of one file. */
  readonly sample: Sample;
}

/** Runs the rows of the scenarios in one world. */
export async function runMatrix(plan: MatrixPlan): Promise<MatrixReport> {
  const matrix = new Matrix(plan);
  for (const scenario of plan.scenarios) await matrix.runScenario(scenario, false);
  for (const scenario of plan.again ?? []) await matrix.runScenario(scenario, true);
  return matrix.report();
}

class Matrix {
  readonly #plan: MatrixPlan;
  readonly #results: RowResult[] = [];
  /** Steps for which there are rows, and that this file is to strike. */
  readonly #due = new Set<string>();
  /** Rows there are, run or not. */
  #possible = 0;

  constructor(plan: MatrixPlan) {
    this.#plan = plan;
  }

  /** A world for each: journals stay short. */
  async runScenario(scenario: Scenario, isAgain: boolean): Promise<void> {
    await using stage = await Stage.start(this.#plan.world);
    const recording = await record(stage, scenario);
    const run = async (which: Scenario, drafts: readonly Draft[]) => {
      for (const row of this.#rows(which, recording.after, drafts, isAgain)) await this.#runRow(stage, row);
    };
    await run(scenario, [...faultDrafts(recording), ...pointDrafts(recording)]);
    for (const failsAt of turningPoints(recording)) {
      const back = undone(scenario, failsAt);
      const recorded = await record(stage, back);
      await run(back, [...backFaultDrafts(recorded), ...undoDrafts(recorded, failsAt)]);
    }
  }

  report(): MatrixReport {
    const results = this.#results;
    const count = (is: (result: RowResult) => boolean) => results.filter(is).length;
    const ended = (ending: RowResult['ending']) => count((result) => result.ending === ending);
    const touched = new Set(
      results
        .filter(({ hasStruck }) => hasStruck)
        .map(({ row }) => stepOf(row))
        .filter((step) => step !== ''),
    );
    const meanMs = results.reduce((sum, { ms }) => sum + ms, 0) / Math.max(1, results.length);
    const summary = [
      `fault matrix, ${this.#plan.title}: ${results.length} rows of ${this.#possible} (${this.#plan.sample.share}) over ${touched.size} steps`,
      `${count(({ hasStruck }) => hasStruck)} struck`,
      `${ended('absorbed')} absorbed, ${ended('rolled back')} rolled back, ${ended('stuck')} stuck and named, ${ended('waiting')} waiting and named`,
      `${count(({ hasUndoFailed }) => hasUndoFailed)} with an undo that failed`,
      `${count(({ isFoundByVerify }) => isFoundByVerify)} found by verify`,
      `${meanMs.toFixed(0)} ms a row`,
    ].join('; ');
    return {
      summary,
      problems: results.filter(({ problem }) => problem !== '').map(({ name, problem }) => `${name} => ${problem}`),
      misfits: results.flatMap((result) => {
        const wrong = misfit(result);
        return wrong === '' ? [] : [`${result.name} => ${wrong}`];
      }),
      count: countRows(results),
      endings: describeEndings(results),
      misses: results.filter(({ hasStruck }) => !hasStruck).map(({ name }) => name),
      untouched: [...this.#due].filter((step) => step !== '' && !touched.has(step)),
      rows: results.length,
    };
  }

  #rows(scenario: Scenario, success: Picture, drafts: readonly Draft[], isAgain: boolean): readonly Row[] {
    this.#possible += drafts.length;
    const { sample, title } = this.#plan;
    if (!isAgain) for (const draft of drafts) if (sample.isOwn(draft)) this.#due.add(stepOf(draft));
    const rows = sample.choose(drafts, title, scenario.name, isAgain).map((draft, index): Row => {
      return { scenario, ...draft, success, tidying: index % 2 === 0 ? 'resume' : 'delete' };
    });
    // Those with short deadlines come last, so that all others can share a manager.
    return rows.toSorted((a, b) => Number(needsImpatience(a)) - Number(needsImpatience(b)));
  }

  async #runRow(stage: Stage, row: Row): Promise<void> {
    let result = await this.#attempt(stage, row);
    // Short deadlines may have ended it before; or a session remembers what its HMC lacks, and then asks otherwise.
    for (let again = 0; again < 4 && !result.hasStruck && result.problem === ''; again += 1) {
      if (needsImpatience(row)) stage.relent();
      await stage.reopen();
      result = await this.#attempt(stage, row);
    }
    this.#results.push(result);
    writeRow(this.#plan.title, result);
    if (result.isBroken) throw new Error(`the machine is not as it was: ${result.name} => ${result.problem}`);
  }

  async #attempt(stage: Stage, row: Row): Promise<RowResult> {
    try {
      return await runRow(stage, row);
    } catch (error) {
      throw new Error(`row could not be run: ${nameRow(row)}`, { cause: error });
    }
  }
}

/** `FAULT_MATRIX_LOG=FILE` adds a line of JSON for each row. */
function writeRow(title: string, { row, ...result }: RowResult): void {
  const file = process.env.FAULT_MATRIX_LOG;
  if (file === undefined) return;
  const { scenario, blow, undo } = row;
  const point = blow.kind === 'fault' ? undefined : blow.point;
  const struck =
    blow.kind === 'fault'
      ? { strike: { ...blow.strike, before: undefined, atArray: undefined }, fault: blow.fault }
      : {};
  appendFileSync(
    file,
    `${JSON.stringify({
      title,
      ...result,
      scenario: scenario.name,
      failsAt: scenario.failsAt,
      nature: natureOf(row),
      place: placeOf(row, result.hasStruckWayBack),
      blow: blow.kind,
      point,
      ...struck,
      undo,
    })}\n`,
  );
}

/** The last point of each flow from which it can go back: there, all that it has to undo is done. */
export function turningPoints({ points }: Recording): readonly Failpoint[] {
  const passed = distinct(points);
  // A verb that a pivot calls cannot turn its flow back any more.
  const isOfPivot = ({ flow, step, at }: Failpoint) =>
    at === 'before-run' && !isVerb(flow) && isPivot(`${flow}/${step}`);
  const first = passed.findIndex(isOfPivot);
  const beforePivot = first < 0 ? passed : passed.slice(0, first);
  return allFlows.flatMap(({ name, steps }) => {
    const pivot = steps.findIndex((step) => step.pivot === true);
    const last = (pivot < 0 ? steps : steps.slice(0, pivot)).findLast(({ isWayBack }) => isWayBack !== true);
    const point = (pivot < 0 ? beforePivot : passed).find(
      ({ flow, step, at }) => flow === name && step === last?.name && at === 'after-run',
    );
    return point === undefined ? [] : [point];
  });
}
