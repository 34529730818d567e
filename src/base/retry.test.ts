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

/** Fails every time, and counts. */
function failing(error: Error = new Error('busy')) {
  const calls: number[] = [];
  const work = async (attempt: number): Promise<string> => {
    calls.push(attempt);
    throw error;
  };
  return { calls, work };
}

test('gives up after the last attempt with every error in order', async () => {
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

test('throws the error that ended the loop at once, even after a repeat', async () => {
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

test('repeats a TypeError when the caller calls it retryable', async () => {
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

test('gives back what the first attempt gives, without another', async () => {
  const calls: number[] = [];
  const work = async (attempt: number) => {
    calls.push(attempt);
    return 'done';
  };

  await expect(retry(work, options(always))).resolves.toBe('done');
  expect(calls).toEqual([1]);
});

test.each([1, 2, 5])('makes as many calls as the policy says: %i', async (attempts) => {
  const { calls, work } = failing();

  await expect(retry(work, options(always, { policy: { ...quick, attempts } }))).rejects.toThrow();
  expect(calls).toEqual(Array.from({ length: attempts }, (_, index) => index + 1));
});

test('throws the error itself when one attempt was all there was', async () => {
  const error = new Error('busy');
  const { work } = failing(error);

  await expect(retry(work, options(always, { policy: { ...quick, attempts: 1 } }))).rejects.toBe(error);
});

test('makes no second attempt after an error that is not to be repeated', async () => {
  const { calls, work } = failing();

  await expect(
    retry(
      work,
      options(() => false),
    ),
  ).rejects.toThrow('busy');
  expect(calls).toHaveLength(1);
});

test.each([0, 60])('starts no attempt after its budget of %i ms, however many are left', async (budgetMs) => {
  const policy = { ...quick, attempts: 1_000_000, firstDelayMs: 5, maxDelayMs: 5, factor: 1, budgetMs };
  const { calls, work } = failing();

  await expect(retry(work, options(always, { policy }))).rejects.toThrow();
  expect(calls.length).toBeLessThan(1 + 2 * (budgetMs / 5) + 1); // twice, for timers that are early
});

test('waits as long as the peer asks for', async () => {
  const { work } = failing();
  const startedAt = performance.now();
  const policy = { ...quick, attempts: 2 };

  await expect(retry(work, options(always, { policy, askedDelayMs: () => 60 }))).rejects.toThrow();
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(59); // timers may be a millisecond early
});

test('gives up at once when the peer asks for more time than there is', async () => {
  const { calls, work } = failing();
  const policy = { ...quick, budgetMs: 600_000 };

  await expect(retry(work, options(always, { policy, askedDelayMs: () => 3_600_000 }))).rejects.toThrow('busy');
  expect(calls).toHaveLength(1);
});

test('asks nobody how long to wait before an attempt that will not be', async () => {
  const asked: string[] = [];
  const { work } = failing();
  const askedDelayMs = (error: Error) => {
    asked.push(error.message);
    return undefined;
  };

  await expect(retry(work, options(always, { askedDelayMs }))).rejects.toThrow();
  expect(asked).toHaveLength(2);
});

test("ends a delay with the caller's own reason, and makes no further call", async () => {
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

test('makes no call at all when the caller has given up before', async () => {
  const { calls, work } = failing();
  const signal = AbortSignal.abort(new Error('enough'));

  await expect(retry(work, options(always, { signal }))).rejects.toThrow('enough');
  expect(calls).toHaveLength(0);
});
