import { createHash } from 'node:crypto';
import { FairQueue, neverAborted, toError, whileWanted } from '../base/index.ts';
import { ServiceError } from './service-error.ts';

/** What the service does for a call. */
export interface CallRequest {
  readonly method: string;
  /** JSON, as it was sent. */
  readonly body: unknown;
  readonly requestId: string;
  /** Calls with the same key are one call. */
  readonly key: string | undefined;
  /** UUID of the instance whose turn the call takes; undefined for a call that only reads. */
  readonly instance: string | undefined;
  readonly deadlineMs: number | undefined;
  /** Fires when the client has left. Only cancels a call without a key. */
  readonly gone: AbortSignal;
  readonly run: (signal: AbortSignal) => Promise<unknown>;
}

export interface CallState {
  readonly key: string;
  readonly method: string;
  readonly state: 'running' | 'done';
}

/** How a call ended, for metrics and logs. */
export interface EndedCall {
  readonly method: string;
  readonly requestId: string;
  readonly ms: number;
  readonly error: Error | undefined;
}

interface Known {
  readonly method: string;
  readonly digest: string;
  readonly result: Promise<unknown>;
  readonly end: AbortController;
  endedAt: number | undefined;
}

/** How long the answer of a call is kept for a repetition, in milliseconds. */
const KEEP_MS = 3_600_000;
/** The most ended calls that are kept: the oldest are forgotten first. */
const MAX_KEPT = 10_000;
/** Calls that may wait for one instance; more are refused. */
const MAX_WAITING = 64;
/** The longest wait for the turn of an instance. Longer than any operation of the driver. */
const MAX_WAIT_MS = 3_600_000;

interface CallsOptions {
  readonly onEnd?: ((call: EndedCall) => void) | undefined;
  /** Milliseconds; replaced in tests. */
  readonly now?: (() => number) | undefined;
}

/** The calls of the driver: one for each idempotency key, one at a time for each instance, each with its own end. */
export class Calls {
  readonly #known = new Map<string, Known>();
  readonly #queues = new Map<string, FairQueue>();
  readonly #running = new Set<Promise<unknown>>();
  readonly #now: () => number;
  #onEnd: (call: EndedCall) => void;
  #isStopping = false;

  constructor({ onEnd = () => undefined, now = () => performance.now() }: CallsOptions = {}) {
    this.#onEnd = onEnd;
    this.#now = now;
  }

  /** Number of calls that run or wait for their turn. */
  get running(): number {
    return this.#running.size;
  }

