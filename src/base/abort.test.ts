import { expect, test } from 'vitest';
import { InternalError, neverAborted, sleep, TimeoutError, whileWanted, withDeadline } from './index.ts';

test('when one waiter is aborted, the shared work continues for the others', async () => {
  let finish = (_value: string): void => undefined;
  const shared = new Promise<string>((resolve) => {
    finish = resolve;
  });
  const impatient = new AbortController();
  const first = whileWanted(shared, impatient.signal);
  const second = whileWanted(shared, neverAborted());

  impatient.abort(new Error('no time'));
  await expect(first).rejects.toThrow('no time');
  finish('done');

  await expect(second).resolves.toBe('done');
});

test('a waiter whose signal has already fired handles the failure of the shared work', async () => {
  const late = AbortSignal.abort(new Error('too late'));

  await expect(whileWanted(Promise.reject(new Error('failed')), late)).rejects.toThrow('too late');
});

test('a passed deadline becomes a TimeoutError with the milliseconds', async () => {
  const never = withDeadline('wait for nothing', 5, neverAborted(), async (signal) => {
    await new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(new Error('stopped')), { once: true });
    });
  });

  await expect(never).rejects.toSatisfy((error) => error instanceof TimeoutError && error.facts.timeoutMs === 5);
});

test("withDeadline throws the reason of the caller's signal unchanged", async () => {
  const caller = new AbortController();
  const reason = new Error('enough');
  const waiting = withDeadline('wait', 60_000, caller.signal, async (signal) => {
    await new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(new Error('stopped')), { once: true });
    });
  });

  caller.abort(reason);

  await expect(waiting).rejects.toBe(reason);
});

test('work that ends before its deadline returns its result and leaves no timer', async () => {
  const before = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const outcome = await withDeadline('be quick', 60_000, neverAborted(), () => Promise.resolve('done'));
  const after = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

  expect(outcome).toBe('done');
  expect(after).toBe(before);
});

test('withDeadline throws an error of the work unchanged', async () => {
  const error = new Error('refused');

  await expect(withDeadline('ask', 60_000, neverAborted(), () => Promise.reject(error))).rejects.toBe(error);
});

test('work does not start if the signal of the caller has already fired', async () => {
  let begun = 0;
  const work = withDeadline('ask', 60_000, AbortSignal.abort(new Error('enough')), async () => {
    begun += 1;
  });

  await expect(work).rejects.toThrow('enough');
  expect(begun).toBe(0);
});

test("if the deadline and the caller's signal have both fired, the caller's reason is thrown", async () => {
  const caller = new AbortController();
  const reason = new Error('enough');
  const waiting = withDeadline('wait', 1, caller.signal, async (signal) => {
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    caller.abort(reason);
    throw new Error('stopped');
  });

  await expect(waiting).rejects.toBe(reason);
});

test('a reason that is not an Error is wrapped in one', async () => {
  const caller = new AbortController();
  const waiting = withDeadline('wait', 60_000, caller.signal, async (signal) => await sleep(60_000, signal));
  caller.abort('enough');

  await expect(waiting).rejects.toBeInstanceOf(InternalError);
});

test('sleep waits, and throws the reason when its signal fires', async () => {
  const caller = new AbortController();
  const reason = new Error('enough');
  const startedAt = performance.now();
  await sleep(20, caller.signal);
  const slept = performance.now() - startedAt;
  const sleeping = sleep(600_000, caller.signal);
  caller.abort(reason);

  expect(slept).toBeGreaterThanOrEqual(19); // timers may be a millisecond early
  await expect(sleeping).rejects.toBe(reason);
  await expect(sleep(0, caller.signal)).rejects.toBe(reason);
});
