import { whileWanted } from '../base/index.ts';

/**
 * Shares one run of some work among concurrent callers: a caller that arrives during the run waits for the same result. A
 * caller whose signal fires stops waiting. Only the signal of the owner stops the work.
 */
export class SingleFlight<T> {
  readonly #work: (signal: AbortSignal) => Promise<T>;
  readonly #owner: AbortSignal;
  #running: Promise<T> | undefined;

  constructor(work: (signal: AbortSignal) => Promise<T>, owner: AbortSignal) {
    this.#work = work;
    this.#owner = owner;
  }

  async run(signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    this.#running ??= this.#start();
    return await whileWanted(this.#running, signal);
  }

  #start(): Promise<T> {
    const running = this.#work(this.#owner).finally(() => {
      this.#running = undefined;
    });
    // Avoids an unhandled rejection if all callers have stopped waiting. Waiting callers receive the failure.
    running.catch(() => undefined);
    return running;
  }
}
