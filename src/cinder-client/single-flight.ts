import { toError } from '../base/index.ts';

/**
 * Work that concurrent callers share: whoever comes while it runs waits for the same result. A caller who gives up ends
 * his own wait only; the work itself ends with its owner.
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
    return await untilAborted(this.#running, signal);
  }

  #start(): Promise<T> {
    const running = this.#work(this.#owner).finally(() => {
      this.#running = undefined;
    });
    // Every caller may have left by the time it fails; each that stayed sees the failure by his own wait.
    running.catch(() => undefined);
    return running;
  }
}

async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(toError(signal.reason));
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
  }
}
