import { ConflictError, TimeoutError, toError } from './errors.ts';

export interface QueueLimits {
  readonly concurrent: number;
  /** The most pieces of work that may wait; more are refused, to bound the memory of the process. */
  readonly waiting: number;
  /** The longest wait, in milliseconds. The work itself has its own deadlines. */
  readonly waitMs: number;
}

/**
 * Runs work in order of arrival, within limits. A caller whose signal fires leaves the queue at once; work that has
 * started is always awaited, since it may have to roll back.
 */
export class FairQueue {
  readonly #what: string;
  readonly #limits: QueueLimits;
  readonly #waiting = new Set<() => void>(); // in order of arrival
  #active = 0;

  /** @param what - the work, in the plural, for messages ("requests to the HMC") */
  constructor(what: string, limits: QueueLimits) {
    this.#what = what;
    this.#limits = limits;
  }

  /** Whether no work runs or waits, so that the queue can be dropped. */
  get isIdle(): boolean {
    return this.#active === 0 && this.#waiting.size === 0;
  }

  /**
   * Waits for a turn. The place in the queue is fixed before this returns; the turn ends when the result is disposed.
   *
   * @throws ConflictError when the queue is full, TimeoutError when the wait is too long, or the signal's reason when
   * the signal fires during the wait. In each case there is nothing to dispose.
   */
  async enter(signal: AbortSignal): Promise<Disposable> {
    signal.throwIfAborted();
    if (this.#active < this.#limits.concurrent && this.#waiting.size === 0) this.#active += 1;
    else await this.#wait(signal);
    return {
      [Symbol.dispose]: () => {
        this.#active -= 1;
        this.#admit();
      },
    };
  }

  /** Runs `work` when its turn comes. @throws as {@link FairQueue.enter}: the work has then not started */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    using _turn = await this.enter(signal);
    return await work();
  }

  /** @throws ConflictError when the queue is full */
  requireRoom(): void {
    const { concurrent, waiting } = this.#limits;
    const isFree = this.#active < concurrent && this.#waiting.size === 0;
    if (isFree || this.#waiting.size < waiting) return;
    throw new ConflictError(`the queue is full: ${this.#waiting.size} ${this.#what} are waiting`, {
      waiting: this.#waiting.size,
    });
  }

  #admit(): void {
    const [next] = this.#waiting;
    if (next === undefined || this.#active >= this.#limits.concurrent) return;
    this.#waiting.delete(next);
    this.#active += 1; // now, so that no other caller takes the place before the next one resumes
    next();
  }

  async #wait(signal: AbortSignal): Promise<void> {
    const { waitMs } = this.#limits;
    this.requireRoom();
    await new Promise<void>((resolve, reject) => {
      const end = (settle: () => void): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', giveUp);
        this.#waiting.delete(enter);
        settle();
      };
      const enter = (): void => end(resolve);
      const leave = (error: Error): void => end(() => reject(error));
      const giveUp = (): void => leave(toError(signal.reason));
      const message = `${this.#what}: no turn within ${waitMs / 1000} s`;
      const timer = setTimeout(() => leave(new TimeoutError(message, { timeoutMs: waitMs })), waitMs);
      signal.addEventListener('abort', giveUp, { once: true });
      this.#waiting.add(enter);
    });
  }
}
