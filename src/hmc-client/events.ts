import { EventEmitter } from 'node:events';
import { describeError, sleep } from '../base/index.ts';
import type { Logger } from '../base/index.ts';
import type { HmcNotification } from './wire/notification.ts';

/** Ended jobs that are remembered, because the message often arrives before the answer that names the job. */
const REMEMBERED_JOBS = 1_000;

/**
 * The notifications of the HMC: what it sends to this session by STOMP. Messages may be lost, also without a sign. They tell
 * when to look, and never replace a slow poll.
 *
 * @public
 */
export interface HmcEvents {
  /** Whether notifications arrive now. */
  readonly isLive: boolean;
  /**
   * Connects to the message port of the HMC and keeps the connection, also to a new session or another HMC, until the HMC
   * session is closed. Returns at once. Never throws: if the port is closed, nothing arrives, and a log line says so.
   */
  open(): void;
  /** Calls the listener for each notification that is in order. Returns a function that ends this. */
  onNotification(listener: (notification: HmcNotification) => void): () => void;
  /** Calls the listener when notifications begin to arrive, and when some were lost: what was known may be outdated. */
  onResync(listener: () => void): () => void;
  /** Calls the listener when notifications no longer arrive. */
  onInterruption(listener: () => void): () => void;
  /**
   * Watches an object or a job, for a loop that polls it.
   *
   * @param safetyNetMs - shortest pause between two polls while notifications arrive
   */
  watch(uri: string, safetyNetMs: number): ObjectWatch;
}

/** @public */
export interface ObjectWatch extends Disposable {
  /** Waits before the next poll, until the HMC has news of the object or a poll is due. */
  readonly pause: (delayMs: number, leftMs: number, signal: AbortSignal) => Promise<void>;
}

/** Passes notifications on. Does not know where they come from. */
export class EventHub implements HmcEvents {
  readonly #start: (isAsked: boolean) => void;
  readonly #log: Logger;
  readonly #emitter = new EventEmitter().setMaxListeners(0);
  readonly #endedJobs = new Set<string>();
  #isLive = false;
  #generation = 0;

  /** @param start - connects if there is no connection; `isAsked` if a caller asked for it */
  constructor(start: (isAsked: boolean) => void, log: Logger) {
    this.#start = start;
    this.#log = log;
  }

  get isLive(): boolean {
    return this.#isLive;
  }

  /** A number that is the same as long as no message was lost. Undefined while no messages arrive. */
  get generation(): number | undefined {
    return this.#isLive ? this.#generation : undefined;
  }

  open(): void {
    this.#start(true);
  }

  /** Connects because a wait lasts long. */
  openForWait(): void {
    this.#start(false);
  }

  onNotification(listener: (notification: HmcNotification) => void): () => void {
    return this.#on('notification', (notification) => {
      if (notification !== undefined) listener(notification);
    });
  }

  onResync(listener: () => void): () => void {
    return this.#on('resync', listener);
  }

  onInterruption(listener: () => void): () => void {
    return this.#on('interruption', listener);
  }

  watch(uri: string, safetyNetMs: number): ObjectWatch {
    let hasNews = this.#endedJobs.has(uri);
    let wake = new AbortController();
    const news = () => {
      hasNews = true;
      wake.abort();
    };
    const ends = [this.#on(uri, news), this.onResync(news), this.onInterruption(news)];
    return {
      pause: async (delayMs, leftMs, signal) => {
        signal.throwIfAborted();
        if (!hasNews) {
          wake = new AbortController();
          const pauseMs = this.#isLive ? Math.max(delayMs, safetyNetMs) : delayMs;
          await sleepUntil(Math.min(pauseMs, leftMs), wake, signal);
        }
        hasNews = false;
      },
      [Symbol.dispose]: () => {
        for (const end of ends) end();
      },
    };
  }

  publish(notification: HmcNotification): void {
    if (notification.kind === 'job-completion') this.#rememberJob(notification.uri);
    this.#emit(notification.uri);
    this.#emit('notification', notification);
  }

  /** Says that messages arrive from now on, and that some may have been lost until now. */
  resync(): void {
    this.#isLive = true;
    this.#generation += 1;
    this.#emit('resync');
  }

  interrupt(): void {
    if (!this.#isLive) return;
    this.#isLive = false;
    this.#emit('interruption');
  }

  #rememberJob(uri: string): void {
    this.#endedJobs.add(uri);
    const [oldest] = this.#endedJobs;
    if (this.#endedJobs.size > REMEMBERED_JOBS && oldest !== undefined) this.#endedJobs.delete(oldest);
  }

  #on(name: string, listener: (notification: HmcNotification | undefined) => void): () => void {
    const guarded = (notification?: HmcNotification) => {
      try {
        listener(notification);
      } catch (error) {
        this.#log.error({ event: 'hmc.listener', error: describeError(error) }, 'a listener for notifications failed');
      }
    };
    this.#emitter.on(name, guarded);
    return () => {
      this.#emitter.off(name, guarded);
    };
  }

  #emit(name: string, notification?: HmcNotification): void {
    this.#emitter.emit(name, notification);
  }
}

/** Sleeps until the time has passed or there is news. @throws the reason of the caller's signal */
async function sleepUntil(ms: number, news: AbortController, signal: AbortSignal): Promise<void> {
  const giveUp = () => news.abort();
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    await sleep(ms, news.signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!news.signal.aborted) throw error;
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}
