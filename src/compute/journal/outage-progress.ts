import type { StepEvent } from '../../base/index.ts';
import { describeError, missingPeer, Outages } from '../../base/index.ts';
import type { FlowServices } from './run-flow.ts';

/**
 * Records the outages of one process. Reports the peer that is waited for as progress of the innermost step of each
 * running flow. If no flow runs, or `onStep` is not given, logs a warning instead.
 */
export function watchOutages({ onStep, log }: Pick<FlowServices, 'onStep' | 'log'>) {
  const running = new RunningSteps();
  const outages = new Outages(({ peer, isBack, text }) => {
    const steps = onStep === undefined ? [] : running.innermost();
    const facts = { event: isBack ? 'peer.back' : 'peer.away', peer };
    if (steps.length === 0) log.warn(facts, text);
    else log.info(facts, text);
    try {
      const outage = isBack ? 'back' : 'away';
      for (const step of steps) onStep?.({ ...step, state: 'progress', detail: text, outage });
    } catch (error) {
      // A failing display must not fail the work.
      log.warn({ event: 'watcher.failed', error: describeError(error) }, 'progress not shown');
    }
  });
  return {
    outages,
    missingPeer: (error: Error) => missingPeer(error, outages),
    onStep:
      onStep &&
      ((event: StepEvent) => {
        running.note(event);
        onStep(event);
      }),
  };
}

/** Running steps by flow, the innermost last. */
class RunningSteps {
  readonly #flows = new Map<string, StepEvent[]>();

  note(event: StepEvent): void {
    if (event.state === 'progress') return;
    const others = (this.#flows.get(event.flowId) ?? []).filter(
      ({ flow, step }) => flow !== event.flow || step !== event.step,
    );
    const steps = event.state === 'running' || event.state === 'undoing' ? [...others, event] : others;
    if (steps.length === 0) this.#flows.delete(event.flowId);
    else this.#flows.set(event.flowId, steps);
  }

  innermost(): readonly StepEvent[] {
    return [...this.#flows.values()].flatMap((steps) => steps.at(-1) ?? []);
  }
}
