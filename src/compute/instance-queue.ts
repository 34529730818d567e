import { FairQueue } from '../base/index.ts';

/** Operations that may wait for one instance; more are refused. */
const MAX_WAITING = 16;

/**
 * Runs one operation at a time per instance, in order of arrival. Instances do not wait for each other. As in Nova, a delete
 * during a spawn waits until the spawn has ended.
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
   * @throws ConflictError when the queue is full, TimeoutError, or the signal's reason
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

  /** Whether an operation on the instance runs or waits. */
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
