import { describe, expect, test, vi } from 'vitest';
import { neverAborted, waitUntil } from './index.ts';
import type { Observed, WaitOptions } from './index.ts';

class GaveUp extends Error {
  readonly last: string;
  readonly observed: Observed;

  constructor(last: string, observed: Observed) {
    super('gave up');
    this.last = last;
    this.observed = observed;
  }
}

/** Returns one status of a list for each poll, and then the last one again and again. */
function watching(statuses: readonly string[], change: Partial<WaitOptions<string, string>> = {}) {
  let looks = 0;
  const options: WaitOptions<string, string> = {
    minDelayMs: 0,
    maxDelayMs: 1,
    timeoutMs: 60_000,
    signal: neverAborted(),
    poll: async () => {
      looks += 1;
      return statuses[looks - 1] ?? statuses.at(-1) ?? 'none';
    },
    accept: (status) => {
      if (status === 'active') return { kind: 'done', value: status };
      return status === 'broken' ? { kind: 'failed', error: new Error('it is broken') } : { kind: 'again' };
    },
    label: (status) => status,
    onTimeout: (last, observed) => new GaveUp(last, observed),
    ...change,
  };
  return { options, looks: () => looks };
}

describe('waitUntil', () => {
  test('polls once if the first observation is accepted, even with a timeout of 0', async () => {
    const { options, looks } = watching(['active'], { timeoutMs: 0, minDelayMs: 60_000 });

    await expect(waitUntil(options)).resolves.toBe('active');
    expect(looks()).toBe(1);
  });

  test('continues after a passing error, once a poll has succeeded', async () => {
    const { options } = watching(['starting', 'away', 'away', 'active'], {
      isPassing: (error) => error.message === 'away',
    });
    const poll = async (signal: AbortSignal) => {
      const seen = await options.poll(signal);
      if (seen === 'away') throw new Error('away');
      return seen;
    };

    await expect(waitUntil({ ...options, poll })).resolves.toBe('active');
    await expect(
      waitUntil({
        ...watching(['away']).options,
        poll: () => Promise.reject(new Error('away')),
        isPassing: () => true,
      }),
    ).rejects.toThrow('away');
  });

  test('throws an error that does not pass before the timeout', async () => {
    const { options } = watching(['starting', 'away'], { isPassing: () => true, timeoutMs: 5 });
    const poll = async (signal: AbortSignal) => {
      const seen = await options.poll(signal);
      if (seen === 'away') throw new Error('away');
      return seen;
    };

    await expect(waitUntil({ ...options, poll })).rejects.toThrow('away');
  });

  test('polls until an observation is accepted', async () => {
    const { options, looks } = watching(['stopped', 'starting', 'starting', 'active']);

    await expect(waitUntil(options)).resolves.toBe('active');
    expect(looks()).toBe(4);
  });

  test('throws at once when an observation is final and not accepted', async () => {
    const { options, looks } = watching(['starting', 'broken', 'active']);

    await expect(waitUntil(options)).rejects.toThrow('it is broken');
    expect(looks()).toBe(2);
  });

  test('reports what it observed, and how often, at the timeout', async () => {
    let now = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    const { options, looks } = watching(['stopped', 'starting', 'starting', 'active'], {
      timeoutMs: 25,
      label: (status) => {
        now += 10; // each look takes 10 ms
        return status;
      },
    });

    const error: unknown = await waitUntil(options).catch((thrown: unknown) => thrown);

    expect(looks()).toBe(3);
    expect(error).toBeInstanceOf(GaveUp);
    expect(error).toMatchObject({ last: 'starting', observed: { stopped: 1, starting: 2 } });
  });

  test('polls a last time at the timeout, so that a long delay misses nothing', async () => {
    const { options, looks } = watching(['starting', 'active'], {
      timeoutMs: 5,
      minDelayMs: 60_000,
      maxDelayMs: 60_000,
    });

    await expect(waitUntil(options)).resolves.toBe('active');
    expect(looks()).toBe(2);
  });

  test("throws the reason of the caller's signal during a delay", async () => {
    const caller = new AbortController();
    const reason = new Error('enough');
    const { options, looks } = watching(['starting'], {
      minDelayMs: 60_000,
      maxDelayMs: 60_000,
      signal: caller.signal,
      label: (status) => {
        setImmediate(() => caller.abort(reason));
        return status;
      },
    });

    await expect(waitUntil(options)).rejects.toBe(reason);
    expect(looks()).toBe(1);
  });

  test('does not poll if the signal of the caller has already fired', async () => {
    const { options, looks } = watching(['active'], { signal: AbortSignal.abort(new Error('enough')) });

    await expect(waitUntil(options)).rejects.toThrow('enough');
    expect(looks()).toBe(0);
  });

  test('throws an error of the poll unchanged', async () => {
    const { options } = watching([], { poll: () => Promise.reject(new Error('no answer')) });

    await expect(waitUntil(options)).rejects.toThrow('no answer');
  });
});
