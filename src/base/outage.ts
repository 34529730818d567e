import { sleep } from './abort.ts';
import type { Waiting } from './abort.ts';
import { DpmError, RetriesExhaustedError, toError } from './errors.ts';

/** How long a peer that has stopped answering is waited for, and how often it is asked meanwhile. Plain data. @public */
export interface OutagePolicy {
  /** From the first failure on; 0: not at all. */
  readonly budgetMs: number;
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
}

/** An HMC restarts within a few minutes. The numbers are ours. */
export const defaultOutagePolicy: OutagePolicy = { budgetMs: 300_000, firstDelayMs: 1_000, maxDelayMs: 5_000 };

/** What people are told about a peer: once when it is waited for, and once when it is back. */
export interface OutageNotice {
  /** `HMC hmc1:6794`. */
  readonly peer: string;
  readonly isBack: boolean;
  readonly text: string;
}

interface PeerState {
  hasAnswered: boolean;
  away: Absence | undefined;
}

interface Absence {
  /** By the wall clock, for people. */
  readonly since: Date;
  readonly startedAt: number;
  lastFailureAt: number;
  isTold: boolean;
}

export interface OutageOptions extends Waiting {
  readonly policy: OutagePolicy;
  /** The peer whose absence an error shows; undefined for any other error. */
  readonly peerOf: (error: Error) => string | undefined;
  /** May the same be asked again after this error? */
  readonly isRepeatable: (error: Error) => boolean;
  /** The peer's wish for the next attempt (Retry-After), in milliseconds. */
  readonly askedDelayMs?: (error: Error) => number | undefined;
}

/** A failure so long after the one before begins a new outage: nobody has asked meanwhile. Longer than a request may hang. */
const FORGET_MS = 180_000;

/**
 * Which peers do not answer, and since when. Shared by the clients of a process.
 *
 * A peer that has answered before is waited for, by time and not by a number of attempts. One that never has may not
 * exist: it fails at once.
 */
export class Outages {
  readonly #peers = new Map<string, PeerState>();
  readonly #tell: (notice: OutageNotice) => void;

  constructor(tell: (notice: OutageNotice) => void = () => undefined) {
    this.#tell = tell;
  }

  /** Notes that the peer has given a usable answer. */
  answered(peer: string): void {
    const state = this.#state(peer);
    const { away } = state;
    state.hasAnswered = true;
    state.away = undefined;
    if (away?.isTold === true) this.#tell({ peer, isBack: true, text: `${peer} answers again` });
  }

  /** Notes that the peer has given none. */
  failed(peer: string): void {
    const state = this.#state(peer);
    const now = performance.now();
    if (state.away !== undefined && now - state.away.lastFailureAt < FORGET_MS) state.away.lastFailureAt = now;
    else state.away = { since: new Date(), startedAt: now, lastFailureAt: now, isTold: false };
  }

  isAway(peer: string): boolean {
    return this.#peers.get(peer)?.away !== undefined;
  }

  /** The peers that gave no usable answer when they were last asked. */
  away(): readonly string[] {
    return [...this.#peers].filter(([, { away }]) => away !== undefined).map(([peer]) => peer);
  }

  /** Does the work, and does it again while the peer is away, within the policy's budget. */
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
        this.#tellOnce(peer, leftMs);
        // Jittered: many callers wait for the same peer.
        await sleep(Math.min(leftMs, Math.max(askedMs, delayMs * (0.75 + Math.random() / 2))), signal);
      }
    }
  }

  /** Both counts: others may be answered meanwhile, so that only this request fails again and again. */
  #leftMs(peer: string, firstFailureAt: number, { budgetMs }: OutagePolicy): number {
    const { hasAnswered, away } = this.#state(peer);
    if (!hasAnswered) return 0;
    return Math.min(firstFailureAt, away?.startedAt ?? firstFailureAt) + budgetMs - performance.now();
  }

  #tellOnce(peer: string, leftMs: number): void {
    const { away } = this.#state(peer);
    if (away === undefined || away.isTold) return;
    away.isTold = true;
    const until = timeOfDay(new Date(Date.now() + leftMs));
    const text = `${peer} has not answered since ${timeOfDay(away.since)}; trying again until ${until}`;
    this.#tell({ peer, isBack: false, text });
  }

  #state(peer: string): PeerState {
    const known = this.#peers.get(peer) ?? { hasAnswered: false, away: undefined };
    this.#peers.set(peer, known);
    return known;
  }
}

/** As a person's clock shows it. */
function timeOfDay(date: Date): string {
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}

/** Errors that say no more than that what they wrap has failed. */
const wrappers: ReadonlySet<string> = new Set([
  'RETRIES_EXHAUSTED',
  'NOTHING_CHANGED',
  'VOLUME_ATTACH',
  'VOLUME_DETACH',
  'FLOW_ROLLED_BACK',
]);
/** Errors that say that something was not seen in time. */
const overdue: ReadonlySet<string> = new Set(['TIMEOUT', 'JOB_TIMEOUT', 'STATUS_TIMEOUT', 'JOB_LOST', 'NOT_FULFILLED']);

/**
 * The peer for want of which something failed, and for nothing else: once it is back, the same will succeed.
 *
 * @param outages - tells whether a deadline passed because somebody was away
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
