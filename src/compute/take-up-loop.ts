import { setTimeout as sleepFor } from 'node:timers/promises';
import { describeError, InterruptedError } from '../base/index.ts';
import type { Logger } from '../base/index.ts';

/** While something goes on waiting, pauses grow to so many times the first one. */
const MAX_GROWTH = 10;

export interface TakeUpLoopOptions {
  /** Between two looks, in milliseconds. */
  readonly everyMs: number;
  /** Takes up what waits. @returns whether something still does */
  readonly look: (signal: AbortSignal) => Promise<boolean>;
  readonly log: Logger;
  /** Ends early, with an error, when the signal fires. */
  readonly pause?: ((ms: number, signal: AbortSignal) => Promise<unknown>) | undefined;
}

/** Looks again and again for what waits to be taken up, for as long as a process lives. It keeps no process alive. */
export class TakeUpLoop implements AsyncDisposable {
  readonly #options: TakeUpLoopOptions;
  readonly #end = new AbortController();
  readonly #running: Promise<void>;

  constructor(options: TakeUpLoopOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  /** Stops it. What it was at is left as if the process had died: it waits for whoever comes next. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort(new InterruptedError('the compute manager is closed'));
    await this.#running;
  }

  async #run(): Promise<void> {
    const { everyMs, pause = idle } = this.#options;
    const { signal } = this.#end;
    const isOver = () => signal.aborted;
    for (let delayMs = everyMs; !isOver();) {
      await pause(delayMs, signal).catch(() => undefined);
      if (isOver()) return;
      delayMs = (await this.#look(signal)) ? Math.min(delayMs * 2, everyMs * MAX_GROWTH) : everyMs;
    }
  }

  async #look(signal: AbortSignal): Promise<boolean> {
    const { look, log } = this.#options;
    try {
      return await look(signal);
    } catch (error) {
      if (!signal.aborted)
        log.warn({ event: 'flows.take-up', error: describeError(error) }, 'cannot take up flows now');
      return true;
    }
  }
}

async function idle(ms: number, signal: AbortSignal): Promise<void> {
  await sleepFor(ms, undefined, { signal, ref: false });
}
