import { describeError, findError, missingPeer, neverAborted, retry, toError, withDeadline } from '../../base/index.ts';
import type { Failpoint, JsonValue, StepEvent } from '../../base/index.ts';
import type { JournalEvent } from './journal.ts';
import { parseJournaled, record, withoutSecrets } from './journaled.ts';
import { JournalError } from './replay.ts';
import type { Replay } from './replay.ts';
import type { AnyStep, ExecuteOptions, Outcome, Settled, StepContext } from './saga.ts';

/** What the engine needs of a flow; its types were used up when it was built. */
interface AnySaga<Deps> {
  readonly name: string;
  readonly recovery: 'back' | 'forward';
  readonly steps: readonly AnyStep<Deps>[];
}

interface Entry<Deps> {
  readonly step: AnyStep<Deps>;
  was: Settled<JsonValue>;
}

/** One run of a flow: forward step by step, back undo by undo, each in the journal before it is begun. */
export class Run<State, Deps> {
  readonly #saga: AnySaga<Deps>;
  readonly #id: string;
  readonly #options: ExecuteOptions<Deps>;
  readonly #state: Record<string, JsonValue>;
  /** Steps whose effect may exist, in the order in which they were started. */
  readonly #started: Entry<Deps>[] = [];
  /** The journal says that the flow goes back. */
  #isTurned = false;

  constructor(saga: AnySaga<Deps>, id: string, input: JsonValue, options: ExecuteOptions<Deps>) {
    this.#saga = saga;
    this.#id = id;
    this.#options = options;
    this.#state = { input };
  }

  takeOver(history: Replay): void {
    this.#isTurned = history.isUndoing;
    for (const [name, known] of history.steps) {
      const step = this.#saga.steps.find((candidate) => candidate.name === name);
      if (step === undefined)
        throw new JournalError(`flow ${this.#id}: there is no step "${name}" in "${this.#saga.name}"`);
      if (known.state === 'undone') continue;
      const output =
        known.state === 'done' ? known.output : known.state === 'undoing' ? known.before?.output : undefined;
      if (output === undefined) this.#started.push({ step, was: { kind: 'unconfirmed' } });
      else this.#settle(step, parseJournaled(this.#id, `output of step "${name}"`, step.output, output));
    }
  }

  /**
   * Past a pivot there is only forward, and so it is when all is done and only the end was not written; before it, the
   * flow says, unless it has turned already.
   */
  goesForward(): boolean {
    return !this.#isTurned && (this.#saga.recovery === 'forward' || this.#isPastReturn() || this.#isDone());
  }

  lastStarted(): string | undefined {
    return this.#started.at(-1)?.step.name;
  }

