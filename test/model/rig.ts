import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { ComputeManager, OpenManagerOptions } from '../../src/compute/index.ts';
import type { FaultRule } from '../../src/simulator/index.ts';
import type { RequestContext } from '../../src/virt/index.ts';
import { withNamedVolumes } from '../support/snapshots.ts';
import { scratch, startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';
import { addForeignThings, foreignGroup, foreignThings, foreignVolume } from '../support/foreign.ts';
import { compareWithModel } from './invariants.ts';
import { Life } from './life.ts';
import { describeServer, emptyModel } from './model.ts';
import type { Model, ModelServer } from './model.ts';
import { toOutcome } from './outcome.ts';
import type { Outcome } from './outcome.ts';
import type { Tally } from './tally.ts';

export interface RigOptions {
  readonly machine: 'z13' | 'z16';
  readonly flow: 'attachments' | 'legacy';
  readonly order: 'deferred' | 'stock';
  readonly wrapDriver?: OpenManagerOptions['wrapDriver'];
}

export const bootVolumes = ['boot-1', 'boot-2', 'boot-3'] as const;
export const dataVolumes = ['data-1', 'data-2', 'data-3'] as const;

const volumes = [
  ...bootVolumes.map((name) => ({ name, size: 20, bootable: true })),
  ...dataVolumes.map((name, index) => ({ name, size: 10 + (index % 2) })),
  { name: foreignVolume, size: 10 },
];

/** When a manager dies during an operation; its successor may meet the same fault. */
export interface Crash {
  readonly at: number;
  readonly keepsFault: boolean;
}

/** Simulators, a manager that can die and be opened again, and the model that both are compared with. */
export class Rig implements AsyncDisposable {
  readonly model: Model = emptyModel();
  readonly world: World;
  readonly tally: Tally;
  readonly #options: RigOptions;
  readonly #root = mkdtempSync(join(scratch(), 'nova-dpm-model-'));
  readonly #lives: Life[] = [];
  readonly #foreign: string;
  readonly #start: ReturnType<World['sim']['snapshot']>;

  private constructor(world: World, options: RigOptions, tally: Tally) {
    this.world = world;
    this.tally = tally;
    this.#options = options;
    this.#start = withNamedVolumes(world.sim.snapshot());
    this.#foreign = this.#foreignThings();
  }

  static async start(options: RigOptions, tally: Tally): Promise<Rig> {
    const { machine, flow, order } = options;
    const world = await startWorld({
      machine,
      volumes,
      // A WWPN that is handed out again makes every mask left behind somebody else's disk.
      reuseWwpns: true,
      timing: { stallMs: 20 },
      ...(flow === 'legacy' ? { cinder: { maxMicroversion: '3.43' } } : {}),
      ...(machine === 'z13' ? {} : { storageGroups: [preparedGroup] }),
      set: { 'dpm.spawn_order': order, 'dpm.start_timeout': '2', 'dpm.discovery_timeout': '2' },
    });
    await addForeignThings(world);
    const rig = new Rig(world, options, tally);
    await rig.#open();
    return rig;
  }

  get manager(): ComputeManager {
    return this.#life.manager;
  }

  get context(): RequestContext {
    return this.world.context;
  }

  volumeId(name: string): string {
    return this.world.sim.volumes.find((volume) => volume.name === name)?.id ?? name;
  }

  arm(rule: FaultRule): void {
    this.world.sim.faults.clear();
    this.world.sim.faults.add(rule);
    this.model.isFaultArmed = true;
  }

  /** Runs one operation, under the fault that is armed, to its end or to the manager's. Afterwards all is well again. */
  async attempt(work: (manager: ComputeManager) => Promise<unknown>, crash?: Crash): Promise<Outcome> {
    this.tally.operations += 1;
    const life = this.#life;
    const death = crash === undefined ? undefined : life.dieAt(crash.at).then((): Outcome => ({ kind: 'crashed' }));
    const ended = toOutcome(work(life.manager));
    const outcome = await (death === undefined ? ended : Promise.race([ended, death]));
    if (crash?.keepsFault !== true) this.heal();
    if (crash !== undefined) await this.reopen(ended);
    this.heal();
    this.#count(outcome);
    return outcome;
  }

  /** The manager is dropped as it is, and another one begins on what it had written. */
  async reopen(unfinished: Promise<unknown> = Promise.resolve()): Promise<void> {
    this.tally.crashes += 1;
    this.#life.abandon(unfinished);
    await this.#open().catch(async (error: unknown) => {
      if (!this.model.isFaultArmed) throw error;
      this.heal(); // a manager that cannot reach its HMC does not start
      await this.#open();
    });
  }

  heal(): void {
    const { faults } = this.world.sim;
    this.tally.struck += faults.rules.filter(({ id }) => faults.struck(id) > 0).length;
    faults.clear();
    this.model.isFaultArmed = false;
  }

  /** Asks the manager what became of a server, and takes it for the truth if it is one of what was possible. */
  async learn(
    name: string,
    possible: readonly (ModelServer | undefined)[],
    what: string,
  ): Promise<ModelServer | undefined> {
    const seen = await this.#look(name);
    // A power state that was not known before is no better known by an operation on something else.
    const isUnknown = possible.every((server) => server === undefined || server.power === 'unknown');
    const learned = seen === undefined || !isUnknown ? seen : ({ ...seen, power: 'unknown' } as const);
    const known = possible.map(describeServer);
    if (!known.includes(describeServer(learned)))
      throw new Error(`${what}: server ${name} is "${describeServer(learned)}", expected ${known.join(' or ')}`);
    if (learned === undefined) this.model.servers.delete(name);
    else this.model.servers.set(name, learned);
    return learned;
  }

  /** After a flow was resumed: finished and rolled back are both right, and its volume or server is in a final state. */
  async relearn(name: string, before: ModelServer, mayBeStuck: boolean): Promise<void> {
    const learned = await this.#look(name);
    const isHalf = before.state === 'error' && learned?.state === 'whole';
    if (isHalf || (learned?.isStuck === true && !mayBeStuck))
      throw new Error(`taken up, server ${name} is "${describeServer(learned)}", and was "${describeServer(before)}"`);
    if (learned === undefined) this.model.servers.delete(name);
    else this.model.servers.set(name, { ...learned, power: before.power === 'unknown' ? 'unknown' : learned.power });
  }

  async #look(name: string): Promise<ModelServer | undefined> {
    const summary = (await this.manager.list(this.context)).find((server) => server.name === name);
    if (summary === undefined) return undefined;
    const { id: uuid, status } = summary;
    const isStuck = (await this.manager.listFlows({ open: true })).some(({ subject }) => subject === uuid);
    const nothing = { uuid, boot: '', data: new Set<string>(), isStuck };
    if (status === 'ERROR') return { ...nothing, state: 'error', power: 'unknown' };
    const shown = await this.manager.show(uuid, this.context);
    const names = shown.volumes.map(({ volume_id: id, boot_index: index }) => ({ name: this.#volumeName(id), index }));
    return {
      ...nothing,
      state: 'whole',
      power: powerOf(status) ?? 'unknown',
      boot: names.find(({ index }) => index === 0)?.name ?? '',
      data: new Set(names.filter(({ index }) => index !== 0).map((volume) => volume.name)),
    };
  }

  /** What must hold after every operation. */
  async check(what: string): Promise<void> {
    const flows = await this.manager.listFlows({ open: true });
    const named = JSON.stringify(flows.map(({ leftBehind }) => leftBehind));
    const known = this.world.sim.volumes.filter(({ id }) => named.includes(id));
    this.model.uncertain = new Set(known.map(({ name }) => name));
    const problems = compareWithModel(this.model, this.world)
      .filter(({ key }) => !(key === 'zone' && flows.length > 0) && !named.includes(key))
      .map(({ text }) => text);
    const stuck = new Set([...this.model.servers.values()].filter(({ isStuck }) => isStuck).map(({ uuid }) => uuid));
    const surprising = flows.filter(({ subject }) => !stuck.has(subject ?? ''));
    problems.push(...surprising.map(({ flow, state, error }) => `flow ${flow} is ${state}: ${error ?? ''}`));
    if (this.#foreignThings() !== this.#foreign) problems.push('what belongs to others was touched');
    problems.push(...(await this.#compareList()));
    if (problems.length > 0) throw new Error(`after ${what}: ${problems.join('; ')} (named by flows: ${named})`);
  }

  /** The end of every sequence: plain means put all right, `verify` finds nothing, and everything is as at the start. */
  async finish(): Promise<void> {
    this.heal();
    await this.resumeAll();
    for (const { id } of await this.manager.list(this.context)) await this.manager.delete(id, this.context);
    const findings = await this.manager.verify(this.context);
    const flows = await this.manager.listFlows({ open: true });
    if (findings.length + flows.length > 0) throw new Error(`at the end: ${JSON.stringify([...findings, ...flows])}`);
    const end = withNamedVolumes(this.world.sim.snapshot());
    if (!isDeepStrictEqual(end, this.#start))
      throw new Error(`at the end it is not as at the start: ${this.#diff(end)}`);
  }

  /** Resumes stuck flows, as `dpm flow resume` does. */
  async resumeAll(): Promise<void> {
    const tops = (await this.manager.listFlows({ open: true })).filter(({ parent }) => parent === undefined);
    for (const { id } of tops) {
      // One that is ended closes those that it has made pointless.
      const open = await this.manager.listFlows({ open: true });
      if (!open.some((flow) => flow.id === id)) continue;
      await this.manager.resumeFlow(id, this.context);
      this.tally.resumed += 1;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.world.sim.faults.clear();
    for (const life of this.#lives) await life[Symbol.asyncDispose]();
    await this.world[Symbol.asyncDispose]();
    rmSync(this.#root, { recursive: true, force: true });
  }

  get #life(): Life {
    const life = this.#lives.at(-1);
    if (life === undefined) throw new Error('no manager was opened');
    return life;
  }

  async #open(): Promise<void> {
    const before = this.#lives.at(-1);
    const life = new Life(join(this.#root, String(this.#lives.length)));
    this.#lives.push(life);
    await life.begin(this.world, this.#options.wrapDriver, before);
  }

  #foreignThings(): string {
    return foreignThings(this.world.sim.snapshot(), this.volumeId(foreignVolume));
  }

  #volumeName(id: string): string {
    return this.world.sim.volumes.find((volume) => volume.id === id)?.name ?? id;
  }

  async #compareList(): Promise<readonly string[]> {
    const listed = await this.manager.list(this.context);
    const is = listed.map(({ name, task_state: task }) => `${name}${task === null ? '' : ` (${task})`}`).toSorted();
    const should = [...this.model.servers.keys()].toSorted();
    return isDeepStrictEqual(is, should) ? [] : [`servers are ${is.join(', ')}, not ${should.join(', ')}`];
  }

  #diff(end: ReturnType<World['sim']['snapshot']>): string {
    const parts = (snapshot: typeof end) => ({ ...snapshot.hmc, ...snapshot.san, ...snapshot.cinder });
    const was = Object.entries(parts(this.#start));
    return was
      .filter(
        ([key, value]) => !isDeepStrictEqual(value, Object.entries(parts(end)).find(([name]) => name === key)?.[1]),
      )
      .map(([key]) => key)
      .join(', ');
  }

  #count({ kind }: Outcome): void {
    if (kind === 'rolled-back') this.tally.rolledBack += 1;
    if (kind === 'stuck') this.tally.stuck += 1;
  }
}

const preparedGroup = {
  name: foreignGroup,
  type: 'fcp',
  volumes: [{ name: 'their-disk', sizeGib: 10 }],
} as const;

function powerOf(status: string): ModelServer['power'] | undefined {
  return status === 'ACTIVE' ? 'active' : status === 'SHUTOFF' ? 'stopped' : undefined;
}
