import { whileWanted } from '../../base/index.ts';

/** One at a time, in order of arrival. Who gives up while waiting goes at once; work that has begun ends by itself. */
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
