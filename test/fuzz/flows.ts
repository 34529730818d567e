import * as fc from 'fast-check';
import { describeError, DpmError, findError, Secret, toError } from '../../src/base/index.ts';
import type { ComputeManager } from '../../src/compute/index.ts';
import type { SimulatorOptions, SimulatorSnapshot } from '../../src/simulator/index.ts';
import { scenarios } from './scenarios.ts';
import type { Scenario } from './scenarios.ts';
import { cpcUriOf, fcpPortUris, openSession, w } from '../support/hmc-session.ts';
import { withNamedVolumes } from '../support/snapshots.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';
import { isPolluted, watchRejections } from './bodies.ts';
import { mutation } from './mutate.ts';
import type { Mutation } from './mutate.ts';
import { count, inLanes } from './lanes.ts';
import { Border } from './spoiler.ts';
import type { Spoiler } from './spoiler.ts';

/** What came of a run of flows. */
export interface FlowReport {
  /** Flows by machine, scenario and ending. */
  readonly ends: ReadonlyMap<string, number>;
  /** What must never happen, with all that is needed to see it again. */
  readonly problems: readonly string[];
}

/** Both models of storage, and both of Cinder's ways to attach. */
const machines: Readonly<Record<string, SimulatorOptions>> = {
  'z13, attachments': { machine: 'z13' },
  'z13, Cinder of old': { machine: 'z13', cinder: { maxMicroversion: '3.43' } },
  'z16, storage groups': { machine: 'z16' },
};

/** A world takes this many flows: what a lie about an object makes somebody leave behind is then thrown away with it. */
const FLOWS_PER_WORLD = 40;

/** Worlds at once: most of their time is waiting. */
const LANES = 6;

/** Runs flows, in each of which one answer reaches its client spoilt, and looks at what is left. */
export async function fuzzFlows(options: { readonly flows: number; readonly seed: number }): Promise<FlowReport> {
  using rejections = watchRejections();
  using border = new Border();
  const ends = new Map<string, number>();
  const problems: string[] = [];
  const mutations = fc.sample(mutation, { numRuns: options.flows, seed: options.seed });
  const names = Object.keys(machines);
  const worlds = Array.from({ length: Math.ceil(options.flows / FLOWS_PER_WORLD) }, (_, turn) => {
    const from = turn * FLOWS_PER_WORLD;
    return { machine: names[turn % names.length]!, some: mutations.slice(from, from + FLOWS_PER_WORLD) }; // within the list
  });
  await inLanes(LANES, worlds, async ({ machine, some }) => {
    const jobs = some.map((how, index) => ({ how, scenario: scenarios[index % scenarios.length]! })); // within the list
    while (jobs.length > 0) {
      await using arena = await Arena.open(machines[machine]!, border); // a name of the table
      while (jobs.length > 0 && !arena.isSpent) {
        const { how, scenario } = jobs.shift()!; // there is one
        const { ending, problem } = await arena.run(scenario, how);
        count(ends, `${machine}: ${scenario.name}, ${ending}`);
        if (problem !== '') problems.push(`${machine}, ${scenario.name}: ${arena.spoiler.struck ?? ''}: ${problem}`);
      }
    }
  });
  return { ends, problems: [...problems, ...border.strays, ...rejections.seen] };
}

interface FlowResult {
  readonly ending: 'absorbed' | 'rolled back' | 'stuck' | 'waiting' | 'left to verify' | 'not struck';
  readonly problem: string;
}

/** A world with a partition of somebody else's, a manager, and the spoiler between them. */
class Arena implements AsyncDisposable {
  readonly spoiler: Spoiler;
  readonly #world: World;
  #manager: ComputeManager;
  /** How many requests each scenario makes: one of them is spoilt. */
  readonly #lengths = new Map<string, number>();
  readonly #empty: string;
  /** Something is left that only a person can mend. */
  isSpent = false;

  static async open(options: SimulatorOptions, border: Border): Promise<Arena> {
    const world = await startWorld(options);
    const { hmc, cinder, keystone } = world.sim;
    const spoiler = border.spoilerFor([hmc.url, cinder.url, keystone.url]);
    await addForeignPartition(world);
    return new Arena(world, await world.open(), spoiler);
  }

  private constructor(world: World, manager: ComputeManager, spoiler: Spoiler) {
    this.#world = world;
    this.#manager = manager;
    this.spoiler = spoiler;
    this.#empty = this.#look();
  }

