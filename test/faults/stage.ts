import { openManager } from '../../src/compute/index.ts';
import type { ComputeManager, OpenManagerOptions } from '../../src/compute/index.ts';
import type { Settings } from '../../src/config/index.ts';
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

/** What an impatient manager waits for an answer, at first: on a machine that is too busy for it, it learns to wait longer. */
const FIRST_DEADLINE_MS = 100;
const LAST_DEADLINE_MS = 6_400;
/** Faults are late by so many deadlines: by more than all repeats of a request together. */
const LATE_DEADLINES = 2.5;
/** How long the fault `stalled` lasts: longer than an impatient manager waits, shorter than a patient one. */
const STALL_MS = 300;

const once = { attempts: 2, firstDelayMs: 1, maxDelayMs: 1, factor: 1, budgetMs: 5_000 };

function impatient(deadlineMs: number): Pick<OpenManagerOptions, 'policies' | 'cinder'> {
  const timeouts = { requestMs: deadlineMs, callMs: 2 * deadlineMs };
  return {
    policies: {
      ...quickPolicies,
      undo: { retry: once, timeoutMs: 2 * deadlineMs },
      hmc: { ...quickPolicies?.hmc, timeouts },
    },
    cinder: { ...quickCinder, timeouts: { requestMs: deadlineMs, backendMs: deadlineMs } },
  };
}

/** A world with a manager whose steps are watched and can be made to fail. */
export class Stage implements AsyncDisposable {
  readonly world: World;
  readonly traps = new Traps();
  /** The world when nothing is in it: what every row has to come back to. */
  readonly empty: SimulatorSnapshot;
  #manager: ComputeManager | undefined;
  #isImpatient = false;
  #deadlineMs = FIRST_DEADLINE_MS;
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
    return this.#manager!; // there is one from start to disposal, but for the moments in which it is replaced
  }

  get isImpatient(): boolean {
    return this.#isImpatient;
  }

  /** By how much a late fault is late. */
  get lateMs(): number {
    return this.#deadlineMs * LATE_DEADLINES;
  }

  /** A manager that has learned nothing yet. The one before closes as a process that ends in good order. */
  async reopen(): Promise<void> {
    const { settings } = this.world;
    await this.#open(settings, { policies: quickPolicies, cinder: quickCinder });
    this.#isImpatient = false;
  }

  /** One with short deadlines, but long enough for it to open. */
  async reopenImpatient(): Promise<void> {
    const { settings } = this.world;
    for (;;) {
      const waits = { startTimeoutMs: this.#deadlineMs, discoveryTimeoutMs: this.#deadlineMs };
      try {
        await this.#open({ ...settings, dpm: { ...settings.dpm, ...waits } }, impatient(this.#deadlineMs));
        this.#isImpatient = true;
        return;
      } catch (error) {
        if (this.#deadlineMs >= LAST_DEADLINE_MS) throw error;
        this.relent();
      }
    }
  }

  /** The machine is too busy for these deadlines. */
  relent(): void {
    this.#deadlineMs = Math.min(2 * this.#deadlineMs, LAST_DEADLINE_MS);
  }

  async #open(settings: Settings, options: Partial<OpenManagerOptions>): Promise<void> {
    const { context, statePath } = this.world;
    await this.#manager?.[Symbol.asyncDispose]();
    this.#manager = undefined;
    this.#manager = await openManager(settings, {
      context,
      baseDir: statePath,
      ...options,
      onStep: (event) => this.#mark(event),
      failpoint: this.traps.failpoint,
    });
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
