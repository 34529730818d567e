import { describeError, findError, missingPeer, neverAborted, retry, toError, withDeadline } from '../../base/index.ts';
import type { Failpoint, JsonValue, StepEvent } from '../../base/index.ts';
import type { JournalEvent } from './journal.ts';
import { parseJournaled, record, withoutSecrets } from './journaled.ts';
import { JournalError } from './replay.ts';
import type { Replay } from './replay.ts';
import type { AnyStep, ExecuteOptions, Outcome, Saga, Settled, StepContext } from './saga.ts';

/** The definition of a flow (a saga) without the types of its steps, as this class uses it. */
type AnySaga<Deps> = Pick<Saga<never, never, Deps>, 'name' | 'recovery' | 'steps'>;

interface Entry<Deps> {
  readonly step: AnyStep<Deps>;
  /** What the journal tells about the effect of the step: its output, or only that the step was started. */
  effect: Settled<JsonValue>;
}

/**
 * One run of a flow: runs the steps in order, or undoes them in reverse order. Writes each step and each undo to the journal
 * before it starts.
 */
export class Run<State, Deps> {
  readonly #saga: AnySaga<Deps>;
  readonly #id: string;
  readonly #options: ExecuteOptions<Deps>;
  readonly #state: Record<string, JsonValue>;
  /** Steps whose effect may exist, in starting order. */
  readonly #started: Entry<Deps>[] = [];
  /** Whether the journal says that the rollback has begun. */
  #isRollingBack = false;

  constructor(saga: AnySaga<Deps>, id: string, input: JsonValue, options: ExecuteOptions<Deps>) {
    this.#saga = saga;
    this.#id = id;
    this.#options = options;
    this.#state = { input };
  }

  /** The name of the server or volume: the input of every flow has it as `name`. */
  get subject(): string | undefined {
    const { input } = this.#state;
    const name = input !== null && typeof input === 'object' && 'name' in input ? input.name : undefined;
    return typeof name === 'string' ? name : undefined;
  }

  /** Restores the state of the run from the journal of an earlier process. */
  takeOver(history: Replay): void {
    this.#isRollingBack = history.isUndoing;
    for (const [name, known] of history.steps) {
      const step = this.#saga.steps.find((candidate) => candidate.name === name);
      if (step === undefined)
        throw new JournalError(`flow ${this.#id}: there is no step "${name}" in "${this.#saga.name}"`);
      if (known.state === 'undone') continue;
      // A step that was only started, or that failed, has no output: its effect is unconfirmed.
      const output =
        known.state === 'done' ? known.output : known.state === 'undoing' ? known.before?.output : undefined;
      if (output === undefined) this.#started.push({ step, effect: { kind: 'unconfirmed' } });
      else this.#addOutput(step, parseJournaled(this.#id, `output of step "${name}"`, step.output, output));
    }
  }

  /**
   * Whether a resumed run continues with its next step, instead of rolling back.
   *
   * It always rolls back if its rollback has begun. Otherwise it continues if a pivot (the point of no return) has started,
   * if all steps are done, or if the `recovery` of the flow is `forward`.
   */
  goesForward(): boolean {
    return !this.#isRollingBack && (this.#saga.recovery === 'forward' || this.#hasStartedPivot() || this.#isDone());
  }

  lastStarted(): string | undefined {
    return this.#started.at(-1)?.step.name;
  }

