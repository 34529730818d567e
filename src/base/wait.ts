import { sleep } from './abort.ts';
import { toError } from './errors.ts';

export type Verdict<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'failed'; readonly error: Error }
  | { readonly kind: 'again' };

/** Delays between polls grow from the minimum to the maximum, until the timeout. */
export interface WaitPolicy {
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
  readonly timeoutMs: number;
}

/** What was observed, and how often, for the error of a failed wait. */
export type Observed = Readonly<Record<string, number>>;

export interface WaitOptions<Seen, T> extends WaitPolicy {
  readonly poll: (signal: AbortSignal) => Promise<Seen>;
  readonly accept: (seen: Seen) => Verdict<T>;
  /** Returns a short name of the observation, for {@link Observed}. */
  readonly label: (seen: Seen) => string;
  readonly onTimeout: (last: Seen, observed: Observed) => Error;
  /** Whether to poll again after this error. Only asked once a poll has succeeded; at the deadline the error is thrown. */
  readonly isPassing?: ((error: Error) => boolean) | undefined;
  /** Waits before the next poll, for `delayMs` or for something better, at most for `leftMs` (default: a sleep). */
  readonly pause?: ((delayMs: number, leftMs: number, signal: AbortSignal) => Promise<void>) | undefined;
  readonly signal: AbortSignal;
}

/** Polls until an observation is accepted. The first poll has no delay, and no poll continues after the end. */
export async function waitUntil<Seen, T>(options: WaitOptions<Seen, T>): Promise<T> {
  const pause = options.pause ?? (async (delayMs, leftMs, signal) => await sleep(Math.min(delayMs, leftMs), signal));
  const deadline = performance.now() + options.timeoutMs;
  const observed: Record<string, number> = {};
  let hasSeen = false;
  for (let delayMs = options.minDelayMs; ; delayMs = Math.min(delayMs * 1.5, options.maxDelayMs)) {
    options.signal.throwIfAborted();
    const look = await pollOnce(options, hasSeen);
    let timeout: () => Error;
    if ('error' in look) {
      timeout = () => look.error;
    } else {
      const { seen } = look;
      hasSeen = true;
      const label = options.label(seen);
      observed[label] = (observed[label] ?? 0) + 1;
      const verdict = options.accept(seen);
      if (verdict.kind === 'done') return verdict.value;
      if (verdict.kind === 'failed') throw verdict.error;
      timeout = () => options.onTimeout(seen, observed);
    }
    const left = deadline - performance.now();
    if (left <= 0) throw timeout();
    await pause(delayMs, left, options.signal);
  }
}

async function pollOnce<Seen, T>(
  { poll, signal, isPassing }: WaitOptions<Seen, T>,
  hasSeen: boolean,
): Promise<{ readonly seen: Seen } | { readonly error: Error }> {
  try {
    return { seen: await poll(signal) };
  } catch (thrown) {
    signal.throwIfAborted();
    const error = toError(thrown);
    if (!hasSeen || isPassing?.(error) !== true) throw thrown;
    return { error };
  }
}
