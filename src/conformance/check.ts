import { toError } from '../base/index.ts';

/** One thing that a contract asks for. Belongs to no test runner: it passes, or it rejects saying what it saw. @public */
export interface ConformanceCheck {
  /** A sentence: what has to be so. */
  readonly name: string;
  readonly run: () => Promise<void>;
}

/** @public */
export interface ConformanceResult {
  readonly name: string;
  /** Undefined: it passed. */
  readonly error: Error | undefined;
}

/** Runs checks in their order, each of them whatever became of the others. @public */
export async function runChecks(checks: readonly ConformanceCheck[]): Promise<readonly ConformanceResult[]> {
  const results: ConformanceResult[] = [];
  for (const { name, run } of checks) {
    const error = await run().then(
      () => undefined,
      (thrown: unknown) => toError(thrown),
    );
    results.push({ name, error });
  }
  return results;
}

/** @throws Error with the text, when it is not so */
export function must(isSo: boolean, text: string): asserts isSo {
  if (!isSo) throw new Error(text);
}

/** For comparing, and for showing what was seen. */
export function shown(value: unknown): string {
  return JSON.stringify(value === undefined ? null : value);
}

/** @returns the error with which it failed. @throws Error when it did not */
export async function mustReject(work: Promise<unknown>, text: string): Promise<unknown> {
  const outcome = await work.then(
    () => ({ failed: false as const }),
    (error: unknown) => ({ failed: true as const, error }),
  );
  must(outcome.failed, text);
  return outcome.error;
}
