import type { AsyncCommand } from 'fast-check';
import type { FaultRule } from '../../src/simulator/index.ts';
import { userOf } from './model.ts';
import type { Model, ModelServer } from './model.ts';
import { explain } from './rig.ts';
import type { Crash, Outcome, Rig } from './rig.ts';

/** One thing that somebody does, or that happens. The invariants are checked after each. */
export abstract class ModelCommand implements AsyncCommand<Model, Rig> {
  abstract check(model: Readonly<Model>): boolean;
  protected abstract act(model: Model, rig: Rig): Promise<void>;
  abstract toString(): string;

  async run(model: Model, rig: Rig): Promise<void> {
    await this.act(model, rig);
    await rig.check(this.toString());
  }
}

/** Without a fault, what may be done is done. */
function requireDone(outcome: Outcome, mayFail: boolean, what: string): void {
  if (mayFail || outcome.kind === 'done' || outcome.kind === 'crashed') return;
  throw new Error(`${what} failed without a fault: ${explain(outcome)}`);
}

function requireRefused(outcome: Outcome, what: string): void {
  if (outcome.kind === 'done') throw new Error(`${what} was not refused`);
}

/** Settled: no flow of it is stuck. Only then do operations other than delete and resume have one right outcome. */
function isSettled(server: ModelServer | undefined): server is ModelServer {
  return server?.state === 'whole' && !server.isStuck;
}

function words(crash: Crash | undefined): string {
  if (crash === undefined) return '';
  return `, dying at failpoint ${crash.at}${crash.keepsFault ? ' with the fault kept' : ''}`;
}

interface CreateOptions {
  readonly name: string;
  readonly boot: string;
  readonly data: string | undefined;
  readonly starts: boolean;
  readonly crash: Crash | undefined;
}

export class Create extends ModelCommand {
  readonly #options: CreateOptions;

  constructor(options: CreateOptions) {
    super();
    this.#options = options;
  }

  check(model: Readonly<Model>): boolean {
    return !model.servers.has(this.#options.name);
  }

  protected async act(model: Model, rig: Rig): Promise<void> {
    const { name, boot, data, starts, crash } = this.#options;
    const wanted = [boot, data].filter((volume) => volume !== undefined);
    const isFree = wanted.every((volume) => userOf(model, volume) === undefined);
    const mayFail = model.isFaultArmed || wanted.some((volume) => model.uncertain.has(volume));
    const volumes = [
      { volumeId: rig.volumeId(boot), bootIndex: 0 },
      ...(data === undefined ? [] : [{ volumeId: rig.volumeId(data) }]),
    ];
    const request = { name, vcpus: 1, memoryMib: 1024, volumes, start: starts };
    const outcome = await rig.attempt(async (manager) => await manager.create(request, rig.context), crash);
    if (isFree) requireDone(outcome, mayFail, String(this));
    else requireRefused(outcome, String(this));
    const nothing = { uuid: '', boot, data: new Set(data === undefined ? [] : [data]), isStuck: false } as const;
    const made = { ...nothing, state: 'whole', power: starts ? 'active' : 'stopped' } as const;
    const failed = { ...nothing, state: 'error', power: 'unknown' } as const;
    const possible = {
      done: [made],
      refused: isFree ? [undefined, failed] : [undefined],
      'rolled-back': [failed],
      stuck: [{ ...failed, isStuck: true }],
      crashed: [made, failed, undefined, ...(crash?.keepsFault === true ? [{ ...failed, isStuck: true }] : [])],
    };
    await rig.learn(name, possible[outcome.kind], `${String(this)}: ${explain(outcome)}`);
  }

  toString(): string {
    const { name, boot, data, starts, crash } = this.#options;
    return `create(${name} from ${boot}${data === undefined ? '' : ` with ${data}`}${starts ? '' : ', not started'}${words(crash)})`;
  }
}

export class Delete extends ModelCommand {
  readonly #name: string;
  readonly #crash: Crash | undefined;

  constructor(name: string, crash: Crash | undefined) {
    super();
    this.#name = name;
    this.#crash = crash;
  }

