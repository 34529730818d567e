import { expect, test } from 'vitest';
import { neverAborted, RetriesExhaustedError, retry } from './index.ts';
import type { RetryOptions, RetryPolicy } from './index.ts';

const quick: RetryPolicy = { attempts: 3, firstDelayMs: 1, maxDelayMs: 2, factor: 2, budgetMs: 5_000 };

const options = (retryable: (error: Error) => boolean, change: Partial<RetryOptions> = {}): RetryOptions => ({
  what: 'knock',
  policy: quick,
  signal: neverAborted(),
  isRetryable: retryable,
  ...change,
});

const always = () => true;

/** Fails every time, and counts the calls. */
function failing(error: Error = new Error('busy')) {
  const calls: number[] = [];
  const work = async (attempt: number): Promise<string> => {
    calls.push(attempt);
    throw error;
  };
  return { calls, work };
}

test('throws after the last attempt, with the errors of all attempts in order', async () => {
  let calls = 0;
  const failing = retry(
    async () => {
      calls += 1;
      throw new Error(`no ${calls}`);
    },
    options(() => true),
  );

  await expect(failing).rejects.toSatisfy(
    (error) =>
      error instanceof RetriesExhaustedError && error.attempts.map((e) => e.message).join() === 'no 1,no 2,no 3',
  );
});

test('throws an error that is not retryable at once, even after a retry', async () => {
  const errors = [new Error('busy'), new TypeError('gone')];
  const failing = retry(
    async () => {
      throw errors.shift() ?? new Error('one call too many');
    },
    options((error) => error.message === 'busy'),
  );

  await expect(failing).rejects.toThrow(TypeError);
  expect(errors).toHaveLength(0);
});

test('retries after a TypeError that the caller declares retryable', async () => {
  const answers: (() => string)[] = [
    () => {
      throw new TypeError('not yet');
    },
    () => 'done',
  ];

  await expect(
    retry(
      async () => answers.shift()?.() ?? 'too often',
      options(() => true),
    ),
  ).resolves.toBe('done');
});

test('returns the result of the first attempt without another attempt', async () => {
  const calls: number[] = [];
  const work = async (attempt: number) => {
    calls.push(attempt);
    return 'done';
  };

  await expect(retry(work, options(always))).resolves.toBe('done');
  expect(calls).toEqual([1]);
});

test.each([1, 2, 5])('makes the number of calls of the policy: %i', async (attempts) => {
  const { calls, work } = failing();

  await expect(retry(work, options(always, { policy: { ...quick, attempts } }))).rejects.toThrow();
  expect(calls).toEqual(Array.from({ length: attempts }, (_, index) => index + 1));
});

test('throws the error itself if the policy allows one attempt', async () => {
  const error = new Error('busy');
  const { work } = failing(error);

  await expect(retry(work, options(always, { policy: { ...quick, attempts: 1 } }))).rejects.toBe(error);
});

test('makes no second attempt after an error that is not retryable', async () => {
  const { calls, work } = failing();

  await expect(
    retry(
      work,
      options(() => false),
    ),
  ).rejects.toThrow('busy');
  expect(calls).toHaveLength(1);
});

test.each([0, 60])('starts no attempt after its budget of %i ms, even if attempts are left', async (budgetMs) => {
  const policy = { ...quick, attempts: 1_000_000, firstDelayMs: 5, maxDelayMs: 5, factor: 1, budgetMs };
  const { calls, work } = failing();

  await expect(retry(work, options(always, { policy }))).rejects.toThrow();
  expect(calls.length).toBeLessThan(1 + 2 * (budgetMs / 5) + 1); // twice, for timers that are early
});

test('waits for the time that the peer asks for', async () => {
  const { work } = failing();
  const startedAt = performance.now();
  const policy = { ...quick, attempts: 2 };

  await expect(retry(work, options(always, { policy, askedDelayMs: () => 60 }))).rejects.toThrow();
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(59); // timers may be a millisecond early
});

test('throws at once when the peer asks for more time than is left', async () => {
  const { calls, work } = failing();
  const policy = { ...quick, budgetMs: 600_000 };

  await expect(retry(work, options(always, { policy, askedDelayMs: () => 3_600_000 }))).rejects.toThrow('busy');
  expect(calls).toHaveLength(1);
});

test('does not compute a delay after the last attempt', async () => {
  const asked: string[] = [];
  const { work } = failing();
  const askedDelayMs = (error: Error) => {
    asked.push(error.message);
    return undefined;
  };

  await expect(retry(work, options(always, { askedDelayMs }))).rejects.toThrow();
  expect(asked).toHaveLength(2);
});

test("throws the reason of the caller's signal during a delay, and makes no further call", async () => {
  const caller = new AbortController();
  const reason = new Error('enough');
  const calls: number[] = [];
  const work = async (attempt: number): Promise<string> => {
    calls.push(attempt);
    setImmediate(() => caller.abort(reason));
    throw new Error('busy');
  };
  const slow = { ...quick, firstDelayMs: 60_000, maxDelayMs: 60_000, budgetMs: 600_000 };

  await expect(retry(work, options(always, { policy: slow, signal: caller.signal }))).rejects.toBe(reason);
  expect(calls).toHaveLength(1);
});

test('makes no call if the signal of the caller has already fired', async () => {
  const { calls, work } = failing();
  const signal = AbortSignal.abort(new Error('enough'));

  await expect(retry(work, options(always, { signal }))).rejects.toThrow('enough');
  expect(calls).toHaveLength(0);
});
