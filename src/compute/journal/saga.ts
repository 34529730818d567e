import { z } from 'zod';
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
  /** Shows what this step is waiting for. */
  readonly progress: (detail: string) => void;
  /** Reports a problem although the step succeeds: in the log, as progress, and in the journal. */
  readonly warn: (facts: ErrorFacts & { readonly event: string }, text: string) => Promise<void>;
}

/**
 * One step of a flow: one effect, and its undo.
 *
 * `run` may be called again after a crash, so it finds its own effect and takes it over. `undo` is idempotent. If it is
 * told `unconfirmed`, the effect may or may not have happened, and `undo` works from the state alone.
 */
export interface Step<Name extends string, State, Out, Deps> {
  /** Key in the journal. Never reused for another meaning. */
  readonly name: Name;
  /** Outputs are journaled, so they are parsed when read back. */
  readonly output: z.ZodType<Out>;
  /** A step that throws a `NothingChangedError` counts as not started: it is not undone, and a pivot is not passed. */
  readonly run: (ctx: StepContext<State, Deps>) => Promise<Out>;
  readonly undo:
    ((ctx: StepContext<State, Deps>, was: Settled<Out>) => Promise<void>) | { readonly nothingToUndo: string };
  /**
   * Whether the flow cannot be rolled back once this step has started. A pivot is retried by the undo policy. If it fails
   * for good, the flow is stuck, and continues from this step when it is resumed.
   */
  readonly pivot?: boolean;
  /** Whether the step has nothing to do. It still runs, but no progress is reported. */
  readonly isIdle?: (state: State) => boolean;
  /**
   * Names what is left behind if this step's effect cannot be undone. For a pivot: what this step alone removes, since it
   * is called when this pivot, or an earlier one, cannot be finished.
   */
  readonly leaves?: (state: State, was: Settled<Out>) => readonly string[];
}

/** Returns a constructor of steps without output: the journal records `null` for them. */
export function effects<State, Deps>() {
  type Run = { readonly run: (ctx: StepContext<State, Deps>) => Promise<void> | void };
  return <const Name extends string>({
    run,
    ...step
  }: Omit<Step<Name, State, null, Deps>, 'output' | 'run'> & Run): Step<Name, State, null, Deps> => ({
    ...step,
    output: z.null(),
    run: async (ctx) => {
      await run(ctx);
      return null;
    },
  });
}

/** An operation that an earlier process did not end, and that this one finishes or undoes. @public */
export interface ResumedOperation {
  /** Name of the flow, or the verb of a power operation: `start`, `stop` or `reboot`. */
  readonly flow: string;
  /** Name of the server or volume. */
  readonly subject: string | undefined;
  readonly isUndone: boolean;
}

export interface ExecuteOptions<Deps> {
  readonly deps: Deps;
  readonly journal: Journal;
  /** The caller's signal. When it fires, the flow stops and rolls back. */
  readonly signal: AbortSignal;
  /** When it fires, the rollback stops too, and the flow waits for the next command. */
  readonly abandon?: AbortSignal | undefined;
  readonly undo: UndoPolicy;
  readonly log: Logger;
  readonly onStep?: ((event: StepEvent) => void) | undefined;
  /** Called when {@link resume} begins to finish or to undo a flow. */
  readonly onResume?: ((operation: ResumedOperation) => void) | undefined;
  /** Called at each point where a process can die or a call can fail. Tests throw or kill here. */
  readonly failpoint?: ((point: Failpoint) => Promise<void>) | undefined;
  /** Returns the peer whose outage is the only reason of an error. Default: the peer that the error names. */
  readonly missingPeer?: ((error: Error) => string | undefined) | undefined;
}

export type Outcome<State> =
  | { readonly kind: 'completed'; readonly state: State }
  | { readonly kind: 'rolled-back'; readonly failedStep: string; readonly error: Error }
  | {
      readonly kind: 'stuck' | 'waiting';
      /** If `waiting`: the peer that does not answer, or `the next command`. */
      readonly waitsFor: string | undefined;
      readonly failedStep: string;
      readonly stuckStep: string;
      readonly error: AggregateError;
      readonly leftBehind: readonly string[];
    };

/** A step without its types, as the engine uses it. */
export type AnyStep<Deps> = Step<string, never, JsonValue, Deps>;

/**
 * A flow: named steps in order, and the type of the state after them.
 *
 * `recovery` says whether a restarted process rolls an unfinished run back or finishes it.
 */
export interface Saga<Input, State, Deps> {
  readonly name: string;
  readonly input: z.ZodType<Input>;
  readonly recovery: 'back' | 'forward';
  readonly steps: readonly AnyStep<Deps>[];
  /** Returns the flow with one more step, whose output joins the state under the step's name. */
  step<Name extends string, Out>(
    step: Step<Name, State, Out, Deps>,
  ): Saga<Input, State & Readonly<Record<Name, Out>>, Deps>;
}

/** Defines a flow without steps. {@link Saga.step} adds them in order. */
export function defineSaga<Input, Deps>(
  name: string,
  input: z.ZodType<Input>,
  { recovery }: { recovery: 'back' | 'forward' } = { recovery: 'back' },
): Saga<Input, { readonly input: Input }, Deps> {
  return build(name, input, recovery, []);
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
      // The builder's type guarantees each step its state, so the engine can do without the types.
      return build<Input, State & Readonly<Record<Name, Out>>, Deps>(name, input, recovery, [
        ...steps,
        step as unknown as AnyStep<Deps>,
      ]);
    },
  };
}
