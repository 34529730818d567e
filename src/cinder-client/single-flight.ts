import { whileWanted } from '../base/index.ts';

/**
 * Work that concurrent callers share: a caller who comes while it runs waits for the same result. A caller whose signal
 * fires stops waiting; the work itself ends with its owner.
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
    // All callers may have left by the time it fails; those who wait see the failure themselves.
    running.catch(() => undefined);
    return running;
  }
}
