import { silentLogger } from '../../src/base/index.ts';
import type { StepEvent } from '../../src/base/index.ts';
import { toDpmSettings } from '../../src/compute/index.ts';
import { openManager } from '../../src/compute/index.ts';
import type { ComputeManager, OpenManagerOptions } from '../../src/compute/index.ts';
import type { Settings } from '../../src/config/index.ts';
import type { RequestLogEntry, SimulatorSnapshot } from '../../src/simulator/index.ts';
import { MemoryPartitionRecords } from '../../src/partition/index.ts';
import { defaultDpmPolicies, loadDriver } from '../../src/virt/index.ts';
import type { ComputeDriver } from '../../src/virt/index.ts';
import { StockManager, stockVirtApi } from '../parking/stock-manager.ts';
import type { Server } from '../parking/stock-manager.ts';
import { SanHost } from '../support/fake-host/san-host.ts';
import { quickPolicies as hostPolicies } from '../support/fake-host/scenes.ts';
import { createPayroll } from '../support/payroll.ts';
import { Witness } from '../support/witness.ts';
import { quickCinder, quickPolicies, startWorld } from '../support/world.ts';
import type { World, WorldOptions } from '../support/world.ts';
import { DONE, isWayBack, lastSteps } from './flows.ts';
import { Traps } from './traps.ts';

export interface StageOptions extends WorldOptions {
  /** A Linux host with somebody's partition beside it, and a path service: for volumes without Nova. */
  readonly withHost?: boolean;
  /** Somebody's partition on the same machine. */
  readonly withPayroll?: boolean;
  /** Beside the manager, one that unmaps after a destroy, as stock Nova does. */
  readonly withStock?: boolean;
}

/** What there is on every side. */
export interface Picture extends SimulatorSnapshot {
  /** Of the Linux host, by volume, for names of devices differ from one attach to the next. */
  readonly linux: Readonly<Record<string, readonly string[]>>;
}

/** A request, and the step of the flow during which it came. */
export interface Observed {
  readonly entry: RequestLogEntry;
  /** `flow/step`; empty before the first step, `flow/(done)` after the last one. */
  readonly step: string;
  readonly isUndo: boolean;
  /** Does it come after the flow, or one of its verbs, has turned back? */
  readonly isOnWayBack: boolean;
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
  readonly empty: Picture;
  readonly host: SanHost | undefined;
  /** The path service of the host, where there is one. */
  readonly witness: Witness | undefined;
  readonly #withStock: boolean;
  /** What the driver of the stock manager keeps, over restarts. */
  readonly #records = new MemoryPartitionRecords();
  #manager: ComputeManager | undefined;
  #stock: StockManager | undefined;
  /** Of the stock manager. */
  server: Server | undefined;
  #isImpatient = false;
  #deadlineMs = FIRST_DEADLINE_MS;
  #marks: Mark[] = [];

  private constructor(world: World, host: SanHost | undefined, witness: Witness | undefined, withStock: boolean) {
    this.#withStock = withStock;
    this.world = world;
    this.host = host;
    this.witness = witness;
    this.empty = this.picture();
  }

  static async start({
    set,
    withHost = false,
    withStock = false,
    withPayroll = false,
    ...options
  }: StageOptions): Promise<Stage> {
    const world = await startWorld({
      timing: { stallMs: STALL_MS },
      ...options,
      set: { 'dpm.start_timeout': '20', ...set },
    });
    const host = withHost ? openHost(world) : undefined;
    if (withHost || withPayroll) await createPayroll(world);
    const stage = new Stage(world, host, host && (await Witness.start(world, host)), withStock);
    await stage.reopen();
    return stage;
  }

  get manager(): ComputeManager {
    return this.#manager!; // there is one from start to disposal, but for the moments in which it is replaced
  }

  get stock(): StockManager {
    return this.#stock!; // as the manager, on a stage that has one
  }

