import { deepStrictEqual } from 'node:assert/strict';
import { describeError } from '../../src/base/index.ts';

const INDENT = '      ';

/** Prints the results line by line, and counts passed and failed checks. */
export class Report {
  readonly #print: (line: string) => void;
  readonly #signal: AbortSignal;
  #passed = 0;
  #failed = 0;

  /** @param signal - a failure after it was aborted counts as an interruption */
  constructor(print: (line: string) => void, signal: AbortSignal) {
    this.#print = print;
    this.#signal = signal;
  }

  get failed(): number {
    return this.#failed;
  }

  get summary(): string {
    return `${this.#passed} passed, ${this.#failed} failed`;
  }

  heading(text: string): void {
    this.#print(`\n${text}`);
  }

  /** Prints a note that is no check. */
  note(text: string): void {
    for (const line of text.split('\n')) this.#print(`${INDENT}${line}`);
  }

  /** Runs work that must succeed; `tell` describes its result. Counts a failure and throws it. */
  async step<T>(what: string, work: () => Promise<T>, tell?: (result: T) => string): Promise<T> {
    const startedAt = performance.now();
    try {
      const result = await work();
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
      this.#pass(`${what} (${seconds} s)`, tell?.(result));
      return result;
    } catch (error) {
      if (this.#signal.aborted) this.note(`${what}: ${describeError(error)}`);
      else this.#fail(what, describeError(error));
      throw new CountedError(what, { cause: error });
    }
  }

  /** Runs work that must fail. @returns its error in words */
  async refusal(what: string, work: () => Promise<unknown>): Promise<string> {
    const ended = await work().then(
      () => undefined,
      (error: unknown) => describeError(error),
    );
    this.#signal.throwIfAborted();
    if (ended === undefined) this.#fail(what, 'it succeeded');
    else this.#pass(what, ended);
    return ended ?? '';
  }

  check(what: string, holds: boolean, detail?: string): void {
    if (holds) this.#pass(what, detail);
    else this.#fail(what, detail);
  }

  /** Compares two states, and prints the differences. */
  equal(what: string, actual: unknown, expected: unknown): void {
    try {
      deepStrictEqual(actual, expected);
    } catch (error) {
      this.#fail(what, error instanceof Error ? error.message : String(error));
      return;
    }
    this.#pass(what);
  }

  /** Counts a failure that ends the run, unless it is counted already. */
  broken(what: string, error: unknown): void {
    if (!(error instanceof CountedError) && !this.#signal.aborted) this.#fail(what, describeError(error));
  }

  #pass(what: string, detail?: string): void {
    this.#passed += 1;
    this.#print(`  ok  ${what}`);
    if (detail !== undefined) this.note(detail);
  }

  #fail(what: string, detail?: string): void {
    this.#failed += 1;
    this.#print(`FAIL  ${what}`);
    if (detail !== undefined) this.note(detail);
  }
}

/** A failure that is already counted. */
class CountedError extends Error {
  override readonly name = 'CountedError';
}
