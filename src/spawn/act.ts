import { describeError, NothingChangedError, toError } from '../base/index.ts';
import type { Failpoint, Logger, StepEvent, Waiting } from '../base/index.ts';

export interface Watchers {
  readonly log: Logger;
  readonly onStep?: ((event: StepEvent) => void) | undefined;
  /** Called before and after each act; tests throw or kill here. */
  readonly failpoint?: ((point: Failpoint) => Promise<void>) | undefined;
}

/** Runs one act of a verb, and reports it to the watchers. */
export type Act<Name extends string> = <T>(
  name: Name,
  work: (progress: (detail: string) => void) => Promise<T>,
) => Promise<T>;

/**
 * Returns the helper with which a verb runs its acts. No act begins once the caller has aborted.
 *
 * @param verb - `spawn`, `destroy` …: the name under which the acts are shown
 */
export function actsOf<Name extends string>(
  verb: string,
  { flowId, subject, signal }: Waiting & { readonly flowId: string; readonly subject?: string | undefined },
  { log, onStep, failpoint }: Watchers,
): Act<Name> {
  return async (step, work) => {
    signal.throwIfAborted();
    const startedAt = performance.now();
    const emit = (event: Omit<StepEvent, 'flow' | 'flowId' | 'step'>) => {
      try {
        onStep?.({ flow: verb, flowId, subject, step, ...event });
      } catch (error) {
        // An error of the display must not fail the verb.
        log.warn({ event: 'watcher.failed', flowId, error: describeError(error) }, 'progress not shown');
      }
    };
    const elapsed = () => Math.round(performance.now() - startedAt);
    emit({ state: 'running' });
    try {
      await failpoint?.({ flow: verb, step, at: 'before-run' });
      const result = await work((detail) => {
        emit({ state: 'progress', detail });
      });
      await failpoint?.({ flow: verb, step, at: 'after-run' });
      emit({ state: 'done', ms: elapsed() });
      return result;
    } catch (error) {
      emit({ state: 'failed', ms: elapsed(), detail: describeError(error) });
      throw error;
    }
  };
}

/**
 * Runs the read-only beginning of a verb.
 *
 * @throws NothingChangedError when it fails, or the caller has aborted
 */
export async function beforeChanges<T>({ signal }: Waiting, look: () => Promise<T>): Promise<T> {
  try {
    const found = await look();
    signal.throwIfAborted();
    return found;
  } catch (error) {
    throw new NothingChangedError(toError(error));
  }
}
