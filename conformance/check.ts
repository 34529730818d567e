/**
 * A requirement of a contract as a function, for any test runner. It resolves, or rejects with an error that says what
 * is wrong. @public
 */
export interface ConformanceCheck {
  /** The requirement, as a sentence. */
  readonly name: string;
  readonly run: () => Promise<void>;
}

/** @public */
export interface ConformanceResult {
  readonly name: string;
  /** Undefined if the check passed. */
  readonly error: Error | undefined;
}

/** Runs all checks in order, and continues after a failed one. @public */
export async function runChecks(checks: readonly ConformanceCheck[]): Promise<readonly ConformanceResult[]> {
  const results: ConformanceResult[] = [];
  for (const { name, run } of checks) {
    const error = await run().then(
      () => undefined,
      (thrown: unknown) => (thrown instanceof Error ? thrown : new Error(String(thrown))),
    );
    results.push({ name, error });
  }
  return results;
}

/** @throws Error with this text if the condition is false */
export function must(isSo: boolean, text: string): asserts isSo {
  if (!isSo) throw new Error(text);
}

/** Returns a text of a value, to compare and to show it. */
export function shown(value: unknown): string {
  return JSON.stringify(value === undefined ? null : value);
}

/** @returns the error of the work. @throws Error when the work succeeded */
export async function mustReject(work: Promise<unknown>, text: string): Promise<unknown> {
  const outcome = await work.then(
    () => ({ failed: false as const }),
    (error: unknown) => ({ failed: true as const, error }),
  );
  must(outcome.failed, text);
  return outcome.error;
}

/** @throws Error when the work has not ended in time; the work itself continues */
export async function inTime<T>(work: Promise<T>, patienceMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no result ${patienceMs} ms after its signal was aborted`)), patienceMs);
  });
  work.catch(() => undefined); // handled below, unless it comes too late
  return await Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** @returns the first part of a value that JSON cannot represent, in words */
export function findNoJson(value: unknown, where: string): string | undefined {
  if (value === null || value === undefined || ['string', 'boolean'].includes(typeof value)) return undefined;
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : `${where} is ${value}`;
  const prototype: unknown = typeof value === 'object' ? Object.getPrototypeOf(value) : undefined;
  const isPlain = Array.isArray(value) || prototype === Object.prototype || prototype === null;
  if (typeof value !== 'object' || !isPlain) return `${where} is a ${value.constructor.name}`;
  const inner = Object.entries(value).map(([key, each]) => findNoJson(each, `${where}.${key}`));
  return inner.find((each) => each !== undefined);
}
