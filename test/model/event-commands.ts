import type { FaultRule } from '../../src/simulator/index.ts';
import { ModelCommand, requireDone } from './command.ts';
import type { Model } from './model.ts';
import type { Rig } from './rig.ts';

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

/** Resumes every flow that is stuck; without a fault, all of them can be ended. */
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