  async run(scenario: Scenario, how: Mutation): Promise<FlowResult> {
    const length = this.#lengths.get(scenario.name) ?? (await this.#measure(scenario));
    const server = await scenario.prepare(this.#world, this.#manager);
    const before = this.#look();
    this.spoiler.arm(how.otherPlace % length, how);
    const failure = await this.#act(scenario, server);
    this.spoiler.disarm();
    const result = await this.#judge(failure, before);
    const rest = await this.#tidy(server, result.ending);
    const ending = this.isSpent ? 'left to verify' : result.ending;
    return { ending, problem: result.problem || rest };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#manager[Symbol.asyncDispose]();
    await this.#world[Symbol.asyncDispose]();
  }

  async #measure(scenario: Scenario): Promise<number> {
    // The first time there are logons and versions to be asked for besides.
    const times = this.#lengths.size === 0 ? 2 : 1;
    for (let time = 0; time < times; time += 1) {
      const server = await scenario.prepare(this.#world, this.#manager);
      this.spoiler.requests = 0;
      await scenario.act(this.#world, this.#manager, server);
      this.#lengths.set(scenario.name, this.spoiler.requests);
      if (scenario.name !== 'delete') await this.#manager.delete(server, this.#world.context);
    }
    return this.#lengths.get(scenario.name) ?? 1;
  }

  async #act(scenario: Scenario, server: string): Promise<unknown> {
    try {
      await scenario.act(this.#world, this.#manager, server);
      return undefined;
    } catch (error) {
      return error ?? new Error('nothing was thrown');
    }
  }

  async #judge(failure: unknown, before: string): Promise<FlowResult> {
    const harm = this.#harm(failure);
    if (this.spoiler.struck === undefined) return { ending: 'not struck', problem: harm };
    if (failure === undefined || harm !== '') return { ending: 'absorbed', problem: harm };
    const left = findError(failure, 'FLOW_STUCK', 'FLOW_WAITING');
    if (left !== undefined) {
      const ending = left.code === 'FLOW_STUCK' ? 'stuck' : 'waiting';
      const named = left.facts.leftBehind;
      const isNamed = Array.isArray(named) && named.length > 0;
      return { ending, problem: isNamed ? '' : `${ending} without naming anything: ${describeError(failure)}` };
    }
    if (this.#look() === before) return { ending: 'rolled back', problem: '' };
    const findings = await this.#manager.verify(this.#world.context);
    const problem = findings.length > 0 ? '' : `half done, and nothing names it: ${describeError(failure)}`;
    return { ending: 'left to verify', problem };
  }

  #harm(failure: unknown): string {
    if (failure !== undefined && !isOurs(failure)) {
      return `not an error of ours: ${toError(failure).stack ?? ''}`;
    }
    return isPolluted() ? 'the prototype of all objects has changed' : '';
  }

  /** Whatever happened: what is named can be mended, and then everything is as it was. */
  async #tidy(server: string, ending: FlowResult['ending']): Promise<string> {
    const { context } = this.#world;
    try {
      await this.#manager.repair(await this.#manager.verify(context), context);
      const left = (await this.#manager.list(context)).filter(({ name }) => name === server);
      for (const { id } of left) await this.#manager.delete(id, context);
    } catch (error) {
      return `cannot be tidied up: ${describeError(error)}`;
    }
    const now = this.#look();
    if (now === this.#empty) return '';
    // Who is lied to about what there is leaves it; then it has to be named, and the next flow gets another world.
    this.isSpent = true;
    const findings = await this.#manager.verify(context);
    if (findings.length > 0) return '';
    return `after tidying up (${ending}), verify says nothing: ${firstDifference(this.#empty, now)}`;
  }

  #look(): string {
    return JSON.stringify(withNamedVolumes(this.#world.sim.snapshot()) satisfies SimulatorSnapshot);
  }
}

function isOurs(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.every(isOurs);
  return error instanceof DpmError && findError(error, 'INTERNAL') === undefined;
}

function firstDifference(was: string, is: string): string {
  let at = 0;
  while (was[at] === is[at] && at < was.length) at += 1;
  return `"${was.slice(Math.max(0, at - 150), at + 150)}" became "${is.slice(Math.max(0, at - 150), at + 150)}"`;
}

/** A partition that looks almost like one of ours; nothing that any answer says may make us touch it. */
async function addForeignPartition({ sim }: World): Promise<void> {
  await using hmc = openSession(sim, { password: async () => new Secret(sim.hmc.password) });
  const cpcUri = cpcUriOf(sim);
  const partition = { name: 'OpenStack-compute2-foreign', iflProcessors: 1, initialMemory: 1024, maximumMemory: 1024 };
  const uri = await hmc.partitions.create(cpcUri, partition, w);
  const [port] = await fcpPortUris(hmc, cpcUri);
  const cpc = await hmc.cpcs.get(cpcUri, w);
  if (!cpc.hasStorageManagement && port !== undefined)
    await hmc.hbas.create(uri, { name: 'foreign', adapterPortUri: port }, w);
}
