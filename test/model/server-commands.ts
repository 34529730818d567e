import { isSettled, ModelCommand, requireDone, requireRefused, words } from './command.ts';
import { userOf } from './model.ts';
import type { Model } from './model.ts';
import { explain } from './outcome.ts';
import type { Crash, Rig } from './rig.ts';

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
