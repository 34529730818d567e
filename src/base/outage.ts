import { sleep } from './abort.ts';
import type { Waiting } from './abort.ts';
import { DpmError, RetriesExhaustedError, toError } from './errors.ts';

/** How long to wait for an unreachable peer, and the delays between attempts. @public */
export interface OutagePolicy {
  /** Total time from the first failure; 0 for no wait. */
  readonly budgetMs: number;
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
}

/** Chosen because an HMC restarts within a few minutes. */
export const defaultOutagePolicy: OutagePolicy = { budgetMs: 300_000, firstDelayMs: 1_000, maxDelayMs: 5_000 };

/** A message for people, sent once when the wait for a peer begins, and once when the peer answers again. */
export interface OutageNotice {
  /** `HMC hmc1:6794`. */
  readonly peer: string;
  readonly isBack: boolean;
  readonly text: string;
}

interface PeerState {
  hasAnswered: boolean;
  away?: Outage | undefined;
}

interface Outage {
  /** Wall-clock time, for messages. */
  readonly since: Date;
  readonly startedAt: number;
  lastFailureAt: number;
  isReported: boolean;
}

export interface OutageOptions extends Waiting {
  readonly policy: OutagePolicy;
  /** Returns the peer that is unreachable according to the error. */
  readonly peerOf: (error: Error) => string | undefined;
  readonly isRepeatable: (error: Error) => boolean;
  /** Returns the delay that the peer asked for (Retry-After), in milliseconds. */
  readonly askedDelayMs?: (error: Error) => number | undefined;
}

/** A failure this long after the previous one starts a new outage. Longer than the deadline of a request. */
const FORGET_MS = 180_000;

/**
 * Records which peers are unreachable, and since when. The clients of a process share one object. Waits only for a peer
 * that has answered before, because any other peer may not exist.
 */
export class Outages {
  readonly #peers = new Map<string, PeerState>();
  readonly #notify: (notice: OutageNotice) => void;

  constructor(notify: (notice: OutageNotice) => void = () => undefined) {
    this.#notify = notify;
  }

  /** Records that a peer sent a usable response. */
  answered(peer: string): void {
    const state = this.#state(peer);
    const { away } = state;
    state.hasAnswered = true;
    state.away = undefined;
    if (away?.isReported === true) this.#notify({ peer, isBack: true, text: `${peer} answers again` });
  }

  /** Records that a peer did not send a usable response. */
  failed(peer: string): void {
    const state = this.#state(peer);
    const now = performance.now();
    if (state.away !== undefined && now - state.away.lastFailureAt < FORGET_MS) state.away.lastFailureAt = now;
    else state.away = { since: new Date(), startedAt: now, lastFailureAt: now, isReported: false };
  }

  isAway(peer: string): boolean {
    return this.#peers.get(peer)?.away !== undefined;
  }

  /** Returns the peers whose last request failed. */
  away(): readonly string[] {
    return [...this.#peers].filter(([, { away }]) => away !== undefined).map(([peer]) => peer);
  }

  /** Runs the work, and repeats it within the policy's budget while the peer is unreachable. */
  async through<T>(work: () => Promise<T>, options: OutageOptions): Promise<T> {
    const { signal, policy } = options;
    let firstFailureAt: number | undefined;
    for (let delayMs = policy.firstDelayMs; ; delayMs = Math.min(delayMs * 2, policy.maxDelayMs)) {
      try {
        return await work();
      } catch (thrown) {
        signal.throwIfAborted();
        const error = toError(thrown);
        const peer = options.peerOf(error);
        if (peer === undefined || !options.isRepeatable(error)) throw error;
        firstFailureAt ??= performance.now();
        const leftMs = this.#leftMs(peer, firstFailureAt, policy);
        const askedMs = options.askedDelayMs?.(error) ?? 0;
        if (leftMs <= 0 || askedMs > leftMs) throw error;
        this.waitsFor(peer, leftMs);
        // With jitter, since many callers wait for the same peer.
        await sleep(Math.min(leftMs, Math.max(askedMs, delayMs * (0.75 + Math.random() / 2))), signal);
      }
    }
  }

  /**
   * Returns the time left in the budget, which starts at the first failure of this request or of the outage, whichever is
   * earlier: the peer may have answered other requests since.
   */
  #leftMs(peer: string, firstFailureAt: number, { budgetMs }: OutagePolicy): number {
    const { hasAnswered, away } = this.#state(peer);
    if (!hasAnswered) return 0;
    return Math.min(firstFailureAt, away?.startedAt ?? firstFailureAt) + budgetMs - performance.now();
  }

  /** Sends the notice that the caller waits for a peer, once per outage. {@link through} calls this itself. */
  waitsFor(peer: string, leftMs: number): void {
    const { away } = this.#state(peer);
    if (away === undefined || away.isReported) return;
    away.isReported = true;
    const until = timeOfDay(new Date(Date.now() + leftMs));
    const text = `${peer} has not answered since ${timeOfDay(away.since)}; trying again until ${until}`;
    this.#notify({ peer, isBack: false, text });
  }

  #state(peer: string): PeerState {
    const known = this.#peers.get(peer) ?? { hasAnswered: false };
    this.#peers.set(peer, known);
    return known;
  }
}

/** Returns HH:MM:SS in local time. */
function timeOfDay(date: Date): string {
  return date.toTimeString().slice(0, 8);
}

/** Codes of errors that only wrap their cause. */
const wrappers: ReadonlySet<string> = new Set([
  'RETRIES_EXHAUSTED',
  'NOTHING_CHANGED',
  'VOLUME_ATTACH',
  'VOLUME_DETACH',
  'FLOW_ROLLED_BACK',
]);
/** Codes of errors that say that something did not happen in time. */
const overdue: ReadonlySet<string> = new Set(['TIMEOUT', 'JOB_TIMEOUT', 'STATUS_TIMEOUT', 'JOB_LOST', 'NOT_FULFILLED']);

/**
 * Returns the unreachable peer if it is the only reason for a failure, so that a retry succeeds once the peer is reachable again.
 *
 * @param outages - whether a deadline passed because a peer was unreachable
 */
export function missingPeer(thrown: unknown, outages?: Outages): string | undefined {
  let current: unknown = thrown;
  for (let depth = 0; depth < 20 && current instanceof Error; depth += 1) {
    if (current instanceof AggregateError) {
      const peers = current.errors.map((error) => missingPeer(error, outages));
      return peers.every((peer) => peer !== undefined) ? named(peers) : undefined;
    }
    if (current instanceof DpmError) {
      if (typeof current.facts.unreachable === 'string') return current.facts.unreachable;
      if (overdue.has(current.code)) return named(outages?.away() ?? []);
      if (!wrappers.has(current.code)) return undefined;
    }
    current = current instanceof RetriesExhaustedError ? current.attempts.at(-1) : current.cause;
  }
  return undefined;
}

function named(peers: readonly string[]): string | undefined {
  return peers.length === 0 ? undefined : [...new Set(peers)].join(', ');
}
