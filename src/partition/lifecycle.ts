import {
  HmcConnectionError,
  HmcHttpError,
  isHmcError,
  isUnreachable,
  JobFailedError,
  JobLostError,
  mayHaveEffect,
} from '../hmc-client/errors/index.ts';
import { ConflictError, NotFoundError, waitUntil } from '../base/index.ts';
import type { Verdict, Waiting, WaitPolicy } from '../base/index.ts';
import type { HmcJob, HmcSession } from '../hmc-client/index.ts';
import { PartitionStatusError, StatusTimeoutError } from './errors.ts';
import {
  deletableStatuses,
  runningStatuses,
  startableStatuses,
  stoppableStatuses,
  transitionalStatuses,
  unknowableStatuses,
} from './status.ts';

/** Reasons of a 409 that are about the status of partition or CPC, or about other work. Source: IBM WS API, common reason codes. */
const unrelatedToAttachments: ReadonlySet<number> = new Set([1, 2, 5, 6, 15]);

/** How long whoever gave up waits for the HMC to take the request that cancels a start. */
const CANCEL_MS = 10_000;

/** A partition as the messages name it. */
export interface PartitionRef {
  readonly uri: string;
  readonly name: string;
}

export interface LifecyclePolicy {
  /** For a start or stop, job and status together. */
  readonly timeoutMs: number;
  /** How the job and then the status are looked at. */
  readonly poll: Pick<WaitPolicy, 'minDelayMs' | 'maxDelayMs'>;
  /**
   * After the job has ended, how long a status that is neither the wanted one nor transitional is taken for the lag
   * that every HMC shows (zhmc-ansible-modules module_utils/common.py), before it is believed.
   */
  readonly settleMs: number;
}

export const defaultLifecyclePolicy: LifecyclePolicy = {
  timeoutMs: 900_000,
  poll: { minDelayMs: 250, maxDelayMs: 5_000 },
  settleMs: 10_000,
};

/** What the caller has seen of a partition, so that it is not asked for again. */
interface Looked {
  /** The status that a look has just shown. */
  readonly seen?: string | undefined;
  /** How the status is looked at after a stop; default: by a request for the status alone. */
  readonly look?: ((w: Waiting) => Promise<string>) | undefined;
}

/** How a start ended: the status says it, and the caller decides what it means for a boot. */
export type StartResult = { readonly kind: 'running'; readonly status: string } | FailedStart;

/** @see wasRefused - for whether anything was loaded at all */
export interface FailedStart {
  readonly kind: 'failed';
  readonly status: string;
  readonly hmcSaid: string;
  /** How the request or its job failed, where it did. */
  readonly cause?: Error;
}

/**
 * Starting, stopping and deleting partitions: the state machine of a careful client. Source: zhmc-ansible-modules
 * module_utils/common.py.
 */
export class PartitionLifecycle {
  readonly #hmc: HmcSession;
  readonly #policy: LifecyclePolicy;

  constructor(hmc: HmcSession, policy: LifecyclePolicy = defaultLifecyclePolicy) {
    this.#hmc = hmc;
    this.#policy = policy;
  }

  async status(partition: PartitionRef, w: Waiting): Promise<string> {
    const { status } = await this.#hmc.partitions.get(partition.uri, w, ['status']);
    return status;
  }

  /**
   * Starts a stopped partition and waits until its status says how it went.
   *
   * Performs "Start Partition" (a job), then watches the status, which trails the job. A start that was lost is judged
   * by the status, and sent once more only when the partition has not left its status.
   *
   * @throws StatusTimeoutError when it stayed on the way; JobFailedError never: a failed job is a `failed` result
   */
  async start(partition: PartitionRef, w: Waiting): Promise<StartResult> {
    const deadline = performance.now() + this.#policy.timeoutMs;
    const { maySettle, ...said } = await this.#runJob('start', partition, w);
    const settled = performance.now() + this.#policy.settleMs;
    const accept = (status: string): Verdict<StartResult> => {
      if (runningStatuses.has(status)) return { kind: 'done', value: { kind: 'running', status } };
      const isLagging = maySettle && performance.now() < settled;
      // Until the status can be told, nobody knows whether a start that the HMC did not fail has taken effect.
      const isUntold = unknowableStatuses.has(status) && said.cause === undefined;
      if (transitionalStatuses.has(status) || isUntold || isLagging) return { kind: 'again' };
      return { kind: 'done', value: { kind: 'failed', status, ...said } };
    };
    return await this.#watch(partition, 'start', 'active', accept, deadline - performance.now(), w);
  }

  /** Brings a partition that is not there to start, to running: as zhmc-ansible-modules module_utils/common.py does. */
  async ensureRunning(partition: PartitionRef, w: Waiting, { seen }: Pick<Looked, 'seen'> = {}): Promise<StartResult> {
    let status = await this.#lasting(partition, seen, w);
    if (runningStatuses.has(status)) return { kind: 'running', status };
    // An operating system that ended itself leaves `paused` or `terminated`: only a stop makes it startable again.
    if (stoppableStatuses.has(status)) status = await this.ensureStopped(partition, w);
    if (!startableStatuses.has(status)) throw unusable('start', partition, status, startableStatuses);
    return await this.start(partition, w);
  }

