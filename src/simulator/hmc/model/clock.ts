/**
 * Where the simulator takes the time from.
 * @public
 */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
}

/** The time of the machine on which the simulator runs. */
export const systemClock: Clock = { now: () => Date.now() };

/**
 * A clock that a test moves: nothing that takes time is over before.
 * @public
 */
export class ManualClock implements Clock {
  #now: number;

  constructor(start = Date.UTC(2026, 0, 1)) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  /** Lets `ms` milliseconds pass. */
  advance(ms: number): void {
    this.#now += ms;
  }
}

interface Appointment {
  readonly at: number;
  readonly order: number;
  readonly act: () => void;
}

/**
 * A schedule of events. There are no timers: every event that is due runs before the state is read. Only while a client of
 * the broker has a subscription, a timer lets events happen at their time.
 */
export class Agenda {
  readonly #clock: Clock;
  #appointments: Appointment[] = [];
  #orders = 0;
  /** Called when something has been arranged. */
  onArranged: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Notes something to happen `ms` from now; infinity is never. */
  after(ms: number, act: () => void): void {
    if (!Number.isFinite(ms)) return;
    this.#orders += 1;
    this.#appointments.push({ at: this.#clock.now() + ms, order: this.#orders, act });
    this.onArranged?.();
  }

  /** The time of the next event; infinity if there is none. */
  get nextAt(): number {
    return this.#appointments.reduce((first, { at }) => Math.min(first, at), Infinity);
  }

  /** Lets everything happen that is due, in order; what that arranges for the same moment happens too. */
  settle(): void {
    for (let due = this.#takeDue(); due !== undefined; due = this.#takeDue()) due.act();
  }

  #takeDue(): Appointment | undefined {
    const now = this.#clock.now();
    const due = this.#appointments.filter(({ at }) => at <= now);
    const first = due.sort((a, b) => a.at - b.at || a.order - b.order)[0];
    if (first !== undefined) this.#appointments = this.#appointments.filter((each) => each !== first);
    return first;
  }
}
