import { randomUUID } from 'node:crypto';
import { setTimeout as sleepFor } from 'node:timers/promises';
import { describeError, InterruptedError } from '../base/index.ts';
import type { Logger } from '../base/index.ts';
import type { ComputeManager } from '../compute/index.ts';

/** What the service does without being asked, and how often, in milliseconds. */
export const dutyIntervals = {
  /** Builds the servers that `dpm server create --no-wait` has recorded. Reads only the state directory. */
  'build-requested-servers': 1_000,
  /** Resumes flows that wait for the HMC or Cinder, and the operations of processes that died. */
  'resume-flows': 60_000,
  /** Deletes parked partitions that the records of this host name, if Cinder has no attachment of their instance. Without a
   * parked partition, it reads only the state directory. */
  'remove-parked-partitions': 10_000,
  /** The same for all parked partitions on the HMC, also those that no record names. */
  'search-parked-partitions': 3_600_000,
  'prune-history': 3_600_000,
} as const;
export type DutyName = keyof typeof dutyIntervals;

/** Time in milliseconds, from any beginning. Tests replace it. */
export interface Clock {
  readonly now: () => number;
  /** Rejects when the signal fires. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

/** One run of a duty has ended. */
export interface DutyEnd {
  readonly duty: DutyName;
  readonly seconds: number;
  /** Why it failed. */
  readonly error?: string;
}

export interface DutiesOptions {
  /** A manager that may write, without a resume loop of its own (`resumeEveryMs: 0`). */
  readonly manager: Pick<
    ComputeManager,
    'claimService' | 'waitingRequests' | 'buildRequested' | 'resumeWaiting' | 'removeParked' | 'pruneHistory'
  >;
  readonly log: Logger;
  /** Runs work when no call of the service for this instance is running. Default: at once. */
  readonly inTurn?: ((instanceUuid: string, work: () => Promise<void>) => Promise<void>) | undefined;
  /** Other intervals than {@link dutyIntervals}. */
  readonly intervals?: Partial<Record<DutyName, number>> | undefined;
  readonly clock?: Clock | undefined;
  /** Called after each run, for metrics. */
  readonly onEnd?: ((end: DutyEnd) => void) | undefined;
}

const realClock: Clock = {
  now: () => performance.now(),
  sleep: async (ms, signal) => await sleepFor(ms, undefined, { signal, ref: false }),
};

/**
 * Makes this process the running service of its compute host, and begins its background work. Each duty runs at once, and then
 * at multiples of its interval; a run that takes longer skips what it missed. A failure is logged and does not stop the duty.
 *
 * Disposing of the result ends the work: a build or a flow that is not done stays as it is, as after a crash, and the next
 * service goes on with it.
 *
 * @throws ConflictError when another process is the running service of this host
 */
export function startDuties(options: DutiesOptions): AsyncDisposable {
  const { manager, log, intervals, inTurn } = options;
  const owned = manager.claimService();
  const end = new AbortController();
  const { signal } = end;
  const builds = new RequestedBuilds(manager, log, signal);
  const keptBefore = new Map<string, string>();
  const removeParked = async (scope: 'recorded' | 'all') => {
    const { kept } = await manager.removeParked({ scope, inTurn }, newContext(signal));
    for (const { name, detail } of kept) {
      if (keptBefore.get(name) === detail) continue;
      keptBefore.set(name, detail);
      log.warn({ event: 'parked.keep', partition: name, detail }, 'a parked partition is kept');
    }
  };
  const duties: Readonly<Record<DutyName, () => unknown>> = {
    'build-requested-servers': () => builds.begin(),
    'resume-flows': async () => await manager.resumeWaiting(newContext(signal)),
    'remove-parked-partitions': async () => await removeParked('recorded'),
    'search-parked-partitions': async () => await removeParked('all'),
    'prune-history': () => manager.pruneHistory(),
  };
  const loops = Object.entries(duties).map(async ([key, run]) => {
    const duty = key as DutyName; // from the keys of a record of them
    await repeat({ duty, run, everyMs: intervals?.[duty] ?? dutyIntervals[duty], signal }, options);
  });
  return {
    [Symbol.asyncDispose]: async () => {
      end.abort(new InterruptedError('the service is stopping'));
      await Promise.all(loops);
      await builds.ended();
      owned[Symbol.dispose]();
    },
  };
}

/** The builds of requested servers. They run beside the duty that begins them, so that a long one delays no other. */
class RequestedBuilds {
  readonly #manager: DutiesOptions['manager'];
  readonly #log: Logger;
  readonly #signal: AbortSignal;
  readonly #running = new Map<string, Promise<void>>();

  constructor(manager: DutiesOptions['manager'], log: Logger, signal: AbortSignal) {
    this.#manager = manager;
    this.#log = log;
    this.#signal = signal;
  }

  begin(): void {
    for (const uuid of this.#manager.waitingRequests()) {
      if (!this.#running.has(uuid)) this.#running.set(uuid, this.#build(uuid));
    }
  }

  async ended(): Promise<void> {
    await Promise.all(this.#running.values());
  }

  async #build(uuid: string): Promise<void> {
    try {
      await this.#manager.buildRequested(uuid, newContext(this.#signal));
    } catch (error) {
      if (this.#signal.aborted) return;
      const facts = { event: 'request.build', server: uuid, error: describeError(error) };
      this.#log.warn(facts, 'a requested server cannot be created now; the service tries again');
    } finally {
      this.#running.delete(uuid);
    }
  }
}

interface Repeated {
  readonly duty: DutyName;
  readonly run: () => unknown;
  readonly everyMs: number;
  readonly signal: AbortSignal;
}

async function repeat(
  { duty, run, everyMs, signal }: Repeated,
  { log, onEnd, clock = realClock }: DutiesOptions,
): Promise<void> {
  const isOver = () => signal.aborted;
  let lastError: string | undefined;
  for (let due = clock.now(); ; due += everyMs * (Math.floor((clock.now() - due) / everyMs) + 1)) {
    await clock.sleep(Math.max(0, due - clock.now()), signal).catch(() => undefined);
    if (isOver()) return;
    const startedAt = clock.now();
    let error: string | undefined;
    try {
      await run();
    } catch (thrown) {
      if (isOver()) return;
      error = describeError(thrown);
      // The same failure again and again is logged once.
      if (error !== lastError) log.error({ event: 'duty.failed', duty, error }, 'a duty failed; it runs again');
    }
    lastError = error;
    onEnd?.({ duty, seconds: (clock.now() - startedAt) / 1000, ...(error === undefined ? {} : { error }) });
  }
}

function newContext(signal: AbortSignal) {
  return { requestId: `req-${randomUUID()}`, signal };
}
