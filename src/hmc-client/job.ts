import { toError, waitUntil, withDeadline } from '../base/index.ts';
import type { Observed, Verdict, Waiting } from '../base/index.ts';
import { classify, HmcAuthError, isHmcError, JobFailedError, JobLostError, JobTimeoutError } from './errors/index.ts';
import { parseAnswer } from './answers.ts';
import type { OperationKind, PollPolicy } from './policy.ts';
import type { ObjectWatch } from './events.ts';
import type { HmcCall, Requester } from './requester.ts';
import { noContent } from './wire/common.ts';
import { jobAccepted, jobMessage, jobStatusAnswer } from './wire/job.ts';
import type { JobStatus } from './wire/job.ts';

/** @public */
export interface JobWaiting extends Waiting {
  readonly timeoutMs: number;
  readonly poll?: PollPolicy | undefined;
}

/**
 * An operation that continues at the HMC after the answer to its request.
 *
 * @public
 */
export interface HmcJob {
  /** Undefined when the HMC named no job: the operation has ended, or its progress cannot be queried. */
  readonly uri: string | undefined;
  /**
   * Waits until the job has ended, also across lost connections, and deletes it at the HMC (in the background; `close`
   * waits for that).
   *
   * @returns the job's results, or the answer when the operation ended with it
   * @throws JobFailedError when the job failed or was canceled
   * @throws JobTimeoutError when the job did not end in time
   * @throws JobLostError when the HMC no longer knows the job, or accepted the operation without naming a job
   */
  wait(options: JobWaiting): Promise<unknown>;
  /**
   * Asks the HMC to cancel the job. Does nothing if the job has ended or is being canceled.
   *
   * @throws HmcHttpError 404.4 when jobs of this kind cannot be canceled
   */
  cancel(w: Waiting): Promise<void>;
}

interface JobOrigin {
  readonly operation: string;
  /** The beginning of every message. */
  readonly what: string;
  readonly uri: string;
}

type Seen =
  | { readonly kind: 'status'; readonly status: JobStatus }
  | { readonly kind: 'unreachable'; readonly error: Error }
  | { readonly kind: 'lost' };

/**
 * Sends a request that is answered with 202 and a job. With another status and no job, the operation has ended:
 * python-zhmcclient (_session.py, `post`) reads 200, 201 and 204 so, and its mock answers Start and Stop Partition that
 * way. After 202 without a job, nobody can query the operation.
 *
 * @param origin.kind - default `action`: not retried once the HMC may have received it
 */
export async function startJob(
  requester: Requester,
  { kind = 'action', ...origin }: JobOrigin & { readonly body?: unknown; readonly kind?: OperationKind },
  w: Waiting,
): Promise<HmcJob> {
  const call = { ...origin, kind, method: 'POST' } as const;
  const { generation } = requester.events;
  const { status, body } = await requester.sendRaw(call, w);
  const isNamed = typeof body === 'object' && body !== null && 'job-uri' in body;
  if (!isNamed && status !== ACCEPTED) return { uri: undefined, wait: async () => body, cancel: async () => undefined };
  if (!isNamed && !Array.isArray(body)) {
    const lost = async () => {
      throw new JobLostError(origin.what, { operation: origin.operation, jobUri: undefined });
    };
    return { uri: undefined, wait: lost, cancel: lost };
  }
  const uri = parseAnswer({ ...call, answer: jobAccepted }, body)['job-uri'];
  return new RunningJob(requester, uri, origin, generation);
}

const ACCEPTED = 202;

/**
 * Polls a job until it has ended. If the HMC reports the end, polls once then, and rarely before. Source: python-zhmcclient _session.py, class Job.
 */
class RunningJob implements HmcJob {
  readonly uri: string;
  readonly #requester: Requester;
  readonly #origin: JobOrigin;
  readonly #generation: number | undefined;

  /** @param generation - of the notifications, before the request was sent */
  constructor(requester: Requester, uri: string, origin: JobOrigin, generation: number | undefined) {
    this.uri = uri;
    this.#generation = generation;
    this.#requester = requester;
    this.#origin = origin;
  }

