import { InterruptedError } from '../base/index.ts';
import type { CliIo } from './cli-io.ts';

/**
 * What a signal does to a command: the first one asks it to stop, which puts back what was begun; further ones do not
 * break that off, but are told that it is under way.
 */
export class Interruption implements Disposable {
  readonly #controller = new AbortController();
  readonly #stopListening: () => void;
  readonly #say: (text: string) => void;
  #toPutBack = false;

  constructor(io: Pick<CliIo, 'onSignal'>, say: (text: string) => void) {
    this.#say = say;
    this.#stopListening = io.onSignal((signal) => {
      this.#onSignal(signal);
    });
  }

  /** Fires at the first signal, with an InterruptedError. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** From now on there may be something to put back, and the user is told so. */
  expectPuttingBack(): void {
    this.#toPutBack = true;
  }

  #onSignal(signal: string): void {
    const doing = this.#toPutBack ? 'putting back what was begun' : 'stopping';
    if (this.#controller.signal.aborted) {
      this.#say(`dpm: ${signal} again: still ${doing}; it ends by itself\n`);
      return;
    }
    this.#say(`dpm: ${signal}: ${doing}\n`);
    this.#controller.abort(new InterruptedError(`interrupted by ${signal}`, { signal }));
  }

  [Symbol.dispose](): void {
    this.#stopListening();
  }
}
