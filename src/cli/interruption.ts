import { InterruptedError } from '../base/index.ts';
import type { CliIo } from './cli-io.ts';

/**
 * Handles signals of a command. The first one stops the command, which rolls back; later ones only print that this is
 * still going on.
 */
export class Interruption implements Disposable {
  readonly #controller = new AbortController();
  readonly #stopListening: () => void;
  readonly #say: (text: string) => void;
  #rollsBack = false;
  #onHangup: (() => void) | undefined;

  constructor(io: Pick<CliIo, 'onSignal'>, say: (text: string) => void) {
    this.#say = say;
    this.#stopListening = io.onSignal((signal) => this.#onSignal(signal));
  }

  /** Aborts at the first signal, with an InterruptedError. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** From now on a signal tells the user that the command rolls back. */
  expectRollback(): void {
    this.#rollsBack = true;
  }

  /** From now on SIGHUP calls the handler, and stops nothing. */
  onHangup(handler: () => void): void {
    this.#onHangup = handler;
  }

  #onSignal(signal: string): void {
    if (signal === 'SIGHUP' && this.#onHangup !== undefined) {
      this.#onHangup();
      return;
    }
    const doing = this.#rollsBack ? 'rolling back' : 'stopping';
    if (this.#controller.signal.aborted) {
      this.#say(`dpm: ${signal} again: still ${doing}; please wait\n`);
      return;
    }
    this.#say(`dpm: ${signal}: ${doing}\n`);
    this.#controller.abort(new InterruptedError(`interrupted by ${signal}`, { signal }));
  }

  [Symbol.dispose](): void {
    this.#stopListening();
  }
}