  /**
   * Stops a partition unless it is stopped.
   *
   * @returns the status in which it holds no resources
   * @throws PartitionStatusError when the stop ended otherwise: a failed job, or `terminated`, as which a stop may end
   */
  async ensureStopped(partition: PartitionRef, w: Waiting, { seen, look }: Looked = {}): Promise<string> {
    const status = await this.#lasting(partition, seen, w);
    if (deletableStatuses.has(status)) return status;
    if (!stoppableStatuses.has(status)) throw unusable('stop', partition, status, stoppableStatuses);
    const deadline = performance.now() + this.#policy.timeoutMs;
    const { hmcSaid, maySettle } = await this.#runJob('stop', partition, w);
    const settled = performance.now() + this.#policy.settleMs;
    const accept = (now: string): Verdict<string> => {
      if (deletableStatuses.has(now)) return { kind: 'done', value: now };
      const isLagging = maySettle && performance.now() < settled;
      if (!stoppableStatuses.has(now) || isLagging) return { kind: 'again' };
      return { kind: 'failed', error: notStopped(partition, now, hmcSaid) };
    };
    return await this.#watch(partition, 'stop', 'stopped', accept, deadline - performance.now(), w, look);
  }

  /** Stops and deletes a partition; one that is gone is deleted. Its vHBAs and NICs go with it. */
  async ensureDeleted(partition: PartitionRef, w: Waiting): Promise<void> {
    const steps: (() => Promise<unknown>)[] = [
      async () => await this.ensureStopped(partition, w),
      // Also after a 404: one reading that says "gone" is not enough to leave a partition behind.
      async () => await this.deleteStopped(partition, w),
    ];
    for (const step of steps) {
      await step().catch((error: unknown) => {
        if (!isHmcError(error, 404, 1)) throw error;
      });
    }
  }

  /**
   * Deletes a partition that does not run; it is not stopped for that. What is attached goes with it (zhmc-ansible-modules
   * never detach). A refusal that speaks neither of the status nor of other work is likely about that: it is then detached,
   * and named where that does not help.
   */
  async deleteStopped(partition: PartitionRef, w: Waiting): Promise<void> {
    const { partitions } = this.#hmc;
    try {
      await partitions.delete(partition.uri, w);
    } catch (error) {
      if (!isAboutAttachments(error)) throw error;
      const { storageGroupUris } = await partitions.get(partition.uri, w, ['storage-group-uris']);
      if (storageGroupUris.length === 0) throw error;
      try {
        for (const uri of storageGroupUris) await partitions.detachStorageGroup(partition.uri, uri, w);
      } catch {
        throw stillAttached(partition, storageGroupUris, error);
      }
      await partitions.delete(partition.uri, w);
    }
  }

