import pLimit from 'p-limit';
import { ConflictError, toError, whileWanted } from '../base/index.ts';

/** Work that waits for one instance beyond which more is refused: a user who clicks is not a queue. */
const MAX_WAITING = 16;

/**
 * One operation at a time per instance, in order of arrival; instances do not wait for each other. A delete that comes
 * during a spawn waits for its end and then deletes, as in Nova.
 */
export class InstanceQueues {
  readonly #limits = new Map<string, ReturnType<typeof pLimit>>();

  async run<T>(instanceUuid: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const limit = this.#limits.get(instanceUuid) ?? pLimit(1);
    this.#limits.set(instanceUuid, limit);
    if (limit.pendingCount >= MAX_WAITING) {
      throw new ConflictError(`${limit.pendingCount} operations wait for server ${instanceUuid} already`, {
        instanceUuid,
      });
    }
    const turn = { isTaken: false, take: (): void => undefined };
    const taken = new Promise<void>((resolve) => {
      turn.take = resolve;
    });
    const result = limit(async () => {
      if (signal.aborted) throw toError(signal.reason);
      turn.isTaken = true;
      turn.take();
      return await work();
    }).finally(() => {
      if (limit.activeCount === 0 && limit.pendingCount === 0) this.#limits.delete(instanceUuid);
    });
    try {
      await whileWanted(Promise.race([taken, result]), signal);
    } catch (error) {
      // Who gives up in the queue goes at once; work that has begun is waited for, since it may have to go back.
      if (!turn.isTaken) {
        result.catch(() => undefined); // its turn will come, and find that nobody wants it
        throw error;
      }
    }
    return await result;
  }
}
