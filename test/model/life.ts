import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openManager } from '../../src/compute/index.ts';
import type { ComputeManager, OpenManagerOptions } from '../../src/compute/index.ts';
import { quickCinder, quickPolicies } from '../support/world.ts';
import type { World } from '../support/world.ts';

/**
 * A manager that can die: from some failpoint on it does nothing more, as a killed process does, while its files stay.
 * The files are carried over to the next life by a copy, for this process, and with it the lock, lives on.
 */
export class Life implements AsyncDisposable {
  readonly statePath: string;
  readonly #burial = new AbortController();
  #death: (() => void) | undefined;
  #left = Number.POSITIVE_INFINITY;
  #isDead = false;
  #manager: ComputeManager | undefined;
  /** What it was doing when it died. */
  readonly #unfinished: Promise<unknown>[] = [];

  constructor(statePath: string) {
    this.statePath = statePath;
  }

  /** Opens a manager on what the life before has written. */
  async begin(world: World, wrapDriver: OpenManagerOptions['wrapDriver'], before: Life | undefined): Promise<void> {
    const { statePath } = this;
    mkdirSync(statePath);
    for (const file of before === undefined ? [] : ['state.db', 'state.db-wal']) {
      const source = join(before?.statePath ?? '', file);
      if (existsSync(source)) cpSync(source, join(statePath, file));
    }
    this.#manager = await openManager(
      { ...world.settings, statePath },
      {
        context: world.context,
        baseDir: statePath,
        policies: quickPolicies,
        cinder: quickCinder,
        failpoint: this.#failpoint,
        wrapDriver,
      },
    );
  }

  get manager(): ComputeManager {
    if (this.#manager === undefined) throw new Error('this manager never opened');
    return this.#manager;
  }

  /** Dies at the n-th failpoint from now, counted from 0. @returns settles when it is dead */
  async dieAt(n: number): Promise<void> {
    this.#left = n;
    await new Promise<void>((resolve) => {
      this.#death = resolve;
    });
  }

  /** What it was doing is to be waited for when it is buried. */
  abandon(work: Promise<unknown>): void {
    this.#isDead = true;
    this.#unfinished.push(work);
  }

  readonly #failpoint = async (): Promise<void> => {
    if (!this.#isDead && this.#left > 0) {
      this.#left -= 1;
      return;
    }
    this.#isDead = true;
    this.#death?.();
    if (!this.#burial.signal.aborted) await once(this.#burial.signal, 'abort');
    throw new Error('the process is gone');
  };

  /** Lets what hangs end without another effect: every step and every undo that is still to come is refused. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDead = true;
    this.#burial.abort();
    await Promise.allSettled(this.#unfinished);
    await this.#manager?.[Symbol.asyncDispose]();
  }
}
