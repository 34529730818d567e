import { ConflictError, TimeoutError, toError } from './errors.ts';

/** How much goes on at once, and how much may wait for it. */
export interface QueueLimits {
  /** What is done at once. */
  readonly concurrent: number;
  /** What may wait; more is refused, so that a crowd costs its callers patience and not this process its memory. */
  readonly waiting: number;
  /** The longest wait for a turn, in milliseconds. The work itself has its own deadlines. */
  readonly waitMs: number;
}

/**
 * Work in order of arrival, so much at once, so much waiting, and nobody waiting for ever. Who gives up leaves at once,
 * and makes room for another; work that has begun is never left alone: it may have to go back.
 */
export class FairQueue {
  readonly #what: string;
  readonly #limits: QueueLimits;
  readonly #waiting = new Set<() => void>(); // sets keep the order in which things came
  #active = 0;

  /** @param what - what waits, in the plural, for the messages ("requests to the HMC") */
  constructor(what: string, limits: QueueLimits) {
    this.#what = what;
    this.#limits = limits;
  }

  /** Neither at work nor waited for: nobody would notice if it were gone. */
  get isIdle(): boolean {
    return this.#active === 0 && this.#waiting.size === 0;
  }

  /**
   * Waits for its turn; the place in the queue is taken before this returns. The turn ends when the result is disposed of.
   *
   * @throws ConflictError when too much waits already, TimeoutError when the turn did not come in time, the signal's
   * reason when the caller gave up first: in each case there is nothing to dispose of
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

  /** Runs `work` when its turn comes. @throws as {@link FairQueue.enter}: the work was then not begun */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    using _turn = await this.enter(signal);
    return await work();
  }

  /** @throws ConflictError when one more would be refused */
  requireRoom(): void {
    const { concurrent, waiting } = this.#limits;
    const isFree = this.#active < concurrent && this.#waiting.size === 0;
    if (isFree || this.#waiting.size < waiting) return;
    throw new ConflictError(`${this.#waiting.size} ${this.#what} wait already`, { waiting: this.#waiting.size });
  }

  #admit(): void {
    const [next] = this.#waiting;
    if (next === undefined || this.#active >= this.#limits.concurrent) return;
    this.#waiting.delete(next);
    this.#active += 1; // before the next one notices, so that nobody can come in between
    next();
  }

  async #wait(signal: AbortSignal): Promise<void> {
    const { waitMs } = this.#limits;
    this.requireRoom();
    await new Promise<void>((resolve, reject) => {
      const leave = (error: Error): void => {
        stop();
        this.#waiting.delete(enter);
        reject(error);
      };
      const enter = (): void => {
        stop();
        resolve();
      };
      const giveUp = (): void => leave(toError(signal.reason));
      const timer = setTimeout(() => leave(this.#tooLate()), waitMs);
      const stop = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', giveUp);
      };
      signal.addEventListener('abort', giveUp, { once: true });
      this.#waiting.add(enter);
    });
  }

  #tooLate(): TimeoutError {
    const { waitMs: timeoutMs } = this.#limits;
    return new TimeoutError(`${this.#what}: no turn within ${timeoutMs / 1000} s`, { timeoutMs });
  }
}
