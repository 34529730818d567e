import type { AsyncCommand } from 'fast-check';
import type { Model, ModelServer } from './model.ts';
import { explain } from './outcome.ts';
import type { Outcome } from './outcome.ts';
import type { Crash, Rig } from './rig.ts';

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
export function requireDone(outcome: Outcome, mayFail: boolean, what: string): void {
  if (mayFail || outcome.kind === 'done' || outcome.kind === 'crashed') return;
  throw new Error(`${what} failed without a fault: ${explain(outcome)}`);
}

export function requireRefused(outcome: Outcome, what: string): void {
  if (outcome.kind === 'done') throw new Error(`${what} was not refused`);
}

/** Settled: no flow of it is stuck. Only then do operations other than delete and resume have one right outcome. */
export function isSettled(server: ModelServer | undefined): server is ModelServer {
  return server?.state === 'whole' && !server.isStuck;
}

export function words(crash: Crash | undefined): string {
  if (crash === undefined) return '';
  return `, dying at failpoint ${crash.at}${crash.keepsFault ? ' with the fault kept' : ''}`;
}
