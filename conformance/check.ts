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
      (thrown: unknown) => (thrown instanceof Error ? thrown : new Error(String(thrown))),
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

/** @throws Error when the work has not ended in time; nobody waits for it any longer then */
export async function inTime<T>(work: Promise<T>, patienceMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new Error(`nothing, for ${patienceMs} ms, after its signal had fired`)),
      patienceMs,
    );
  });
  work.catch(() => undefined); // heard below, unless it is late
  return await Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** @returns the first part of a value that JSON does not keep, in words */
export function findNoJson(value: unknown, where: string): string | undefined {
  if (value === null || value === undefined || ['string', 'boolean'].includes(typeof value)) return undefined;
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : `${where} is ${value}`;
  const prototype: unknown = typeof value === 'object' ? Object.getPrototypeOf(value) : undefined;
  const isPlain = Array.isArray(value) || prototype === Object.prototype || prototype === null;
  if (typeof value !== 'object' || !isPlain) return `${where} is a ${value.constructor.name}`;
  const inner = Object.entries(value).map(([key, each]) => findNoJson(each, `${where}.${key}`));
  return inner.find((each) => each !== undefined);
}
