import { openManager } from '../../src/compute/index.ts';
import type { ComputeManager, OpenManagerOptions } from '../../src/compute/index.ts';
import type { StepEvent } from '../../src/saga/index.ts';
import type { RequestLogEntry, SimulatorSnapshot } from '../../src/simulator/index.ts';
import { quickCinder, quickPolicies, startWorld } from '../support/world.ts';
import type { World, WorldOptions } from '../support/world.ts';
import { Traps } from './traps.ts';

/** A request, and the step of the flow during which it came. */
export interface Observed {
  readonly entry: RequestLogEntry;
  /** `flow/step`; empty before the first step. */
  readonly step: string;
  readonly isUndo: boolean;
}

interface Mark {
  readonly at: number;
  readonly step: string;
  readonly isUndo: boolean;
}

/** What an impatient manager waits for an answer. Faults are late by {@link LATE_MS}. */
const DEADLINE_MS = 120;
export const LATE_MS = 300;
/** How long the fault `stalled` lasts: longer than an impatient manager waits, shorter than a patient one. */
const STALL_MS = 300;

const once = { attempts: 2, firstDelayMs: 1, maxDelayMs: 1, factor: 1, budgetMs: 5_000 };

const impatience = {
  startTimeoutMs: DEADLINE_MS,
  discoveryTimeoutMs: DEADLINE_MS,
  options: {
    policies: {
      ...quickPolicies,
      undo: { retry: once, timeoutMs: 2 * DEADLINE_MS },
      hmc: { ...quickPolicies?.hmc, timeouts: { requestMs: DEADLINE_MS, callMs: 2 * DEADLINE_MS } },
    },
    cinder: { ...quickCinder, timeouts: { requestMs: DEADLINE_MS, backendMs: DEADLINE_MS } },
  },
} as const satisfies {
  startTimeoutMs: number;
  discoveryTimeoutMs: number;
  options: Partial<OpenManagerOptions>;
};

/** A world with a manager whose steps are watched and can be made to fail. */
export class Stage implements AsyncDisposable {
  readonly world: World;
  readonly traps = new Traps();
  /** The world when nothing is in it: what every row has to come back to. */
  readonly empty: SimulatorSnapshot;
  #manager: ComputeManager | undefined;
  #isImpatient = false;
  #marks: Mark[] = [];

  private constructor(world: World) {
    this.world = world;
    this.empty = world.sim.snapshot();
  }

  static async start({ set, ...options }: WorldOptions): Promise<Stage> {
    const world = await startWorld({
      timing: { stallMs: STALL_MS },
      ...options,
      set: { 'dpm.start_timeout': '20', ...set },
    });
    const stage = new Stage(world);
    await stage.reopen();
    return stage;
  }

  get manager(): ComputeManager {
    return this.#manager!; // there is one from start to disposal
  }

  get isImpatient(): boolean {
    return this.#isImpatient;
  }

  /** A manager that has learned nothing yet. The one before closes as a process that ends in good order. */
  async reopen(isImpatient = false): Promise<void> {
    await this.#manager?.[Symbol.asyncDispose]();
    const { settings, context, statePath } = this.world;
    const { startTimeoutMs, discoveryTimeoutMs } = impatience;
    const dpm = isImpatient ? { ...settings.dpm, startTimeoutMs, discoveryTimeoutMs } : settings.dpm;
    this.#isImpatient = isImpatient;
    this.#manager = await openManager(
      { ...settings, dpm },
      {
        context,
        baseDir: statePath,
        policies: quickPolicies,
        cinder: quickCinder,
        ...(isImpatient ? impatience.options : {}),
        onStep: (event) => this.#mark(event),
        failpoint: this.traps.failpoint,
      },
    );
  }

  /** Begins to note which step makes which request. */
  watch(): void {
    this.world.sim.log.clear();
    this.#marks = [];
  }

  /** What was seen since {@link Stage.watch}; an aggregated request stands before its entries. */
  observed(): readonly Observed[] {
    return this.world.sim.log.entries.flatMap((entry, index) => {
      const mark = this.#marks.findLast(({ at }) => at <= index);
      const where = { step: mark?.step ?? '', isUndo: mark?.isUndo ?? false };
      return [entry, ...(entry.children ?? [])].map((each) => ({ entry: each, ...where }));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#manager?.[Symbol.asyncDispose]();
    await this.world[Symbol.asyncDispose]();
  }

  /** Requests are logged in order, steps are told in order: the length of the log says which request came when. */
  #mark({ state, flow, step }: StepEvent): void {
    if (state !== 'running' && state !== 'undoing') return;
    const at = this.world.sim.log.entries.length;
    this.#marks.push({ at, step: `${flow}/${step}`, isUndo: state === 'undoing' });
  }
}
