import { whileWanted } from '../../base/index.ts';

/** Runs work one at a time, in order of arrival. An abort ends the wait for a turn, but not work that has begun. */
export class Turns {
  #last: Promise<void> = Promise.resolve();

  async take<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const before = this.#last;
    let end = (): void => undefined;
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    this.#last = before.then(async () => await ended);
    try {
      await whileWanted(before, signal);
      return await work();
    } finally {
      end();
    }
  }
}
