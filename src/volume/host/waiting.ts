import { toError, waitUntil } from '../../base/index.ts';
import type { WaitPolicy, Waiting } from '../../base/index.ts';

/**
 * Polls until the observation is sufficient or the timeout passes, and returns the last observation in both cases. For waits
 * where a timeout is not an error but a weaker result, for example one path fewer.
 */
export async function lookUntil<Seen>(
  policy: WaitPolicy,
  waiting: Waiting,
  poll: () => Promise<Seen>,
  isEnough: (seen: Seen) => boolean,
): Promise<Seen> {
  const outOfTime = new Error('out of time');
  let last: { readonly seen: Seen } | undefined;
  try {
    return await waitUntil<Seen, Seen>({
      ...policy,
      signal: waiting.signal,
      poll,
      accept: (seen) => (isEnough(seen) ? { kind: 'done', value: seen } : { kind: 'again' }),
      label: () => 'not yet',
      onTimeout: (seen) => {
        last = { seen };
        return outOfTime;
      },
    });
  } catch (error) {
    if (error === outOfTime && last !== undefined) return last.seen;
    throw error;
  }
}

/** Runs work, and adds its error to `failures`. @throws the signal's reason if the signal has fired */
export async function attempt(failures: Error[], waiting: Waiting, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    waiting.signal.throwIfAborted();
    failures.push(toError(error));
  }
}
