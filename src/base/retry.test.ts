import { expect, test } from 'vitest';
import { neverAborted, RetriesExhaustedError, retry } from './index.ts';
import type { RetryOptions } from './index.ts';

const options = (retryable: (error: Error) => boolean): RetryOptions => ({
  what: 'knock',
  policy: { attempts: 3, firstDelayMs: 1, maxDelayMs: 2, factor: 2, budgetMs: 5_000 },
  signal: neverAborted(),
  isRetryable: retryable,
});

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