  async forward(): Promise<Outcome<State>> {
    for (const step of this.#saga.steps) {
      if (this.#started.some((entry) => entry.step === step && entry.was.kind === 'done')) continue;
      try {
        await this.#run(step);
      } catch (error) {
        if (this.#isPastReturn()) return await this.#leave(step.name, step, [toError(error)], this.#unfinished());
        return await this.back(step.name, toError(error));
      }
    }
    await this.#recordQuietly({ kind: 'flow-ended', outcome: 'completed' });
    return { kind: 'completed', state: this.#state as State }; // the builder's type says which steps have run
  }

  async back(failedStep: string, error: Error): Promise<Outcome<State>> {
    while (this.#started.length > 0) {
      const entry = this.#started.at(-1);
      if (entry === undefined) break;
      try {
        await this.#undo(entry.step, entry.was);
      } catch (undoError) {
        return await this.#leave(failedStep, entry.step, [error, toError(undoError)], this.#started.toReversed());
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
    const entry = known ?? { step, was: { kind: 'unconfirmed' } };
    if (known === undefined) this.#started.push(entry);
    const done = this.#tell(step, 'running');
    try {
      await this.#failpoint(step, 'before-run');
      // What an earlier process may have done with it, nobody knows.
      const output = await this.#attempt(step, known === undefined ? () => this.#withdraw(entry) : undefined);
      this.#settle(step, output);
      await this.#failpoint(step, 'after-run');
      await record(this.#options.journal, this.#id, { kind: 'succeeded', step: step.name, output });
    } catch (error) {
      done('failed', describeError(error));
      await this.#recordQuietly({ kind: 'failed', step: step.name, error: describeError(error) });
      throw error;
    }
    done('done');
  }

  /**
   * A pivot is tried as an undo is: there is no other way out. Other steps leave repeats to the clients.
   *
   * @param withdraw - called when the step has failed, and each attempt says that it had changed nothing
   */
  async #attempt(step: AnyStep<Deps>, withdraw: (() => void) | undefined): Promise<JsonValue> {
    const { signal, undo, log } = this.#options;
    // An attempt whose end nobody has seen (the caller went away meanwhile) may have done anything.
    const ends: ('unknown' | 'nothing-changed')[] = [];
    const attempt = async () => {
      const index = ends.push('unknown') - 1;
      try {
        return await step.run(this.#context(step, signal));
      } catch (error) {
        if (findError(error, 'NOTHING_CHANGED') !== undefined) ends[index] = 'nothing-changed';
        throw error;
      }
    };
    // What has changed nothing can go back: there is another way out.
    const isRetryable = (error: unknown) => findError(error, 'NOTHING_CHANGED') === undefined;
    const repeat = { what: step.name, policy: undo.retry, signal, isRetryable, log };
    try {
      return await (step.pivot === true ? retry(attempt, repeat) : attempt());
    } catch (error) {
      if (ends.length > 0 && ends.every((end) => end === 'nothing-changed')) withdraw?.();
      throw error;
    }
  }

  /** As if it had not been started: there is a way back from it after all. */
  #withdraw(entry: Entry<Deps>): void {
    const index = this.#started.indexOf(entry);
    if (index >= 0) this.#started.splice(index, 1);
  }

  #settle(step: AnyStep<Deps>, output: JsonValue): void {
    const entry = this.#started.find((candidate) => candidate.step === step);
    const was = { kind: 'done', output } as const;
    if (entry === undefined) this.#started.push({ step, was });
    else entry.was = was;
    this.#state[step.name] = output;
  }

  async #undo(step: AnyStep<Deps>, was: Settled<JsonValue>): Promise<void> {
    const { undo } = step;
    if (typeof undo !== 'function') return;
    await this.#recordTurn(step);
    const done = this.#tell(step, 'undoing');
    const policy = this.#options.undo;
    // Undo is shielded from the cancellation that may have caused it.
    const shielded = this.#options.abandon ?? neverAborted();
    try {
      await retry(
        async () => {
          await withDeadline(`undo of ${step.name}`, policy.timeoutMs, shielded, async (signal) => {
            await this.#failpoint(step, 'before-undo');
            await undo(this.#context(step, signal), was);
            await this.#failpoint(step, 'after-undo');
          });
        },
        {
          what: `undo of ${step.name}`,
          policy: policy.retry,
          signal: shielded,
          isRetryable: () => true,
          log: this.#options.log,
        },
      );
    } catch (error) {
      done(this.#waitsFor([toError(error)]) === undefined ? 'stuck' : 'waiting', describeError(error));
      await this.#recordQuietly({ kind: 'undo-failed', step: step.name, error: describeError(error) });
      throw error;
    }
    await this.#recordQuietly({ kind: 'undo-finished', step: step.name });
    done('undone');
  }

  #isPastReturn(): boolean {
    return this.#started.some((entry) => entry.step.pivot === true);
  }

  #isDone(): boolean {
    const done = new Set(this.#started.filter(({ was }) => was.kind === 'done').map(({ step }) => step));
    return this.#saga.steps.every((step) => done.has(step));
  }

  /** Past a pivot, what is left behind is what the steps that are not done were to take away. */
  #unfinished(): readonly Entry<Deps>[] {
    return this.#saga.steps.flatMap((step) => {
      const entry = this.#started.find((candidate) => candidate.step === step);
      if (entry === undefined) return step.pivot === true ? [{ step, was: { kind: 'unconfirmed' } as const }] : [];
      return entry.was.kind === 'done' ? [] : [entry];
    });
  }

  /** Ends the flow with something left: it waits when that takes no more than a peer that answers, else it is stuck. */
  async #leave(
    failedStep: string,
    stuckStep: AnyStep<Deps>,
    errors: readonly Error[],
    remaining: readonly Entry<Deps>[],
  ): Promise<Outcome<State>> {
    const named = new Set(remaining.flatMap(({ step, was }) => this.#leaves(step, was)));
    const leftBehind = named.size > 0 ? [...named] : [`the rest of flow "${this.#saga.name}" from "${stuckStep.name}"`];
    const way = stuckStep.pivot === true ? 'cannot be finished' : 'could not be undone';
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
    if (kind === 'stuck') this.#options.log.error(facts, 'a flow is stuck: something is left behind');
    else this.#options.log.warn(facts, 'a flow waits for a peer that does not answer; whoever comes next takes it up');
    await this.#recordQuietly({ kind: 'flow-ended', outcome: kind, error: described, leftBehind, waitsFor });
    return { kind, waitsFor, failedStep, stuckStep: stuckStep.name, error, leftBehind };
  }

  /** A flow that its caller has stopped where only forward is a way needs nobody but the next one who comes. */
  #waitsFor(errors: readonly Error[]): string | undefined {
    const { abandon, signal } = this.#options;
    const wasStopped = abandon?.aborted === true || (this.#isPastReturn() && signal.aborted);
    return wasStopped ? 'the next command' : this.#missingPeer(errors.at(-1));
  }

  #missingPeer(error: unknown): string | undefined {
    return (this.#options.missingPeer ?? missingPeer)(toError(error));
  }

  #leaves(step: AnyStep<Deps>, was: Settled<JsonValue>): readonly string[] {
    if (typeof step.undo !== 'function' && step.leaves === undefined) return [];
    return step.leaves?.(this.#state as never, was) ?? [`what step "${step.name}" made`];
  }

  #context(step: AnyStep<Deps>, signal: AbortSignal): StepContext<never, Deps> {
    const { deps } = this.#options;
    const log = this.#options.log.child({ flow: this.#saga.name, flowId: this.#id, step: step.name });
    return {
      flowId: this.#id,
      state: this.#state as never, // each step sees the state that the builder's type promised it
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

  #tell(step: AnyStep<Deps>, state: StepEvent['state']): (end: StepEvent['state'], detail?: string) => void {
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
      this.#options.onStep?.({ flow: this.#saga.name, flowId: this.#id, step: step.name, ...event });
    } catch (error) {
      // Who watches is not part of the flow: a display that fails must not undo it, nor stop an undo.
      this.#options.log.warn({ event: 'saga.watcher', flowId: this.#id, error: describeError(error) }, 'not shown');
    }
  }

  async #failpoint(step: AnyStep<Deps>, at: Failpoint['at']): Promise<void> {
    await this.#options.failpoint?.({ flow: this.#saga.name, step: step.name, at });
  }

  /**
   * While going back, a journal that cannot be written does not stop the undo: an undo is safe to run twice, so the
   * worst that the missing line causes is that a restart runs it again.
   */
  async #recordQuietly(event: JournalEvent): Promise<void> {
    try {
      await this.#options.journal.append(this.#id, withoutSecrets(event));
    } catch (error) {
      this.#options.log.error(
        { event: 'journal.write', flowId: this.#id, error: describeError(error) },
        'journal not written',
      );
    }
  }

  /** A restart would finish a flow that goes forward: it must not be undone before its journal says that it turned. */
  async #recordTurn(step: AnyStep<Deps>): Promise<void> {
    const event = { kind: 'undo-started', step: step.name } as const;
    if (this.#saga.recovery === 'back' || this.#isTurned) await this.#recordQuietly(event);
    else await record(this.#options.journal, this.#id, event);
    this.#isTurned = true;
  }
}
