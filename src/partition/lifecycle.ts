import {
  HmcConnectionError,
  HmcHttpError,
  isHmcError,
  isUnreachable,
  JobFailedError,
  JobLostError,
  mayHaveEffect,
} from '../hmc-client/errors/index.ts';
import { ConflictError, waitUntil } from '../base/index.ts';
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

/** Reasons of a 409 about the status of partition or CPC, or about other work. Source: IBM WS API, common reason codes. */
const unrelatedToAttachments: ReadonlySet<number> = new Set([1, 2, 5, 6, 15]);

/** Time limit for the request that cancels a start. */
const CANCEL_MS = 10_000;

/** A partition, with its name for messages. */
export interface PartitionRef {
  readonly uri: string;
  readonly name: string;
}

export interface LifecyclePolicy {
  /** Time limit for a start or stop: job and status together. */
  readonly timeoutMs: number;
  /** Poll interval for the job, then for the status. */
  readonly poll: Pick<WaitPolicy, 'minDelayMs' | 'maxDelayMs'>;
  /**
   * How long after the end of the job an unexpected status is ignored, because the status lags behind on every HMC
   * (zhmc-ansible-modules module_utils/common.py).
   */
  readonly statusLagMs: number;
}

export const defaultLifecyclePolicy: LifecyclePolicy = {
  timeoutMs: 900_000,
  poll: { minDelayMs: 250, maxDelayMs: 5_000 },
  statusLagMs: 10_000,
};

interface Looked {
  /** The status, if it was read just before. */
  readonly seen?: string | undefined;
  /** Reads the status after a stop; default: a request for the status only. */
  readonly look?: ((w: Waiting) => Promise<string>) | undefined;
}

/** The result of a start. The caller decides whether another boot path helps. */
export type StartResult = { readonly kind: 'running'; readonly status: string } | FailedStart;

/** @see wasRefused - whether anything was loaded */
export interface FailedStart {
  readonly kind: 'failed';
  readonly status: string;
  readonly hmcSaid: string;
  /** The error of the request or its job, if it failed. */
  readonly cause?: Error;
}