  check(model: Readonly<Model>): boolean {
    return model.servers.has(this.#name);
  }

  protected async act(model: Model, rig: Rig): Promise<void> {
    const before = model.servers.get(this.#name)!; // check
    const mayFail = model.isFaultArmed;
    const outcome = await rig.attempt(async (manager) => await manager.delete(before.uuid, rig.context), this.#crash);
    requireDone(outcome, mayFail, String(this));
    const stuck = { ...before, state: 'error', isStuck: true } as const;
    const possible = {
      done: [undefined],
      refused: [before],
      'rolled-back': [before],
      stuck: [stuck],
      crashed: this.#crash?.keepsFault === true ? [undefined, stuck] : [undefined],
    };
    await rig.learn(this.#name, possible[outcome.kind], `${String(this)}: ${explain(outcome)}`);
  }

  toString(): string {
    return `delete(${this.#name}${words(this.#crash)})`;
  }
}

const powerVerbs = {
  start: { ends: 'active' },
  stop: { ends: 'stopped' },
  reboot: { ends: 'active' },
} as const;

export class Power extends ModelCommand {
  readonly #verb: keyof typeof powerVerbs;
  readonly #name: string;

  constructor(verb: keyof typeof powerVerbs, name: string) {
    super();
    this.#verb = verb;
    this.#name = name;
  }

  check(model: Readonly<Model>): boolean {
    return isSettled(model.servers.get(this.#name));
  }

  protected async act(model: Model, rig: Rig): Promise<void> {
    const before = model.servers.get(this.#name)!; // check
    const mayFail = model.isFaultArmed;
    const outcome = await rig.attempt(async (manager) => {
      if (this.#verb === 'start') await manager.start(before.uuid, rig.context);
      if (this.#verb === 'stop') await manager.stop(before.uuid, {}, rig.context);
      if (this.#verb === 'reboot') await manager.reboot(before.uuid, { hard: true }, rig.context);
    });
    requireDone(outcome, mayFail, String(this));
    const { ends } = powerVerbs[this.#verb];
    const [active, stopped] = [
      { ...before, power: 'active' },
      { ...before, power: 'stopped' },
    ] as const;
    const possible = outcome.kind === 'done' ? [{ ...before, power: ends }] : [active, stopped];
    const learned = await rig.learn(this.#name, possible, `${String(this)}: ${explain(outcome)}`);
    // It failed on the way: the record is of before, and the machine may be anywhere.
    if (outcome.kind !== 'done' && learned) model.servers.set(this.#name, { ...learned, power: 'unknown' });
  }

  toString(): string {
    return `${this.#verb}(${this.#name})`;
  }
}

interface VolumeOptions {
  readonly name: string;
  readonly volume: string;
  readonly mode: 'rw' | 'ro';
  readonly crash: Crash | undefined;
}

export class Attach extends ModelCommand {
  readonly #options: VolumeOptions;

  constructor(options: VolumeOptions) {
    super();
    this.#options = options;
  }

  check(model: Readonly<Model>): boolean {
    return isSettled(model.servers.get(this.#options.name));
  }

  protected async act(model: Model, rig: Rig): Promise<void> {
    const { name, volume, mode, crash } = this.#options;
    const before = model.servers.get(name)!; // check
    const isFree = userOf(model, volume) === undefined;
    const mayFail = model.isFaultArmed || model.uncertain.has(volume);
    const outcome = await rig.attempt(
      async (manager) => await manager.addVolume(before.uuid, rig.volumeId(volume), { mode }, rig.context),
      crash,
    );
    if (isFree) requireDone(outcome, mayFail, String(this));
    else requireRefused(outcome, String(this));
    const after = isFree ? { ...before, data: new Set([...before.data, volume]) } : before;
    await learnVolume(rig, this.#options, { before, after, outcome }, String(this));
  }

  toString(): string {
    const { name, volume, mode, crash } = this.#options;
    return `attach(${volume} to ${name}${mode === 'ro' ? ' read-only' : ''}${words(crash)})`;
  }
}

export class Detach extends ModelCommand {
  readonly #options: VolumeOptions;

  constructor(options: VolumeOptions) {
    super();
    this.#options = options;
  }

  check(model: Readonly<Model>): boolean {
    return isSettled(model.servers.get(this.#options.name));
  }

  protected async act(model: Model, rig: Rig): Promise<void> {
    const { name, volume, crash } = this.#options;
    const before = model.servers.get(name)!; // check
    const isBoot = before.boot === volume;
    const mayFail = model.isFaultArmed;
    const outcome = await rig.attempt(
      async (manager) => await manager.removeVolume(before.uuid, rig.volumeId(volume), rig.context),
      crash,
    );
    if (isBoot) requireRefused(outcome, String(this));
    else requireDone(outcome, mayFail, String(this));
    const after = { ...before, data: new Set([...before.data].filter((each) => each !== volume)) };
    await learnVolume(rig, this.#options, { before, after, outcome }, String(this));
  }

  toString(): string {
    const { name, volume, crash } = this.#options;
    return `detach(${volume} from ${name}${words(crash)})`;
  }
}

interface Change {
  readonly before: ModelServer;
  readonly after: ModelServer;
  readonly outcome: Outcome;
}

/**
 * A detach that is put back may have happened after all: then Cinder, the array and the record agree that it did. What
 * is stuck is still the server's until somebody has finished it.
 */
async function learnVolume(rig: Rig, { name, crash }: VolumeOptions, change: Change, what: string): Promise<void> {
  const { before, after, outcome } = change;
  const stuck = [before, after].map((server) => ({ ...server, isStuck: true }));
  const possible = {
    done: [after],
    refused: [before],
    'rolled-back': [before, after],
    stuck,
    crashed: [before, after, ...(crash?.keepsFault === true ? stuck : [])],
  };
  await rig.learn(name, possible[outcome.kind], `${what}: ${explain(outcome)}`);
}

export class CrashAtRest extends ModelCommand {
  check(): boolean {
    return true;
  }

  protected async act(_model: Model, rig: Rig): Promise<void> {
    await rig.reopen();
    rig.heal();
  }

  toString(): string {
    return 'crash()';
  }
}

/** Takes up every flow that is stuck; without a fault, all of them can be ended. */
export class Resume extends ModelCommand {
  check(model: Readonly<Model>): boolean {
    return [...model.servers.values()].some(({ isStuck }) => isStuck);
  }

  protected async act(model: Model, rig: Rig): Promise<void> {
    const mayFail = model.isFaultArmed;
    const outcome = await rig.attempt(async () => await rig.resumeAll());
    requireDone(outcome, mayFail, String(this));
    for (const [name, server] of [...model.servers]) {
      if (server.isStuck) await rig.relearn(name, server, mayFail);
    }
  }

  toString(): string {
    return 'resume()';
  }
}

/** Sessions, topics and tokens are gone; what was begun goes on. */
export class Restart extends ModelCommand {
  readonly #server: 'hmc' | 'cinder';

  constructor(server: 'hmc' | 'cinder') {
    super();
    this.#server = server;
  }

  check(model: Readonly<Model>): boolean {
    return !model.isFaultArmed;
  }

  protected async act(_model: Model, { world: { sim } }: Rig): Promise<void> {
    if (this.#server === 'hmc') sim.hmc.restart();
    else sim.keystone.revokeAll();
  }

  toString(): string {
    return `restart(${this.#server})`;
  }
}

/** The next operation meets this. */
export class Fault extends ModelCommand {
  readonly #rule: FaultRule;

  constructor(rule: FaultRule) {
    super();
    this.#rule = rule;
  }

  check(model: Readonly<Model>): boolean {
    return !model.isFaultArmed;
  }

  override async run(_model: Model, rig: Rig): Promise<void> {
    await this.act(_model, rig); // nothing has happened yet, and looking would use the fault up
  }

  protected act(_model: Model, rig: Rig): Promise<void> {
    rig.arm(this.#rule);
    return Promise.resolve();
  }

  toString(): string {
    const { server, operation, when, kind } = this.#rule;
    return `fault(${server} ${operation}, skip ${when?.skip ?? 0}, times ${when?.times ?? 1}: ${JSON.stringify(kind)})`;
  }
}