  /** All that there is now; no part of it is told by the code under test. */
  picture(): Picture {
    const { host, world } = this;
    return { ...world.sim.snapshot(), linux: host === undefined ? {} : pictureOf(host, world) };
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
    await this.#stock?.[Symbol.asyncDispose]();
    this.#manager = undefined;
    this.#stock = undefined;
    this.#manager = await openManager(settings, {
      context,
      baseDir: statePath,
      ...options,
      localHost: this.host && { system: this.host, isRoot: true, policies: hostPolicies },
      onStep: (event) => this.#mark(event),
      failpoint: this.traps.failpoint,
    });
    if (this.#withStock)
      this.#stock = await StockManager.start(
        this.world,
        stockVirtApi,
        async () => await this.#openDriver(settings, options),
      );
  }

  /** The driver of a manager of which no flow is known: what it does is watched by its acts. */
  async #openDriver(settings: Settings, { policies }: Partial<OpenManagerOptions>): Promise<ComputeDriver> {
    const { statePath } = this.world;
    return await loadDriver(
      settings.computeDriver,
      {
        log: silentLogger,
        onStep: (event) => this.#mark(event),
        failpoint: this.traps.failpoint,
        partitionRecords: this.#records,
        virtapi: stockVirtApi,
        host: settings.host,
        dpm: () => toDpmSettings(settings, { ...defaultDpmPolicies, ...policies }, statePath),
      },
      statePath,
    );
  }

  /** Begins to note which step makes which request. */
  watch(): void {
    this.world.sim.log.clear();
    this.#marks = [];
  }

  /** What was seen since {@link Stage.watch}; an aggregated request comes before its entries. */
  observed(): readonly Observed[] {
    return this.world.sim.log.entries.flatMap((entry, index) => {
      const passed = this.#marks.filter(({ at }) => at <= index);
      const mark = passed.at(-1);
      const isOnWayBack = passed.some(({ isUndo }) => isUndo) || (mark !== undefined && isWayBack(mark.step));
      const where = { step: mark?.step ?? '', isUndo: mark?.isUndo ?? false, isOnWayBack };
      return [entry, ...(entry.children ?? [])].map((each) => ({ entry: each, ...where }));
    });
  }

  /** `flow/step` that was begun last. */
  get step(): string {
    return this.#marks.at(-1)?.step ?? '';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#manager?.[Symbol.asyncDispose]();
    await this.#stock?.[Symbol.asyncDispose]();
    await this.witness?.[Symbol.asyncDispose]();
    await this.world[Symbol.asyncDispose]();
  }

  /** Requests are logged in order, steps are told in order: the length of the log says which request came when. */
  #mark({ state, flow, step }: StepEvent): void {
    const at = this.world.sim.log.entries.length;
    const name = `${flow}/${step}`;
    if (state === 'running' || state === 'undoing') this.#marks.push({ at, step: name, isUndo: state === 'undoing' });
    // What is asked after the last step is asked for the answer to the caller.
    else if (state === 'done' && lastSteps.has(name)) this.#marks.push({ at, step: `${flow}/${DONE}`, isUndo: false });
  }
}

/** Where volumes are mounted, on a host whose volumes hold file systems. */
export const MOUNT_POINT = '/mnt/data';

function openHost({ sim }: World): SanHost {
  const host = new SanHost(sim.san);
  host.directories.add(MOUNT_POINT);
  for (const { id } of sim.volumes) host.contents.set(identityOf(sim, id), 'TYPE=ext4\nUSAGE=filesystem');
  return host;
}

/** As the kernel tells it. */
function identityOf({ san }: World['sim'], volumeId: string): string {
  return `naa.${(san.findVolume(volumeId)?.uuid ?? '').toLowerCase()}`;
}

function pictureOf(host: SanHost, { sim }: World): Picture['linux'] {
  host.settle();
  const volumes = new Map(sim.volumes.map(({ id }) => [identityOf(sim, id), id]));
  const found: Record<string, string[]> = {};
  const note = (wwid: string, text: string) => (found[volumes.get(wwid) ?? wwid] ??= []).push(text);
  for (const { hctl, wwid, isReadOnly, block } of host.disks) {
    const [map] = host.maps.filter(({ slaves }) => slaves.includes(block));
    note(wwid, `${hctl}${isReadOnly ? ' read-only' : ''}${map === undefined ? ' without a map' : ''}`);
  }
  for (const { wwid, slaves, block } of host.maps) {
    const mounted = host.mounts.get(block);
    note(
      wwid.replace(/^3/, 'naa.'),
      `map of ${slaves.length}${mounted === undefined ? '' : `, mounted on ${mounted}`}`,
    );
  }
  for (const unit of host.units) note('units', unit);
  return Object.fromEntries(Object.entries(found).map(([volume, texts]) => [volume, texts.toSorted()]));
}