/** Starts, stops and deletes partitions, and waits for the status. Source: zhmc-ansible-modules module_utils/common.py. */
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
   * Performs "Start Partition" (a job), then polls the status, which lags behind the job. If a start is lost, retries it once,
   * and only if the status does not change.
   *
   * @throws StatusTimeoutError when the status stays transitional; never JobFailedError: a failed job is a `failed` result
   */
  async start(partition: PartitionRef, w: Waiting): Promise<StartResult> {
    const deadline = performance.now() + this.#policy.timeoutMs;
    const { mayLag, ...said } = await this.#runJob('start', partition, w);
    const lagEnd = performance.now() + this.#policy.statusLagMs;
    const accept = (status: string): Verdict<StartResult> => {
      if (runningStatuses.has(status)) return { kind: 'done', value: { kind: 'running', status } };
      const isLagging = mayLag && performance.now() < lagEnd;
      // While the status is unknown, a start that the HMC did not fail may have taken effect.
      const isUntold = unknowableStatuses.has(status) && said.cause === undefined;
      if (transitionalStatuses.has(status) || isUntold || isLagging) return { kind: 'again' };
      return { kind: 'done', value: { kind: 'failed', status, ...said } };
    };
    return await this.#watch(partition, 'start', 'active', accept, deadline - performance.now(), w);
  }

  /** Starts a partition unless it is running; stops it first if needed. Source: zhmc-ansible-modules module_utils/common.py. */
  async ensureRunning(partition: PartitionRef, w: Waiting, { seen }: Pick<Looked, 'seen'> = {}): Promise<StartResult> {
    let status = await this.#lasting(partition, seen, w);
    if (runningStatuses.has(status)) return { kind: 'running', status };
    // An operating system that shut down leaves `paused` or `terminated`: the partition must be stopped before a start.
    if (stoppableStatuses.has(status)) status = await this.ensureStopped(partition, w);
    if (!startableStatuses.has(status)) throw unusable('start', partition, status, startableStatuses);
    return await this.start(partition, w);
  }

  /**
   * Stops a partition unless it is stopped.
   *
   * @returns the final status, in which it holds no resources
   * @throws PartitionStatusError when the stop failed: a failed job, or the status `terminated`
   */
  async ensureStopped(partition: PartitionRef, w: Waiting, { seen, look }: Looked = {}): Promise<string> {
    const status = await this.#lasting(partition, seen, w);
    if (deletableStatuses.has(status)) return status;
    if (!stoppableStatuses.has(status)) throw unusable('stop', partition, status, stoppableStatuses);
    const deadline = performance.now() + this.#policy.timeoutMs;
    const { hmcSaid, mayLag } = await this.#runJob('stop', partition, w);
    const lagEnd = performance.now() + this.#policy.statusLagMs;
    const accept = (now: string): Verdict<string> => {
      if (deletableStatuses.has(now)) return { kind: 'done', value: now };
      const isLagging = mayLag && performance.now() < lagEnd;
      if (!stoppableStatuses.has(now) || isLagging) return { kind: 'again' };
      return { kind: 'failed', error: notStopped(partition, now, hmcSaid) };
    };
    return await this.#watch(partition, 'stop', 'stopped', accept, deadline - performance.now(), w, look);
  }

  /**
   * Deletes a stopped partition. Storage groups are detached by the delete (zhmc-ansible-modules never detach). If the HMC
   * refuses for a reason other than status or other work, detaches them first; if that fails, the error names them.
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

  /** Returns the status that was just seen if it is lasting; otherwise waits for a lasting one. */
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

  /** @returns how the job ended, and whether the status may still become the expected one */
  async #runJob(
    verb: 'start' | 'stop',
    partition: PartitionRef,
    w: Waiting,
  ): Promise<{ readonly hmcSaid: string; readonly mayLag: boolean; readonly cause?: Error }> {
    // The result of the job is unknown; the status decides.
    const unknown = { hmcSaid: `the outcome of the ${verb} job is unknown`, mayLag: true };
    try {
      const job = await this.#begin(verb, partition, w);
      if (job === 'heard') return unknown;
      const wait = { timeoutMs: this.#policy.timeoutMs, signal: w.signal, poll: this.#policy.poll };
      await job.wait(wait).catch(async (error: unknown) => {
        if (verb === 'start' && w.signal.aborted) await cancelQuietly(job);
        throw error;
      });
      return { hmcSaid: `the ${verb} job ended without error`, mayLag: true };
    } catch (error) {
      if (error instanceof JobFailedError) return { hmcSaid: error.message, mayLag: false, cause: error };
      // 409.1: somebody else has changed the status meanwhile; the status decides.
      if (isHmcError(error, 409, 1)) return { hmcSaid: error.hmcMessage, mayLag: false, cause: error };
      if (error instanceof JobLostError || (error instanceof HmcConnectionError && error.sent)) return unknown;
      throw error;
    }
  }

  /**
   * Sends the request. If it or its answer is lost, polls the status. If the status does not change within the time that it may
   * lag, the HMC did not get the request, and it is sent once more. A 409.1 then means that the HMC got the first one.
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

  /** Whether the partition leaves these statuses within the time for which a status may lag. */
  async #hasLeft(statuses: ReadonlySet<string>, partition: PartitionRef, w: Waiting): Promise<boolean> {
    const lagEnd = performance.now() + this.#policy.statusLagMs;
    const accept = (status: string): Verdict<boolean> => {
      if (unknowableStatuses.has(status)) return { kind: 'again' };
      if (!statuses.has(status)) return { kind: 'done', value: true };
      return performance.now() < lagEnd ? { kind: 'again' } : { kind: 'done', value: false };
    };
    return await this.#watch(partition, 'wait for', 'a known status', accept, this.#policy.timeoutMs, w);
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
    using watch = this.#hmc.events.watch(partition.uri, this.#policy.poll.maxDelayMs);
    return await waitUntil({
      ...this.#policy.poll,
      timeoutMs,
      signal: w.signal,
      pause: watch.pause,
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
 * Cancels a start that the caller has aborted, so that the rollback need not wait for its end. The HMC cancels a start only up
 * to some point (IBM WS API, Start Partition). After that, or if the cancelation fails, the start continues.
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

/** Whether the CPC lists the partition, under any name. */
export async function isListed(hmc: HmcSession, cpcUri: string, { uri }: PartitionRef, w: Waiting): Promise<boolean> {
  return (await hmc.partitions.list(cpcUri, {}, w)).some((partition) => partition.uri === uri);
}

export function partitionExists(name: string): ConflictError {
  return new ConflictError(`partition "${name}" already exists`, { partition: name });
}
