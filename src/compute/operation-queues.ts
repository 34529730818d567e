import { FairQueue } from '../base/index.ts';
import { InstanceQueues } from './instance-queue.ts';

/**
 * Operations that are under way or wait, all servers together. A machine has at most 85 partitions, so this is a dozen
 * for each; who sends more is refused, before anything is asked or recorded.
 */
const MAX_ADMITTED = 1_000;

/** How much of what changes servers goes on at once. */
export interface OperationLimits {
  /** Of all kinds, on the CPC: its service element does not get faster by being asked more. */
  readonly operations: number;
  /** Builds among them. */
  readonly builds: number;
  /** The longest wait for a turn, in milliseconds. */
  readonly waitMs: number;
}

/**
 * The queues that an operation passes before it begins: the manager's door, the instance's turn, a place among the
 * builds, a place among the operations on the CPC. Always in this order, so that none waits for one that waits for it;
 * and all of them before the first line in the journal, so that whoever is refused leaves nothing to be undone.
 */
export class OperationQueues {
  readonly #door: FairQueue;
  readonly #instances: InstanceQueues;
  readonly #builds: FairQueue;
  readonly #operations: FairQueue;

  constructor({ operations, builds, waitMs }: OperationLimits) {
    // Everybody in these queues came through the door, which is their bound.
    const waiting = MAX_ADMITTED;
    this.#door = new FairQueue('operations', { concurrent: MAX_ADMITTED, waiting: 0, waitMs });
    this.#instances = new InstanceQueues(waitMs);
    this.#builds = new FairQueue('builds', { concurrent: builds, waiting, waitMs });
    this.#operations = new FairQueue('operations on the CPC', { concurrent: operations, waiting, waitMs });
  }

  /** What is asked and recorded before the turn comes: from here on the operation counts. */
  async admit<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    return await this.#door.run(signal, work);
  }

  /** The instance's turn. */
  async turn<T>(instanceUuid: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    return await this.#instances.run(instanceUuid, signal, work);
  }

  /** Does an operation of this process work on the instance, or wait for it? */
  isBusy(instanceUuid: string): boolean {
    return this.#instances.has(instanceUuid);
  }

  /** A place on the CPC, within the instance's turn. */
  async place<T>(kind: 'build' | 'other', signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const onCpc = async () => await this.#operations.run(signal, work);
    return kind === 'build' ? await this.#builds.run(signal, onCpc) : await onCpc();
  }
}
