import { FairQueue } from '../base/index.ts';

/** Work that waits for one instance beyond which more is refused: a user who clicks is not a queue. */
const MAX_WAITING = 16;

/**
 * One operation at a time per instance, in order of arrival; instances do not wait for each other. A delete that comes
 * during a spawn waits for its end and then deletes, as in Nova.
 */
export class InstanceQueues {
  readonly #queues = new Map<string, FairQueue>();
  readonly #waitMs: number;

  /** @param waitMs - longest wait for the instance's turn */
  constructor(waitMs: number) {
    this.#waitMs = waitMs;
  }

  /**
   * Waits for the instance's turn, which ends when the result is disposed of.
   *
   * @throws ConflictError when too much waits, TimeoutError, or the signal's reason
   */
  async enter(instanceUuid: string, signal: AbortSignal): Promise<Disposable> {
    const queue = this.#queues.get(instanceUuid) ?? this.#open(instanceUuid);
    const forget = () => {
      if (queue.isIdle) this.#queues.delete(instanceUuid);
    };
    try {
      const turn = await queue.enter(signal);
      return {
        [Symbol.dispose]: () => {
          turn[Symbol.dispose]();
          forget();
        },
      };
    } catch (error) {
      forget();
      throw error;
    }
  }

  /** Does anything work on the instance, or wait for it? */
  has(instanceUuid: string): boolean {
    return this.#queues.has(instanceUuid);
  }

  #open(instanceUuid: string): FairQueue {
    const limits = { concurrent: 1, waiting: MAX_WAITING, waitMs: this.#waitMs };
    const queue = new FairQueue(`operations on server ${instanceUuid}`, limits);
    this.#queues.set(instanceUuid, queue);
    return queue;
  }
}
