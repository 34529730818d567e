import { toError } from './errors.ts';

/**
 * Things to put away, last first: what `AsyncDisposableStack` is in Node.js 24, for the older ones that we serve too.
 */
export class CleanupStack implements AsyncDisposable {
  #steps: (() => unknown)[] = [];

  /** Has a resource put away at the end. @returns the resource */
  use<T extends Disposable | AsyncDisposable>(resource: T): T {
    this.defer(() => (Symbol.asyncDispose in resource ? resource[Symbol.asyncDispose]() : resource[Symbol.dispose]()));
    return resource;
  }

  defer(step: () => unknown): void {
    this.#steps.push(step);
  }

  /** Hands everything over to a new stack; this one has nothing left to do. */
  move(): CleanupStack {
    const moved = new CleanupStack();
    moved.#steps = this.#steps;
    this.#steps = [];
    return moved;
  }

  /** Every step is taken, whatever becomes of the others; the first failure is thrown. */
  async [Symbol.asyncDispose](): Promise<void> {
    const failures: unknown[] = [];
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw toError(failures[0]);
  }
}
