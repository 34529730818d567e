import { waitUntil } from '../../base/index.ts';
import type { WaitPolicy, Waiting } from '../../base/index.ts';

class OutOfTime<Seen> extends Error {
  readonly last: Seen;

  constructor(last: Seen) {
    super('out of time');
    this.last = last;
  }
}

/**
 * Looks until it is so, or until time is up; the last look is the answer either way. For waits whose end without
 * success is a lesser result (a path fewer), not an error.
 */
export async function lookUntil<Seen>(
  policy: WaitPolicy,
  waiting: Waiting,
  poll: () => Promise<Seen>,
  isEnough: (seen: Seen) => boolean,
): Promise<Seen> {
  try {
    return await waitUntil<Seen, Seen>({
      ...policy,
      signal: waiting.signal,
      poll,
      accept: (seen) => (isEnough(seen) ? { kind: 'done', value: seen } : { kind: 'again' }),
      label: () => 'not yet',
      onTimeout: (last) => new OutOfTime(last),
    });
  } catch (error) {
    // The class is private to this file, so only the wait above can have thrown it, with its own observation.
    if (error instanceof OutOfTime) return error.last as Seen;
    throw error;
  }
}