  /**
   * Runs the steps that are not done. If a step fails before a pivot has started, the flow is rolled back. If a step fails
   * later, the flow ends as stuck or waiting.
   */
  async forward(): Promise<Outcome<State>> {
    for (const step of this.#saga.steps) {
      if (this.#started.some((entry) => entry.step === step && entry.effect.kind === 'done')) continue;
      try {
        await this.#run(step);
      } catch (error) {
        if (this.#hasStartedPivot())
          return await this.#endIncomplete(step.name, step, [toError(error)], this.#unfinished());
        return await this.back(step.name, toError(error));
      }
    }
    await this.#recordQuietly({ kind: 'flow-ended', outcome: 'completed' });
    return { kind: 'completed', state: this.#state as State }; // all steps are done: no output is missing
  }

  /** Rolls back: undoes the started steps, the latest first. */
  async back(failedStep: string, error: Error): Promise<Outcome<State>> {
    for (let entry = this.#started.at(-1); entry !== undefined; entry = this.#started.at(-1)) {
      try {
        await this.#undo(entry.step, entry.effect);
      } catch (undoError) {
        return await this.#endIncomplete(
          failedStep,
          entry.step,
          [error, toError(undoError)],
          this.#started.toReversed(),
        );
      }
      this.#started.pop();
      Reflect.deleteProperty(this.#state, entry.step.name);
    }
    await this.#recordQuietly({ kind: 'flow-ended', outcome: 'rolled-back', error: describeError(error) });
    return { kind: 'rolled-back', failedStep, error };
  }

  async #run(step: AnyStep<Deps>): Promise<void> {
    this.#options.signal.throwIfAborted();
    await record(this.#options.journal, this.#id, { kind: 'started', step: step.name });
    const known = this.#started.find((candidate) => candidate.step === step);
    const entry = known ?? { step, effect: { kind: 'unconfirmed' } };
    if (known === undefined) this.#started.push(entry);
    // A step with nothing to do runs, but its progress is not shown.
    const reportEnd =
      step.isIdle?.(this.#state as never) === true ? () => undefined : this.#reportBegin(step, 'running');
    try {
      await this.#failpoint(step, 'before-run');
      const withdraw = () => this.#started.splice(this.#started.indexOf(entry), 1);
      // If an earlier process has started this step, its effect may exist. The step must then count as started.
      const output = await this.#attempt(step, known === undefined ? withdraw : undefined);
      this.#addOutput(step, output);
      await this.#failpoint(step, 'after-run');
      await record(this.#options.journal, this.#id, { kind: 'succeeded', step: step.name, output });
    } catch (error) {
      reportEnd('failed', describeError(error));
      await this.#recordQuietly({ kind: 'failed', step: step.name, error: describeError(error) });
      throw error;
    }
    reportEnd('done');
  }

  /**
   * Runs a step. Retries a pivot under the policy for undos, because the flow cannot roll back once the pivot may have changed something.
   * Other steps are not retried here: the HMC, Cinder and Keystone clients retry their requests.
   *
   * @param withdraw - called when the step failed and every attempt reported that it changed nothing; the step then counts
   * as not started, so that the flow can roll back
   */
  async #attempt(step: AnyStep<Deps>, withdraw: (() => unknown) | undefined): Promise<JsonValue> {
    const { signal, undo, log } = this.#options;
    // An attempt that was interrupted stays 'unknown': it may have changed something.
    const results: ('unknown' | 'nothing-changed')[] = [];
    const attempt = async () => {
      const index = results.push('unknown') - 1;
      try {
        return await step.run(this.#context(step, signal));
      } catch (error) {
        if (findError(error, 'NOTHING_CHANGED') !== undefined) results[index] = 'nothing-changed';
        throw error;
      }
    };
    // A pivot that changed nothing is not retried: the flow can roll back instead.
    const isRetryable = (error: unknown) => findError(error, 'NOTHING_CHANGED') === undefined;
    const repeat = { what: step.name, policy: undo.retry, signal, isRetryable, log };
    try {
      return await (step.pivot === true ? retry(attempt, repeat) : attempt());
    } catch (error) {
      if (results.length > 0 && results.every((end) => end === 'nothing-changed')) withdraw?.();
      throw error;
    }
  }

  #addOutput(step: AnyStep<Deps>, output: JsonValue): void {
    const entry = this.#started.find((candidate) => candidate.step === step);
    const effect = { kind: 'done', output } as const;
    if (entry === undefined) this.#started.push({ step, effect });
    else entry.effect = effect;
    this.#state[step.name] = output;
  }

  async #undo(step: AnyStep<Deps>, effect: Settled<JsonValue>): Promise<void> {
    const { undo } = step;
    if (typeof undo !== 'function') return;
    await this.#recordRollback(step);
    const reportEnd = this.#reportBegin(step, 'undoing');
    const { undo: policy, log, abandon } = this.#options;
    const what = `undo of ${step.name}`;
    // Do not use the signal of the caller: a cancellation starts the undo, and must not stop it. Only `abandon` stops it.
    const shielded = abandon ?? neverAborted();
    const attempt = async (signal: AbortSignal) => {
      await this.#failpoint(step, 'before-undo');
      await undo(this.#context(step, signal), effect);
      await this.#failpoint(step, 'after-undo');
    };
    try {
      const repeat = { what, policy: policy.retry, signal: shielded, isRetryable: () => true, log };
      await retry(async () => await withDeadline(what, policy.timeoutMs, shielded, attempt), repeat);
    } catch (error) {
      reportEnd(this.#waitsFor([toError(error)]) === undefined ? 'stuck' : 'waiting', describeError(error));
      await this.#recordQuietly({ kind: 'undo-failed', step: step.name, error: describeError(error) });
      throw error;
    }
    await this.#recordQuietly({ kind: 'undo-finished', step: step.name });
    reportEnd('undone');
  }

  #hasStartedPivot(): boolean {
    return this.#started.some((entry) => entry.step.pivot === true);
  }

  #isDone(): boolean {
    const done = new Set(this.#started.filter(({ effect }) => effect.kind === 'done').map(({ step }) => step));
    return this.#saga.steps.every((step) => done.has(step));
  }

  /**
   * Returns the steps that leave objects behind if the flow can be neither completed nor rolled back now: each step that has
   * started and is not done, and each pivot that has not started. For example, a pivot of a delete removes an object; until
   * the pivot runs, the object still exists.
   */
  #unfinished(): readonly Entry<Deps>[] {
    return this.#saga.steps.flatMap((step) => {
      const entry = this.#started.find((candidate) => candidate.step === step);
      if (entry === undefined) return step.pivot === true ? [{ step, effect: { kind: 'unconfirmed' } as const }] : [];
      return entry.effect.kind === 'done' ? [] : [entry];
    });
  }

  /**
   * Ends a flow that can neither be completed nor rolled back now. The flow is waiting if the only cause is a peer that does
   * not answer, or a cancellation; otherwise it is stuck.
   *
   * @param stuckStep - the step that could not be completed or undone, also if the flow is only waiting
   */
  async #endIncomplete(
    failedStep: string,
    stuckStep: AnyStep<Deps>,
    errors: readonly Error[],
    remaining: readonly Entry<Deps>[],
  ): Promise<Outcome<State>> {
    const named = new Set(remaining.flatMap(({ step, effect }) => this.#leftBehindBy(step, effect)));
    const leftBehind = named.size > 0 ? [...named] : [`the rest of flow "${this.#saga.name}" from "${stuckStep.name}"`];
    const way = this.#hasStartedPivot() ? 'cannot be finished' : 'could not be undone';
    const error = new AggregateError(errors, `${failedStep} failed, and ${stuckStep.name} ${way}`);
    const described = describeError(error);
    const waitsFor = this.#waitsFor(errors);
    const kind = waitsFor === undefined ? 'stuck' : 'waiting';
    const facts = {
      event: `saga.${kind}`,
      flow: this.#saga.name,
      flowId: this.#id,
      failedStep,
      stuckStep: stuckStep.name,
      leftBehind,
      waitsFor,
      error: described,
    };
    if (kind === 'stuck') this.#options.log.error(facts, 'a flow is stuck and left something behind');
    else this.#options.log.warn(facts, 'a flow waits; the next command resumes the flow');
    await this.#recordQuietly({ kind: 'flow-ended', outcome: kind, error: described, leftBehind, waitsFor });
    return { kind, waitsFor, failedStep, stuckStep: stuckStep.name, error, leftBehind };
  }

  /**
   * Returns what a flow waits for; undefined if it is stuck. A flow waits for the next command if its rollback was abandoned,
   * or if its caller cancelled it after a pivot.
   */
  #waitsFor(errors: readonly Error[]): string | undefined {
    const { abandon, signal } = this.#options;
    const wasStopped = abandon?.aborted === true || (this.#hasStartedPivot() && signal.aborted);
    return wasStopped ? 'the next command' : (this.#options.missingPeer ?? missingPeer)(toError(errors.at(-1)));
  }

  /** Names the objects that are left behind if this step is not undone or not completed. */
  #leftBehindBy(step: AnyStep<Deps>, effect: Settled<JsonValue>): readonly string[] {
    if (typeof step.undo !== 'function' && step.leaves === undefined) return [];
    return step.leaves?.(this.#state as never, effect) ?? [`what step "${step.name}" made`];
  }

  #context(step: AnyStep<Deps>, signal: AbortSignal): StepContext<never, Deps> {
    const { deps } = this.#options;
    const log = this.#options.log.child({ flow: this.#saga.name, flowId: this.#id, step: step.name });
    return {
      flowId: this.#id,
      state: this.#state as never, // the types of the saga builder guarantee that the state has what the step needs
      deps,
      signal,
      log,
      progress: (detail) => this.#emit(step, { state: 'progress', detail }),
      warn: async (facts, text) => {
        log.warn(facts, text);
        this.#emit(step, { state: 'progress', detail: text });
        await this.#recordQuietly({ kind: 'warning', step: step.name, text });
      },
    };
  }

  /** Reports to the watcher that a step or undo begins. @returns a function that reports its end */
  #reportBegin(step: AnyStep<Deps>, state: StepEvent['state']): (end: StepEvent['state'], detail?: string) => void {
    const startedAt = performance.now();
    this.#emit(step, { state });
    return (end, detail) =>
      this.#emit(step, {
        state: end,
        ms: Math.round(performance.now() - startedAt),
        ...(detail === undefined ? {} : { detail }),
      });
  }

  #emit(step: AnyStep<Deps>, event: Omit<StepEvent, 'flow' | 'flowId' | 'step'>): void {
    try {
      const subject = this.subject;
      this.#options.onStep?.({ flow: this.#saga.name, flowId: this.#id, subject, step: step.name, ...event });
    } catch (error) {
      // An error while progress is shown must not fail the flow or its rollback.
      this.#options.log.warn(
        { event: 'saga.watcher', flowId: this.#id, error: describeError(error) },
        'progress not shown',
      );
    }
  }

  async #failpoint(step: AnyStep<Deps>, at: Failpoint['at']): Promise<void> {
    await this.#options.failpoint?.({ flow: this.#saga.name, step: step.name, at });
  }

  /**
   * Records an event. If the journal cannot be written, only logs the error, so that a rollback continues. If the process
   * then dies, a resume repeats an undo whose end is not in the journal. This does no harm, because undos are idempotent.
   */
  async #recordQuietly(event: JournalEvent): Promise<void> {
    try {
      await this.#options.journal.append(this.#id, withoutSecrets(event));
    } catch (error) {
      const facts = { event: 'journal.write', flowId: this.#id, error: describeError(error) };
      this.#options.log.error(facts, 'journal not written');
    }
  }

  /**
   * Records that an undo starts. If the flow has forward recovery, the first undo starts only if this record was written:
   * without the record, a resume would continue the flow instead of rolling it back.
   */
  async #recordRollback(step: AnyStep<Deps>): Promise<void> {
    const event = { kind: 'undo-started', step: step.name } as const;
    if (this.#saga.recovery === 'back' || this.#isRollingBack) await this.#recordQuietly(event);
    else await record(this.#options.journal, this.#id, event);
    this.#isRollingBack = true;
  }
}
