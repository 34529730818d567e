import { toError } from './errors.ts';

/** Disposes of resources, last first. Replaces `AsyncDisposableStack`, which Node.js has from version 24 on. */
export class CleanupStack implements AsyncDisposable {
  #steps: (() => unknown)[] = [];

  /** Registers a resource and returns it. */
  use<T extends Disposable | AsyncDisposable>(resource: T): T {
    this.defer(() => (Symbol.asyncDispose in resource ? resource[Symbol.asyncDispose]() : resource[Symbol.dispose]()));
    return resource;
  }

  defer(step: () => unknown): void {
    this.#steps.push(step);
  }

  /** Moves all steps to a new stack. */
  move(): CleanupStack {
    const moved = new CleanupStack();
    moved.#steps = this.#steps;
    this.#steps = [];
    return moved;
  }

  /** Runs every step. @throws the first failure, at the end */
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
