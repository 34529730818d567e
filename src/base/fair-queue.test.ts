import { describe, expect, test } from 'vitest';
import { neverAborted } from './abort.ts';
import { ConflictError, TimeoutError } from './errors.ts';
import { FairQueue } from './fair-queue.ts';

const limits = { concurrent: 2, waiting: 3, waitMs: 60_000 };

/** Work that ends when the test ends it. */
function held() {
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { work: async () => await ended, end: () => end() };
}

/** Lets all pending promises settle. */
const settle = async () => {
  await new Promise((resolve) => setImmediate(resolve));
};

describe('a fair queue', () => {
  test('runs all work in order of arrival, and never more at once than the limit', async () => {
    const queue = new FairQueue('things', { ...limits, waiting: 100 });
    const begun: number[] = [];
    let [active, most] = [0, 0];

    const all = Array.from({ length: 50 }, (_, index) =>
      queue.run(neverAborted(), async () => {
        begun.push(index);
        active += 1;
        most = Math.max(most, active);
        await settle();
        active -= 1;
      }),
    );
    await Promise.all(all);

    expect(most).toBe(2);
    expect(begun).toEqual(Array.from({ length: 50 }, (_, index) => index));
    expect(queue.isIdle).toBe(true);
  });

  test('refuses work while the queue is full, and accepts work when there is room again', async () => {
    const queue = new FairQueue('things', limits);
    const one = held();
    const five = Array.from({ length: 5 }, () => queue.run(neverAborted(), one.work));

    await expect(queue.run(neverAborted(), one.work)).rejects.toThrow(ConflictError);
    await expect(queue.run(neverAborted(), one.work)).rejects.toThrow('the queue is full: 3 things are waiting');
    one.end();
    await Promise.all(five);

    await expect(queue.run(neverAborted(), () => Promise.resolve('again'))).resolves.toBe('again');
  });

  test('refuses work that has waited too long, and does not start it', async () => {
    const queue = new FairQueue('things', { concurrent: 1, waiting: 3, waitMs: 5 });
    const slow = held();
    const running = queue.run(neverAborted(), slow.work);
    let begun = false;

    const late = queue.run(neverAborted(), () => Promise.resolve((begun = true)));

    await expect(late).rejects.toThrow(TimeoutError);
    slow.end();
    await running;
    await settle();
    expect(begun).toBe(false);
    expect(queue.isIdle).toBe(true);
  });

  test('frees the place of an aborted caller at once', async () => {
    const queue = new FairQueue('things', { ...limits, concurrent: 1, waiting: 1 });
    const slow = held();
    const running = queue.run(neverAborted(), slow.work);
    const caller = new AbortController();
    const reason = new Error('enough');
    const unwanted = queue.run(caller.signal, () => Promise.reject(new Error('was begun')));

    caller.abort(reason);
    const next = queue.run(neverAborted(), () => Promise.resolve('next'));

    await expect(unwanted).rejects.toBe(reason);
    slow.end();
    await expect(Promise.all([running, next])).resolves.toEqual([undefined, 'next']);
  });

  test('never lets new work overtake waiting work, even when a place becomes free', async () => {
    const queue = new FairQueue('things', { ...limits, concurrent: 1 });
    const order: string[] = [];
    const slow = held();
    const first = queue.run(neverAborted(), slow.work);
    const second = queue.run(neverAborted(), async () => {
      order.push('waited');
      await settle();
    });
    const third = first.then(() => queue.run(neverAborted(), () => Promise.resolve(order.push('came late'))));

    slow.end();
    await Promise.all([second, third]);

    expect(order).toEqual(['waited', 'came late']);
  });

  test('continues after work that failed', async () => {
    const queue = new FairQueue('things', { ...limits, concurrent: 1 });
    const failing = queue.run(neverAborted(), () => Promise.reject(new Error('refused')));
    const next = queue.run(neverAborted(), () => Promise.resolve('done'));

    await expect(failing).rejects.toThrow('refused');
    await expect(next).resolves.toBe('done');
  });
});