  /** The status that was just seen, if it lasts; else the one that comes of it. */
  async #lasting(partition: PartitionRef, seen: string | undefined, w: Waiting): Promise<string> {
    const isLasting = seen !== undefined && !transitionalStatuses.has(seen) && !unknowableStatuses.has(seen);
    return isLasting ? seen : await this.#leaveTransition(partition, w);
  }

  async #leaveTransition(partition: PartitionRef, w: Waiting): Promise<string> {
    const accept = (status: string): Verdict<string> => {
      if (transitionalStatuses.has(status)) return { kind: 'again' };
      if (unknowableStatuses.has(status)) {
        return { kind: 'failed', error: unusable('use', partition, status, stoppableStatuses) };
      }
      return { kind: 'done', value: status };
    };
    return await this.#watch(partition, 'wait for', 'a lasting status', accept, this.#policy.timeoutMs, w);
  }

  /** @returns how the job ended, in words, and whether the status may still come to what was wanted by itself */
  async #runJob(
    verb: 'start' | 'stop',
    partition: PartitionRef,
    w: Waiting,
  ): Promise<{ readonly hmcSaid: string; readonly maySettle: boolean; readonly cause?: Error }> {
    // Nobody can know how it went: the status will tell.
    const unknown = { hmcSaid: `nobody knows how the ${verb} job ended`, maySettle: true };
    try {
      const job = await this.#begin(verb, partition, w);
      if (job === 'heard') return unknown;
      const wait = { timeoutMs: this.#policy.timeoutMs, signal: w.signal, poll: this.#policy.poll };
      await job.wait(wait).catch(async (error: unknown) => {
        if (verb === 'start' && w.signal.aborted) await cancelQuietly(job);
        throw error;
      });
      return { hmcSaid: `the ${verb} job ended without error`, maySettle: true };
    } catch (error) {
      if (error instanceof JobFailedError) return { hmcSaid: error.message, maySettle: false, cause: error };
      // 409.1: it was in another status than we saw, so somebody was quicker; the status will tell.
      if (isHmcError(error, 409, 1)) return { hmcSaid: error.hmcMessage, maySettle: false, cause: error };
      if (error instanceof JobLostError || (error instanceof HmcConnectionError && error.sent)) return unknown;
      throw error;
    }
  }

  /**
   * Sends the request. When it or its answer is lost, the partition is looked at: a status that has not moved by the
   * time that it may trail says that nothing was heard, and the request is sent once more; a refusal of the second one
   * (409.1) says that the first was heard after all.
   */
  async #begin(verb: 'start' | 'stop', partition: PartitionRef, w: Waiting): Promise<HmcJob | 'heard'> {
    const send = async (): Promise<HmcJob> => await this.#hmc.partitions[verb](partition.uri, w);
    try {
      return await send();
    } catch (error) {
      if (!mayHaveEffect(error)) throw error;
      if (await this.#hasLeft(verb === 'start' ? startableStatuses : stoppableStatuses, partition, w)) return 'heard';
    }
    try {
      return await send();
    } catch (error) {
      if (isHmcError(error, 409, 1)) return 'heard';
      throw error;
    }
  }

  /** Does the partition leave these statuses within the time for which a status may trail? */
  async #hasLeft(statuses: ReadonlySet<string>, partition: PartitionRef, w: Waiting): Promise<boolean> {
    const settled = performance.now() + this.#policy.settleMs;
    const accept = (status: string): Verdict<boolean> => {
      if (unknowableStatuses.has(status)) return { kind: 'again' };
      if (!statuses.has(status)) return { kind: 'done', value: true };
      return performance.now() < settled ? { kind: 'again' } : { kind: 'done', value: false };
    };
    return await this.#watch(partition, 'wait for', 'a status that can be told', accept, this.#policy.timeoutMs, w);
  }

  async #watch<T>(
    partition: PartitionRef,
    verb: string,
    desired: string,
    accept: (status: string) => Verdict<T>,
    timeoutMs: number,
    w: Waiting,
    look: Looked['look'] = async (each) => await this.status(partition, each),
  ): Promise<T> {
    return await waitUntil({
      ...this.#policy.poll,
      timeoutMs,
      signal: w.signal,
      poll: async (signal) => await look({ signal }),
      accept,
      label: (status) => status,
      isPassing: isUnreachable,
      onTimeout: (lastSeen, observed) =>
        new StatusTimeoutError(
          `${verb} partition "${partition.name}": status is still "${lastSeen}" after ${Math.round(timeoutMs / 1000)} s (wanted ${desired})`,
          { partition: partition.name, partitionUri: partition.uri, desired, lastSeen, observed, timeoutMs },
        ),
    });
  }
}

/**
 * The caller has given up, and what is undone next need not wait until the start has ended. A start can be canceled only
 * up to some point (IBM WS API, Start Partition); past it, it goes on as if nobody had asked, and so it does when this fails.
 */
async function cancelQuietly(job: HmcJob): Promise<void> {
  await job.cancel({ signal: AbortSignal.timeout(CANCEL_MS) }).catch(() => undefined);
}

function isAboutAttachments(error: unknown): boolean {
  return error instanceof HmcHttpError && error.status === 409 && !unrelatedToAttachments.has(error.reason);
}

function stillAttached(partition: PartitionRef, storageGroupUris: readonly string[], cause: unknown): ConflictError {
  const groups = storageGroupUris.join(', ');
  return new ConflictError(
    `delete partition "${partition.name}": the HMC refuses it while ${groups} is attached; a user who may see that storage group has to detach it`,
    { partition: partition.name, storageGroupUris },
    { cause },
  );
}

function unusable(verb: string, partition: PartitionRef, status: string, usable: ReadonlySet<string>): Error {
  return new PartitionStatusError(
    `${verb} partition "${partition.name}": its status is "${status}" (expected one of ${[...usable].join(', ')})`,
    { partition: partition.name, partitionUri: partition.uri, status },
  );
}

function notStopped(partition: PartitionRef, status: string, hmcSaid: string): Error {
  return new PartitionStatusError(`stop partition "${partition.name}": its status is "${status}" (${hmcSaid})`, {
    partition: partition.name,
    partitionUri: partition.uri,
    status,
    hmcSaid,
  });
}

/** The partition of an instance, or an error that names both. */
export function requirePartition<P extends PartitionRef>(found: P | undefined, name: string): P {
  if (found !== undefined) return found;
  throw new NotFoundError(`partition "${name}" does not exist on this CPC`, { partition: name });
}

/** Does the CPC list it, under whichever name? An HMC that lists a partition and denies it contradicts itself. */
export async function isListed(hmc: HmcSession, cpcUri: string, { uri }: PartitionRef, w: Waiting): Promise<boolean> {
  return (await hmc.partitions.list(cpcUri, {}, w)).some((partition) => partition.uri === uri);
}

/** A partition of this name is there already. */
export function partitionExists(name: string): ConflictError {
  return new ConflictError(`partition "${name}" exists already`, { partition: name });
}
