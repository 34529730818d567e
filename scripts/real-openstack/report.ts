import { deepStrictEqual } from 'node:assert/strict';
import { describeError } from '../../src/base/index.ts';

const INDENT = '      ';

/** What is printed, line by line, and the count of what held and what did not. */
export class Report {
  readonly #print: (line: string) => void;
  readonly #signal: AbortSignal;
  #passed = 0;
  #failed = 0;

  /** @param signal - what fails once it has fired was interrupted, and proves nothing */
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

  /** What happens or was seen, without judgement. */
  note(text: string): void {
    for (const line of text.split('\n')) this.#print(`${INDENT}${line}`);
  }

  /** Work that has to succeed; `tell` says what came of it. The failure is counted, and thrown on. */
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

  /** Work that has to fail. @returns how it failed, in words */
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

  /** Compares two states as a whole, and shows where they differ. */
  equal(what: string, actual: unknown, expected: unknown): void {
    try {
      deepStrictEqual(actual, expected);
    } catch (error) {
      this.#fail(what, error instanceof Error ? error.message : String(error));
      return;
    }
    this.#pass(what);
  }

  /** A failure that nothing has counted yet, of a run that ends with it. */
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

/** A failure that the report has already. */
class CountedError extends Error {
  override readonly name = 'CountedError';
}
