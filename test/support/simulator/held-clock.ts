import type { Clock } from '../../../src/simulator/index.ts';

/** The time of this machine, which can be held. */
export class HeldClock implements Clock {
  #heldAt: number | undefined;

  now(): number {
    return this.#heldAt ?? Date.now();
  }

  hold(): void {
    this.#heldAt = Date.now();
  }

  release(): void {
    this.#heldAt = undefined;
  }
}
