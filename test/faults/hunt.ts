import type { Edit } from '../support/mutant.ts';
import { loadMutant } from '../support/mutant.ts';
import { faultDrafts, pointDrafts, undoDrafts } from './drafts.ts';
import type { Draft } from './drafts.ts';
import { nameRow, runRow } from './run-row.ts';
import { misfit } from './pins.ts';
import type { Scenario } from './scenarios.ts';
import { undone } from './scenarios.ts';
import { Stage } from './stage.ts';
import type { StageOptions } from './stage.ts';
import { record } from './strikes.ts';
import type { Recording } from './strikes.ts';
import { turningPoints } from './matrix.ts';

/** A defect, the rows that have to show it, and what they have to say. */
export interface Mutant {
  readonly name: string;
  /** From the root of the repository. */
  readonly file: string;
  readonly edits: readonly Edit[];
  readonly scenario: Scenario;
  /** Which rows of the scenario are tried: by their name. */
  readonly rows: RegExp;
  readonly problem: RegExp;
}

/** What replaces modules while a row acts. */
export const planted: { file: string; exports: Readonly<Record<string, unknown>> | undefined } = {
  file: '',
  exports: undefined,
};

/** No more rows than so many are tried for a mutant. */
const TRIES = 12;

/** Mutants of one world. */
export class Hunt implements AsyncDisposable {
  readonly #stage: Stage;
  readonly #recordings = new Map<string, Recording>();

  private constructor(stage: Stage) {
    this.#stage = stage;
  }

  static async start(world: StageOptions): Promise<Hunt> {
    return new Hunt(await Stage.start(world));
  }

  /**
   * Runs rows until one has the problem; first without the mutant, so that it is the mutant that they show.
   *
   * @returns the row that caught it, and what it said
   */
  async hunt(mutant: Mutant): Promise<string> {
    const exports = await loadMutant(mutant.file, mutant.edits);
    const [seen, tried]: [string[], string[]] = [[], []];
    for (const { scenario, drafts, success } of await this.#choices(mutant)) {
      const acting: Scenario = {
        ...scenario,
        act: async (...args) => {
          Object.assign(planted, { file: mutant.file, exports });
          try {
            return await scenario.act(...args);
          } finally {
            planted.exports = undefined;
          }
        },
      };
      for (const draft of drafts) {
        const row = { scenario, ...draft, success, tidying: 'delete' } as const;
        const healthy = await runRow(this.#stage, row);
        const wrong = healthy.problem || misfit(healthy);
        if (wrong !== '') throw new Error(`without a mutant, ${healthy.name} => ${wrong}`);
        const result = await runRow(this.#stage, { ...row, scenario: acting });
        tried.push(`${result.name} ${result.ending} ${result.hasStruck}`);
        const said = result.problem || misfit(result);
        if (mutant.problem.test(said)) return `${mutant.name}: ${nameRow(row)} => ${said.slice(0, 240)}`;
        if (said !== '') seen.push(said);
        if (result.isBroken) throw new Error(`${mutant.name}: ${result.name} => ${said}`);
      }
    }
    throw new Error(
      `${mutant.name} is not caught by ${tried.length} rows (${tried.join('; ').slice(0, 900)}): ${seen.join(' | ') || 'every row was as it must be'}`,
    );
  }

  /** Rows of the way forward, and of the way back where it is its undo that fails. */
  async #choices({ scenario, rows }: Mutant) {
    const recording = await this.#record(scenario);
    const ways = turningPoints(recording).map((point) => ({ scenario: undone(scenario, point), point }));
    const all = [{ scenario, drafts: [...faultDrafts(recording), ...pointDrafts(recording)] }];
    for (const { scenario: back, point } of ways)
      all.push({ scenario: back, drafts: [...undoDrafts(await this.#record(back), point)] });
    let left = TRIES;
    return all.map((each) => {
      const named = (draft: Draft) =>
        nameRow({ scenario: each.scenario, ...draft, success: recording.after, tidying: 'delete' });
      const drafts = each.drafts.filter((draft) => rows.test(named(draft))).slice(0, left);
      left -= drafts.length;
      return { scenario: each.scenario, drafts, success: recording.after };
    });
  }

  async #record(scenario: Scenario): Promise<Recording> {
    const key = `${scenario.name} ${JSON.stringify(scenario.failsAt)}`;
    const known = this.#recordings.get(key) ?? (await record(this.#stage, scenario));
    this.#recordings.set(key, known);
    return known;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stage[Symbol.asyncDispose]();
  }
}
