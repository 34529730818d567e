import type { HmcContext } from '../context.ts';
import { systemClock } from '../model/clock.ts';

/** The longest time that a timer of Node.js can wait. */
const longestMs = 2 ** 31 - 1;

/**
 * Lets events happen at their time, as long as somebody wants to hear of them. With a clock that a test moves, events
 * happen when the test calls `settle`.
 */
export class Ticker {
  readonly #context: HmcContext;
  readonly #onTick: () => void;
  #timer: NodeJS.Timeout | undefined;
  #isRunning = false;

  /** @param onTick - called when events have happened */
  constructor(context: HmcContext, onTick: () => void) {
    this.#context = context;
    this.#onTick = onTick;
    context.agenda.onArranged = () => this.#arm();
  }

  run(isWanted: boolean): void {
    this.#isRunning = isWanted && this.#context.clock === systemClock;
    this.#arm();
  }

  #arm(): void {
    clearTimeout(this.#timer);
    if (!this.#isRunning) return;
    const { agenda, sessions, clock } = this.#context;
    const wait = Math.min(agenda.nextAt, sessions.nextIdleEnd) - clock.now();
    if (Number.isFinite(wait)) this.#timer = setTimeout(() => this.#tick(), Math.min(Math.max(wait, 0), longestMs));
  }

  #tick(): void {
    const { agenda, sessions } = this.#context;
    agenda.settle();
    sessions.all(); // ends those that have idled for too long
    this.#onTick();
    this.#arm();
  }
}
