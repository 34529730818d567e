import { toError, waitUntil } from '../../base/index.ts';
import type { WaitPolicy, Waiting } from '../../base/index.ts';

/**
 * Polls until the observation is enough or time is up, and returns the last observation either way. For waits where a
 * timeout means a lesser result (one path fewer), not an error.
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

/** Runs work, and adds its error to `failures`. @throws the signal's reason if the signal is aborted */
export async function attempt(failures: Error[], waiting: Waiting, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    waiting.signal.throwIfAborted();
    failures.push(toError(error));
  }
}
