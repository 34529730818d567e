import type { Props, Json } from './model/json.ts';
import type { Agenda, Clock } from './model/clock.ts';
import { Refusal, refuse, type ReasonName } from './model/refusal.ts';

/** What an asynchronous operation came to. */
export interface JobOutcome {
  readonly status: number;
  readonly reason?: number;
  readonly results: Json;
}

/** An asynchronous operation that is to run. */
export interface JobPlan {
  readonly userid: string;
  /** The session that started the job: it gets the notification of the end. */
  readonly sessionId: string;
  readonly durationMs: number;
  /** Does the work when the time has come; a refusal becomes the job's failure. */
  readonly run: () => JobOutcome;
  /** Undoes what the request did at once; a job without cannot be cancelled. */
  readonly cancel?: () => void;
  /** What a fault rule makes of the job. */
  readonly fault?: JobFault | undefined;
}

/** How a job is made to fail. */
export interface JobFault {
  readonly outcome: 'failed' | 'canceled' | 'lost';
  readonly status: number;
  readonly reason: number;
  /** Whether the simulator does the work although the job fails. */
  readonly effect: 'none' | 'done';
}

type JobStatus = 'running' | 'cancel-pending' | 'canceled' | 'complete';

interface Job {
  readonly uri: string;
  readonly plan: JobPlan;
  status: JobStatus;
  outcome: JobOutcome | undefined;
  endedAt: number;
}

/** What the jobs need to know of the HMC. */
export interface JobSurroundings {
  readonly clock: Clock;
  readonly agenda: Agenda;
  readonly nextId: () => string;
  readonly codeOf: (condition: ReasonName) => readonly [status: number, reason: number];
  readonly cancelMs: number;
  readonly retentionMs: number;
  /** Called when a job has ended or was canceled. */
  readonly onEnd: (uri: string, sessionId: string) => void;
}

/**
 * The asynchronous operations of an HMC; they outlive sessions and restarts, as a job belongs to the API user. Sources: IBM WS API,
 * Query Job Status (3932-LA2) and Delete Completed Job Status (3932-AGL); python-zhmcclient _session.py, Job.cancel.
 */
export class Jobs {
  readonly #hmc: JobSurroundings;
  readonly #jobs = new Map<string, Job>();

  constructor(hmc: JobSurroundings) {
    this.#hmc = hmc;
  }

  /** Number of jobs that the HMC still keeps, ended or not. */
  get count(): number {
    return this.#jobs.size;
  }

  /** Starts a job, and gives its URI. */
  start(plan: JobPlan): string {
    const job: Job = {
      uri: `/api/jobs/${this.#hmc.nextId()}`,
      plan,
      status: 'running',
      outcome: undefined,
      endedAt: 0,
    };
    this.#jobs.set(job.uri, job);
    this.#hmc.agenda.after(plan.durationMs, () => this.#finish(job));
    return job.uri;
  }

  /** What Query Job Status answers: 404.1 for an unknown job or another user's. */
  query(uri: string, userid: string): Props {
    const { status, outcome } = this.#get(uri, userid);
    if (outcome === undefined) return { status };
    const reason = outcome.reason === undefined ? {} : { 'job-reason-code': outcome.reason };
    return { status, 'job-status-code': outcome.status, ...reason, 'job-results': outcome.results };
  }

  /** Cancels a job: 404.4 if it cannot be, 409.41 if it has ended, 409.42 if it is being cancelled. */
  cancel(uri: string, userid: string): void {
    const job = this.#get(uri, userid);
    if (job.plan.cancel === undefined) refuse('notSupportedForKind', 'a job of this kind cannot be canceled');
    if (job.status === 'cancel-pending') refuse('cancelPending', 'the job is being canceled');
    if (job.status !== 'running') refuse('jobEnded', 'the job has ended');
    job.status = 'cancel-pending';
    this.#hmc.agenda.after(this.#hmc.cancelMs, () => this.#finishCancel(job));
  }

  /** Deletes an ended job: 409.40 if it has not ended. */
  delete(uri: string, userid: string): void {
    const job = this.#get(uri, userid);
    if (job.outcome === undefined) refuse('jobNotEnded', 'the job has not ended');
    this.#jobs.delete(uri);
  }

  #get(uri: string, userid: string): Job {
    const job = this.#jobs.get(uri);
    const isKept = job?.outcome === undefined || this.#hmc.clock.now() - job.endedAt <= this.#hmc.retentionMs;
    if (job === undefined || !isKept || job.plan.userid !== userid) return refuse('notFound', 'there is no such job');
    return job;
  }

  #finish(job: Job): void {
    if (job.outcome !== undefined || job.status === 'cancel-pending') return;
    const { fault, run, cancel } = job.plan;
    if (fault === undefined) {
      this.#end(job, 'complete', this.#perform(run));
      return;
    }
    if (fault.outcome === 'lost') this.#jobs.delete(job.uri);
    if (fault.effect === 'done') this.#perform(run);
    else cancel?.();
    const { status, reason } = fault;
    const results = { message: 'the operation failed' };
    this.#end(job, fault.outcome === 'canceled' ? 'canceled' : 'complete', { status, reason, results });
  }

  #finishCancel(job: Job): void {
    job.plan.cancel?.();
    this.#end(job, 'canceled', canceledOutcome);
  }

  #end(job: Job, status: JobStatus, outcome: JobOutcome): void {
    job.outcome = outcome;
    job.status = status;
    job.endedAt = this.#hmc.clock.now();
    if (this.#jobs.has(job.uri)) this.#hmc.onEnd(job.uri, job.plan.sessionId);
  }

  #perform(run: () => JobOutcome): JobOutcome {
    try {
      return run();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const [status, reason] = this.#hmc.codeOf(error.condition);
      return { status, reason, results: { message: error.message } };
    }
  }
}

/** The codes of a cancelled job are not public (inferred). */
const canceledOutcome: JobOutcome = { status: 409, reason: 0, results: { message: 'the job was canceled' } };
