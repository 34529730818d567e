import { setImmediate as turn } from 'node:timers/promises';
import { vi } from 'vitest';

/** Time that passes only while somebody sleeps, and then at once: a test goes through 90 seconds in milliseconds. */
class VirtualTime {
  #now = 1_000;
  #appointments: { readonly at: number; readonly act: () => Promise<void> }[] = [];

  get now(): number {
    return this.#now;
  }

  /** In the place of {@link sleep} of `src/base`. */
  readonly sleep = async (ms: number, signal: AbortSignal): Promise<void> => {
    const wakeAt = this.#now + ms;
    signal.throwIfAborted();
    await turn();
    signal.throwIfAborted();
    await this.#advanceTo(wakeAt);
  };

  /** Has it done as soon as so much time has passed. */
  after(ms: number, act: () => Promise<void>): void {
    this.#appointments.push({ at: this.#now + ms, act });
  }

  async advance(ms: number): Promise<void> {
    await this.#advanceTo(this.#now + ms);
  }

  /** Has deadlines measured by it, until the end of the test. */
  install(): void {
    vi.spyOn(performance, 'now').mockImplementation(() => this.#now);
  }

  /** Several may sleep at the same time: a second passes for all of them. */
  async #advanceTo(at: number): Promise<void> {
    this.#now = Math.max(this.#now, at);
    const due = this.#appointments.filter((each) => each.at <= this.#now);
    this.#appointments = this.#appointments.filter((each) => each.at > this.#now);
    for (const { act } of due) await act();
  }
}

/**
 * One for a test file, which has to put it in its place:
 *
 * ```ts
 * vi.mock(import('../../src/base/abort.ts'), async (importOriginal) => {
 *   const { time } = await import('./virtual-time.ts');
 *   return { ...(await importOriginal()), sleep: time.sleep };
 * });
 * ```
 */
export const time = new VirtualTime();
