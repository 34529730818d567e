import { expect, test } from 'vitest';
import { neverAborted, TimeoutError, whileWanted, withDeadline } from './index.ts';

test('one waiter that gives up leaves the shared work to the others', async () => {
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

test('a waiter that comes too late has heard the shared work fail', async () => {
  const late = AbortSignal.abort(new Error('too late'));

  await expect(whileWanted(Promise.reject(new Error('failed')), late)).rejects.toThrow('too late');
});

test('a deadline of ours becomes a timeout error with its number', async () => {
  const never = withDeadline('wait for nothing', 5, neverAborted(), async (signal) => {
    await new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(new Error('stopped')), { once: true });
    });
  });

  await expect(never).rejects.toSatisfy((error) => error instanceof TimeoutError && error.facts.timeoutMs === 5);
});

test("the caller's own reason comes through a deadline untouched", async () => {
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
