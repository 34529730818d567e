import type { StepEvent } from '../base/index.ts';
import { stepWords } from './step-words.ts';

/** A step to show. */
export interface RunningStep {
  readonly event: StepEvent;
  readonly ms: number | undefined;
  readonly isAbout: 'step' | 'peer';
}

interface Open {
  event: StepEvent;
  readonly since: number;
  /** An act of this step was shown when it ended, or failed: the step itself adds nothing. */
  hasShownAct: boolean;
  hasFailedAct: boolean;
}

/** A step that took less, in milliseconds, sent no request: it found nothing to do. */
const NO_ACTION_MS = 1;

/** Follows the steps of all flows, and decides which of them are worth a line. */
export class RunningSteps {
  /** The open steps of each flow, the innermost last. */
  readonly #flows = new Map<string, Map<string, Open>>();
  readonly #clock: () => number;
  #lastOutage: string | undefined;

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  get isEmpty(): boolean {
    return this.#flows.size === 0;
  }

  clear(): void {
    this.#flows.clear();
  }

  /** Takes note of an event. @returns the permanent line that it deserves, if any */
  note(event: StepEvent): RunningStep | undefined {
    if (event.outage !== undefined) return this.#outage(event);
    const open = this.#flows.get(event.flowId) ?? new Map<string, Open>();
    const key = `${event.flow} ${event.step}`;
    const before = open.get(key);
    if (event.state === 'running' || event.state === 'undoing' || event.state === 'progress') {
      const state = event.state === 'progress' ? (before?.event.state ?? 'running') : event.state;
      const since = before?.since ?? this.#clock();
      open.set(key, { hasShownAct: false, hasFailedAct: false, ...before, event: { ...event, state }, since });
      this.#flows.set(event.flowId, open);
      return undefined;
    }
    open.delete(key);
    if (open.size === 0) this.#flows.delete(event.flowId);
    const ms = event.ms ?? (before === undefined ? undefined : this.#clock() - before.since);
    if (!isWorthALine(event, ms, before)) return undefined;
    for (const outer of open.values()) {
      outer.hasShownAct = true;
      if (event.state === 'failed') outer.hasFailedAct = true;
    }
    return { event, ms, isAbout: 'step' };
  }

  /** Returns the innermost open step of each flow. */
  innermost(): readonly RunningStep[] {
    const now = this.#clock();
    return [...this.#flows.values()].flatMap((open): readonly RunningStep[] => {
      const last = [...open.values()].at(-1);
      return last === undefined ? [] : [{ event: last.event, ms: now - last.since, isAbout: 'step' }];
    });
  }

  /** An outage is reported once for each running step, and shown once. */
  #outage(event: StepEvent): RunningStep | undefined {
    if (event.detail === this.#lastOutage) return undefined;
    this.#lastOutage = event.detail;
    return { event, ms: undefined, isAbout: 'peer' };
  }
}

function isWorthALine({ step, state }: StepEvent, ms: number | undefined, before: Open | undefined): boolean {
  if (state === 'failed') return before?.hasFailedAct !== true;
  if (state !== 'done') return true;
  const isSilent = stepWords[step]?.isSilent === true;
  return !isSilent && before?.hasShownAct !== true && (ms === undefined || ms >= NO_ACTION_MS);
}