  /** Adds a listener for ended calls. */
  onEnd(listener: (call: EndedCall) => void): void {
    const others = this.#onEnd;
    this.#onEnd = (call) => {
      others(call);
      listener(call);
    };
  }

  /**
   * Runs a call, or waits for the call with the same key.
   *
   * @throws ServiceError IDEMPOTENCY_MISMATCH, STOPPING, BUSY, CANCELED or DEADLINE; what the call throws
   */
  async run(request: CallRequest): Promise<unknown> {
    const { key } = request;
    if (key === undefined) return await this.#start(request, new AbortController());
    this.#forgetOld();
    const digest = digestOf(request.body);
    const known = this.#known.get(key);
    if (known === undefined) {
      this.#requireOpen();
      const end = new AbortController();
      const result = this.#start(request, end);
      const entry: Known = { method: request.method, digest, result, end, endedAt: undefined };
      this.#known.set(key, entry);
      const note = () => {
        entry.endedAt = this.#now();
      };
      result.then(note, (error: unknown) => {
        if (wasRefused(error)) this.#known.delete(key);
        else note();
      });
      return await result;
    }
    if (known.method !== request.method || known.digest !== digest) {
      const text = `idempotency key ${key} belongs to a call of ${known.method} with another body`;
      throw new ServiceError('IDEMPOTENCY_MISMATCH', text);
    }
    return await whileWanted(known.result, request.gone);
  }

  /** Runs work when no call for the instance runs, and lets later calls for it wait. */
  async takeTurn(instance: string, work: () => Promise<void>): Promise<void> {
    const queue = this.#queueOf(instance);
    try {
      await queue.run(neverAborted(), work);
    } finally {
      if (queue.isIdle) this.#queues.delete(instance);
    }
  }

  state(key: string): CallState | undefined {
    this.#forgetOld();
    const known = this.#known.get(key);
    return known && { key, method: known.method, state: known.endedAt === undefined ? 'running' : 'done' };
  }

  /** Cancels a running call, which rolls back. @returns its state; undefined if there is no such call */
  cancel(key: string): CallState | undefined {
    const state = this.state(key);
    if (state?.state === 'running')
      this.#known.get(key)?.end.abort(new ServiceError('CANCELED', `the call of ${state.method} was cancelled`));
    return state;
  }

  /** Refuses new calls from now on, and waits for those that run. @returns how many are left after the grace time */
  async stop(graceMs: number): Promise<number> {
    this.#isStopping = true;
    let timer: NodeJS.Timeout | undefined;
    const over = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, graceMs);
    });
    await Promise.race([over, this.ended()]);
    clearTimeout(timer);
    return this.#running.size;
  }

  /** Waits for the calls that run now. */
  async ended(): Promise<void> {
    await Promise.allSettled(this.#running);
  }

  #requireOpen(): void {
    if (this.#isStopping) throw new ServiceError('STOPPING', 'the service stops: repeat the call');
  }

  /** The place in the queue of the instance is fixed before this returns. */
  async #start(request: CallRequest, end: AbortController): Promise<unknown> {
    this.#requireOpen();
    const work = this.#within(request, end);
    this.#running.add(work);
    try {
      return await work;
    } finally {
      this.#running.delete(work);
    }
  }

  async #within(request: CallRequest, end: AbortController): Promise<unknown> {
    const { method, requestId, deadlineMs, gone } = request;
    const began = performance.now();
    const overdue = new ServiceError('DEADLINE', `${method} took longer than ${(deadlineMs ?? 0) / 1000} s`);
    const timer = deadlineMs === undefined ? undefined : setTimeout(() => end.abort(overdue), deadlineMs);
    const leave = () => end.abort(new ServiceError('CANCELED', `the client of ${method} has left`));
    if (request.key === undefined) gone.addEventListener('abort', leave, { once: true });
    let failure: Error | undefined;
    try {
      return await this.#inTurn(request, end.signal);
    } catch (error) {
      // A call that was cancelled fails with whatever the interrupted step says.
      failure = end.signal.aborted ? withCause(end.signal.reason, error) : toError(error);
      throw failure;
    } finally {
      clearTimeout(timer);
      gone.removeEventListener('abort', leave);
      this.#onEnd({ method, requestId, ms: performance.now() - began, error: failure });
    }
  }

  async #inTurn({ instance, run }: CallRequest, signal: AbortSignal): Promise<unknown> {
    if (instance === undefined) return await run(signal);
    const queue = this.#queueOf(instance);
    try {
      requireRoom(queue);
      return await queue.run(signal, async () => {
        signal.throwIfAborted();
        return await run(signal);
      });
    } finally {
      if (queue.isIdle) this.#queues.delete(instance);
    }
  }

  #queueOf(instance: string): FairQueue {
    const limits = { concurrent: 1, waiting: MAX_WAITING, waitMs: MAX_WAIT_MS };
    const queue = this.#queues.get(instance) ?? new FairQueue(`calls for instance ${instance}`, limits);
    this.#queues.set(instance, queue);
    return queue;
  }

  #forgetOld(): void {
    const before = this.#now() - KEEP_MS;
    let surplus = this.#known.size - MAX_KEPT;
    for (const [key, { endedAt }] of this.#known) {
      if (endedAt === undefined || (endedAt > before && surplus <= 0)) continue;
      this.#known.delete(key);
      surplus -= 1;
    }
  }
}

/** Whether the call was refused before it began: a repetition may begin it. */
function wasRefused(error: unknown): boolean {
  return error instanceof ServiceError && ['NOT_READY', 'BUSY', 'STOPPING'].includes(error.code);
}

function requireRoom(queue: FairQueue): void {
  try {
    queue.requireRoom();
  } catch (error) {
    throw new ServiceError('BUSY', toError(error).message);
  }
}

function withCause(reason: unknown, cause: unknown): Error {
  const error = toError(reason);
  if (error.cause === undefined && error !== cause) error.cause = cause;
  return error;
}

/** Returns the digest of JSON, in which the order of keys does not count. The body itself is not kept: it may hold secrets. */
function digestOf(body: unknown): string {
  return createHash('sha256').update(canonical(body)).digest('base64');
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join(',')}}`;
}
