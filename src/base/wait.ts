import { sleep } from './abort.ts';

/** What an observation means to a waiter. */
export type Verdict<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'failed'; readonly error: Error }
  | { readonly kind: 'again' };

/** How a waiter looks again: delays grow from the first to the second bound; then the budget ends it. */
export interface WaitPolicy {
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
  readonly timeoutMs: number;
}

/** What was seen, and how often: for the error of a wait that ended without success. */
export type Observed = Readonly<Record<string, number>>;

export interface WaitOptions<Seen, T> extends WaitPolicy {
  readonly poll: (signal: AbortSignal) => Promise<Seen>;
  readonly accept: (seen: Seen) => Verdict<T>;
  /** A short name of the observation, for the histogram. */
  readonly label: (seen: Seen) => string;
  readonly onTimeout: (last: Seen, observed: Observed) => Error;
  readonly signal: AbortSignal;
}

/**
 * Waits until an observation is accepted. Looks before it checks the clock, so what is already true costs one look and
 * no delay; nothing goes on running after it ended.
 */
export async function waitUntil<Seen, T>(options: WaitOptions<Seen, T>): Promise<T> {
  const deadline = performance.now() + options.timeoutMs;
  const observed: Record<string, number> = {};
  for (let delayMs = options.minDelayMs; ; delayMs = Math.min(delayMs * 1.5, options.maxDelayMs)) {
    options.signal.throwIfAborted();
    const seen = await options.poll(options.signal);
    const label = options.label(seen);
    observed[label] = (observed[label] ?? 0) + 1;
    const verdict = options.accept(seen);
    if (verdict.kind === 'done') return verdict.value;
    if (verdict.kind === 'failed') throw verdict.error;
    const left = deadline - performance.now();
    if (left <= 0) throw options.onTimeout(seen, observed);
    await sleep(Math.min(delayMs, left), options.signal);
  }
}
