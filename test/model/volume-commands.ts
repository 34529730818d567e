import { isSettled, ModelCommand, requireDone, requireRefused, words } from './command.ts';
import { userOf } from './model.ts';
import type { Model, ModelServer } from './model.ts';
import { explain } from './outcome.ts';
import type { Outcome } from './outcome.ts';
import type { Crash, Rig } from './rig.ts';

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
 * A detach that is rolled back may have happened after all: then Cinder, the array and the record agree that it did. What
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
