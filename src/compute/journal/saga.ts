import type { z } from 'zod';
import type { ErrorFacts, Failpoint, JsonValue, Logger, StepEvent, UndoPolicy } from '../../base/index.ts';
import type { Journal } from './journal.ts';

/** What is known of a step when its undo runs. */
export type Settled<Out> = { readonly kind: 'done'; readonly output: Out } | { readonly kind: 'unconfirmed' };

export interface StepContext<State, Deps> {
  readonly flowId: string;
  readonly state: State;
  readonly deps: Deps;
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** Tells a watching person what this step is waiting for. */
  readonly progress: (detail: string) => void;
  /** What a person has to know although the step succeeds: in the log, before a watching person, and in the journal. */
  readonly warn: (facts: ErrorFacts & { readonly event: string }, text: string) => Promise<void>;
}

/**
 * One step of a flow: one effect, and the way back.
 *
 * `run` may be called again after a crash, so it finds its own effect and takes it over. `undo` is safe to run twice,
 * and must work from nothing but the state when it is told `unconfirmed`: the effect may or may not have happened.
 */
export interface Step<Name extends string, State, Out, Deps> {
  /** Key in the journal: never reused for another meaning. */
  readonly name: Name;
  /** Outputs are journaled, so they are parsed when read back. */
  readonly output: z.ZodType<Out>;
  /** A step that throws a `NothingChangedError` counts as not started: it is not undone, and a pivot is not passed. */
  readonly run: (ctx: StepContext<State, Deps>) => Promise<Out>;
  readonly undo:
    ((ctx: StepContext<State, Deps>, was: Settled<Out>) => Promise<void>) | { readonly nothingToUndo: string };
  /**
   * Set on a step after which there is no way back: it is tried by the undo policy, and when it fails for good the flow
   * is stuck and goes on from here when it is resumed.
   */
  readonly pivot?: boolean;
  /**
   * Names what stays behind if this step's effect cannot be undone; of a pivot, what it alone was to take away, for it
   * is asked when the pivot, or one before it, cannot be finished.
   */
  readonly leaves?: (state: State, was: Settled<Out>) => readonly string[];
}

export interface ExecuteOptions<Deps> {
  readonly deps: Deps;
  readonly journal: Journal;
  /** The caller's: when it fires, the flow stops where it is and goes back. */
  readonly signal: AbortSignal;
  /** When it fires, the way back ends too, where it is: the flow waits for whoever comes next. */
  readonly abandon?: AbortSignal | undefined;
  readonly undo: UndoPolicy;
  readonly log: Logger;
  readonly onStep?: ((event: StepEvent) => void) | undefined;
  /** Called at each point where a process can die or a call can fail; tests throw or kill here. */
  readonly failpoint?: ((point: Failpoint) => Promise<void>) | undefined;
  /** The peer for want of which something failed, and for nothing else; default: what the error says. */
  readonly missingPeer?: ((error: Error) => string | undefined) | undefined;
}

export type Outcome<State> =
  | { readonly kind: 'completed'; readonly state: State }
  | { readonly kind: 'rolled-back'; readonly failedStep: string; readonly error: Error }
  | {
      readonly kind: 'stuck' | 'waiting';
      /** Of one that waits: the peer that does not answer, or `the next command`. */
      readonly waitsFor: string | undefined;
      readonly failedStep: string;
      readonly stuckStep: string;
      readonly error: AggregateError;
      readonly leftBehind: readonly string[];
    };

/** A step without its types: what the engine works with. */
export type AnyStep<Deps> = Step<string, never, JsonValue, Deps>;

/**
 * A flow: named steps in order, and the type of what is known after them.
 *
 * `recovery` says what a restarted process does with an unfinished run of it: go back, or finish it.
 */
export interface Saga<Input, State, Deps> {
  readonly name: string;
  readonly input: z.ZodType<Input>;
  readonly recovery: 'back' | 'forward';
  readonly steps: readonly AnyStep<Deps>[];
  /** The same flow with one more step, whose output joins the state under the step's name. */
  step<Name extends string, Out>(
    step: Step<Name, State, Out, Deps>,
  ): Saga<Input, State & Readonly<Record<Name, Out>>, Deps>;
}

/** Begins a flow. Its steps are added with {@link Saga.step}, so that the definition reads as the story of the flow. */
export function defineSaga<Input, Deps>(
  name: string,
  input: z.ZodType<Input>,
  options: { recovery: 'back' | 'forward' } = { recovery: 'back' },
): Saga<Input, { readonly input: Input }, Deps> {
  return build<Input, { readonly input: Input }, Deps>(name, input, options.recovery, []);
}

function build<Input, State, Deps>(
  name: string,
  input: z.ZodType<Input>,
  recovery: 'back' | 'forward',
  steps: readonly AnyStep<Deps>[],
): Saga<Input, State, Deps> {
  return {
    name,
    input,
    recovery,
    steps,
    step<Name extends string, Out>(step: Step<Name, State, Out, Deps>) {
      if (steps.some((other) => other.name === step.name)) throw new Error(`flow ${name} has two steps "${step.name}"`);
      // The builder's type keeps state and steps in agreement; the engine only hands each step the state so far.
      const erased = step as unknown as AnyStep<Deps>;
      return build<Input, State & Readonly<Record<Name, Out>>, Deps>(name, input, recovery, [...steps, erased]);
    },
  };
}
