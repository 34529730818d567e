import { setTimeout as sleepFor } from 'node:timers/promises';
import { describeError, InterruptedError } from '../base/index.ts';
import type { Logger } from '../base/index.ts';

/** While something keeps waiting, pauses grow up to this multiple of the first one. */
const MAX_GROWTH = 10;

interface ResumeLoopOptions {
  /** Pause between two attempts, in milliseconds. */
  readonly everyMs: number;
  /** Resumes what waits. @returns whether something still waits */
  readonly look: (signal: AbortSignal) => Promise<boolean>;
  readonly log: Logger;
  /** Rejects early when the signal fires. */
  readonly pause?: ((ms: number, signal: AbortSignal) => Promise<unknown>) | undefined;
}

/**
 * Resumes waiting flows again and again while the process lives, without keeping it alive. Disposing of the result stops the
 * loop, and leaves an interrupted flow as if the process had died: the next command resumes it.
 */
export function startResumeLoop({ everyMs, look, log, pause = idle }: ResumeLoopOptions): AsyncDisposable {
  const end = new AbortController();
  const { signal } = end;
  const isOver = () => signal.aborted;
  const attempt = async () => {
    try {
      return await look(signal);
    } catch (error) {
      if (!isOver()) log.warn({ event: 'flows.resume', error: describeError(error) }, 'flows cannot be resumed now');
      return true;
    }
  };
  const run = async () => {
    for (let delayMs = everyMs; !isOver();) {
      await pause(delayMs, signal).catch(() => undefined);
      if (isOver()) return;
      delayMs = (await attempt()) ? Math.min(delayMs * 2, everyMs * MAX_GROWTH) : everyMs;
    }
  };
  const running = run();
  return {
    [Symbol.asyncDispose]: async () => {
      end.abort(new InterruptedError('the compute manager is closed'));
      await running;
    },
  };
}

async function idle(ms: number, signal: AbortSignal): Promise<void> {
  await sleepFor(ms, undefined, { signal, ref: false });
}