  async wait(options: JobWaiting): Promise<unknown> {
    const { timeoutMs, signal } = options;
    const { minDelayMs, maxDelayMs } = options.poll ?? this.#requester.policies.poll;
    const { events } = this.#requester;
    const { openAfterMs, safetyNetMs } = this.#requester.policies.events;
    const begun = performance.now();
    const deadline = begun + timeoutMs;
    using watch = events.watch(this.uri, safetyNetMs);
    const pause: ObjectWatch['pause'] = async (...limits) => {
      if (performance.now() - begun >= openAfterMs) events.openForWait();
      await watch.pause(...limits);
    };
    // Notifications arrived before the request was sent, and none was lost: the end of the job will be reported.
    if (this.#generation !== undefined && this.#generation === events.generation)
      await pause(minDelayMs, timeoutMs, signal);
    const status = await waitUntil<Seen, JobStatus>({
      timeoutMs: deadline - performance.now(),
      signal,
      pause,
      minDelayMs,
      maxDelayMs,
      poll: async (inner) => await this.#look(deadline, { signal: inner }),
      accept: (seen) => this.#accept(seen),
      label: labelOf,
      onTimeout: (_last, observed) => this.#timeout(timeoutMs, observed),
    });
    this.#requester.inBackground(`delete job ${this.uri}`, async (w) => await this.#delete(w));
    return this.#outcome(status);
  }

  async cancel(w: Waiting): Promise<void> {
    try {
      const uri = `${this.uri}/operations/cancel`;
      // `update`: a second cancel is answered with 409.42 or 409.41, so a lost one can be retried.
      await this.#requester.call(this.#call('Cancel Job', 'POST', uri, 'update', noContent), w);
    } catch (error) {
      if (isHmcError(error, 404, 1)) throw this.#lost();
      // 409.41 and 409.42: it has ended or is being canceled.
      if (!isHmcError(error, 409, 41, 42)) throw error;
    }
  }

  /** Polls once. A failure that may pass is an observation: firmware jobs restart the HMC more than once. */
  async #look(deadline: number, w: Waiting): Promise<Seen> {
    const call = this.#call('Query Job Status', 'GET', this.uri, 'read', jobStatusAnswer);
    // A poll, with a logon if necessary, ends at the deadline of the wait, but has at least a second.
    const timeoutMs = Math.max(1_000, Math.ceil(deadline - performance.now()));
    const look = async (signal: AbortSignal) => await this.#requester.once(call, { signal });
    try {
      return { kind: 'status', status: await withDeadline(call.what, timeoutMs, w.signal, look) };
    } catch (thrown) {
      w.signal.throwIfAborted();
      if (isHmcError(thrown, 404, 1)) return { kind: 'lost' };
      if (thrown instanceof HmcAuthError || classify(thrown) === 'permanent') throw thrown;
      const error = toError(thrown);
      this.#requester.reportRetrying(error, deadline - performance.now());
      return { kind: 'unreachable', error };
    }
  }

  #accept(seen: Seen): Verdict<JobStatus> {
    if (seen.kind === 'lost') return { kind: 'failed', error: this.#lost() };
    const hasEnded = seen.kind === 'status' && (seen.status.status === 'complete' || seen.status.status === 'canceled');
    return hasEnded ? { kind: 'done', value: seen.status } : { kind: 'again' };
  }

  #outcome({ status, code = 0, reason = 0, results }: JobStatus): unknown {
    const canceled = status === 'canceled';
    if (!canceled && code >= 200 && code < 300) return results;
    const { what, operation, uri } = this.#origin;
    const outcome = { status: code, reason, canceled, hmcMessage: jobMessage(results) ?? '' };
    throw new JobFailedError(what, outcome, { operation, uri, jobUri: this.uri });
  }

  async #delete(w: Waiting): Promise<void> {
    try {
      await this.#requester.call(this.#call('Delete Completed Job Status', 'DELETE', this.uri, 'delete', noContent), w);
    } catch (error) {
      if (!isHmcError(error, 404, 1)) throw error;
    }
  }

  #call<T>(
    operation: string,
    method: HmcCall<T>['method'],
    uri: string,
    kind: HmcCall<T>['kind'],
    answer: HmcCall<T>['answer'],
  ): HmcCall<T> {
    return { operation, method, uri, kind, answer, what: `${this.#origin.what}: job ${this.uri}` };
  }

  #lost(): JobLostError {
    const { what, operation } = this.#origin;
    return new JobLostError(what, { operation, jobUri: this.uri });
  }

  #timeout(timeoutMs: number, observed: Observed): JobTimeoutError {
    const { what, operation } = this.#origin;
    return new JobTimeoutError(what, { operation, jobUri: this.uri, timeoutMs, observed });
  }
}

function labelOf(seen: Seen): string {
  return seen.kind === 'status' ? seen.status.status : seen.kind;
}
