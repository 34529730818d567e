import { expect, test } from 'vitest';
import { neverAborted } from '../base/index.ts';
import { Calls } from './calls.ts';
import type { CallRequest } from './calls.ts';
import { ServiceError } from './service-error.ts';

const never = neverAborted();

function request(change: Partial<CallRequest>): CallRequest {
  const defaults = { method: 'spawn', body: { a: 1, b: 2 }, requestId: 'req-1', key: 'k1', instance: 'i1' };
  return { ...defaults, deadlineMs: undefined, gone: never, run: async () => null, ...change };
}

/** Work that ends when a test says so. */
function held() {
  let end: (value: unknown) => void = () => undefined;
  const ended = new Promise((resolve) => {
    end = resolve;
  });
  return { end, run: async () => await ended };
}

test('the same key is the same call, while it runs and after it', async () => {
  const calls = new Calls();
  const { end, run } = held();
  let runs = 0;
  const once = async () => {
    runs += 1;
    return await run();
  };
  const first = calls.run(request({ run: once }));
  const again = calls.run(request({ run: once, body: { b: 2, a: 1 } }));
  expect(calls.state('k1')).toEqual({ key: 'k1', method: 'spawn', state: 'running' });

  end('done');

  expect(await Promise.all([first, again])).toEqual(['done', 'done']);
  expect(await calls.run(request({ run: once }))).toBe('done');
  expect(runs).toBe(1);
  expect(calls.state('k1')?.state).toBe('done');
});

test('a failure is the answer of the key too', async () => {
  const calls = new Calls();
  const fail = async () => await Promise.reject(new Error('no room'));

  await expect(calls.run(request({ run: fail }))).rejects.toThrow('no room');
  await expect(calls.run(request({}))).rejects.toThrow('no room');
});

test('a key with another method or body is refused', async () => {
  const calls = new Calls();
  await calls.run(request({}));

  await expect(calls.run(request({ method: 'destroy' }))).rejects.toMatchObject({ code: 'IDEMPOTENCY_MISMATCH' });
  await expect(calls.run(request({ body: { a: 2 } }))).rejects.toMatchObject({ code: 'IDEMPOTENCY_MISMATCH' });
});

test('an answer is forgotten after an hour', async () => {
  let now = 0;
  const calls = new Calls({ now: () => now });
  await calls.run(request({ run: async () => 1 }));

  now = 3_600_001;

  expect(calls.state('k1')).toBeUndefined();
  expect(await calls.run(request({ run: async () => 2 }))).toBe(2);
});

test('calls for one instance run in the order of their arrival, and reads do not wait for them', async () => {
  const calls = new Calls();
  const order: string[] = [];
  const { end, run } = held();
  const first = calls.run(request({ key: 'a', run }));
  const later = ['b', 'c'].map(
    async (key) =>
      await calls.run(
        request({
          key,
          run: async () => {
            order.push(key);
            return key;
          },
        }),
      ),
  );
  expect(await calls.run(request({ key: undefined, instance: undefined, run: async () => 'read' }))).toBe('read');
  expect(await calls.run(request({ key: 'd', instance: 'i2', run: async () => 'other' }))).toBe('other');
  expect(order).toEqual([]);

  end(null);
  await Promise.all([first, ...later]);

  expect(order).toEqual(['b', 'c']);
});

/** Lets calls begin that have their turn. */
async function settle(): Promise<void> {
  await new Promise((resolve) => void setImmediate(resolve));
}

/** Work that a test can cancel: it fails with what its signal says. */
const untilCancelled = async (signal: AbortSignal) =>
  await new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('rolled back')));
  });

test('a call is cancelled by its key, and rolls back before it answers', async () => {
  const calls = new Calls();
  const cancelled = calls.run(request({ run: untilCancelled }));
  await settle();

  expect(calls.cancel('k1')).toMatchObject({ state: 'running' });

  await expect(cancelled).rejects.toMatchObject({ code: 'CANCELED', cause: new Error('rolled back') });
  expect(calls.cancel('none')).toBeUndefined();
});

test('a call that is cancelled before its turn does not begin', async () => {
  const calls = new Calls();
  let isBegun = false;
  const cancelled = calls.run(
    request({
      run: async () => {
        isBegun = true;
        return await Promise.resolve(null);
      },
    }),
  );

  calls.cancel('k1');

  await expect(cancelled).rejects.toMatchObject({ code: 'CANCELED' });
  expect(isBegun).toBe(false);
});

test('a call is cancelled at its deadline', async () => {
  const calls = new Calls();

  await expect(calls.run(request({ run: untilCancelled, deadlineMs: 1 }))).rejects.toMatchObject({ code: 'DEADLINE' });
});

test('a client that leaves cancels only a call without a key', async () => {
  const calls = new Calls();
  const gone = new AbortController();
  const { end, run } = held();
  const read = calls.run(request({ key: undefined, gone: gone.signal, run: untilCancelled }));
  const change = calls.run(request({ gone: gone.signal, run }));

  await settle();
  gone.abort(new Error('the client has left'));

  await expect(read).rejects.toMatchObject({ code: 'CANCELED' });
  end('done');
  expect(await change).toBe('done');
});

test('a stopping service refuses new calls, waits for the others, and tells how many are left', async () => {
  const calls = new Calls();
  const { end, run } = held();
  const running = calls.run(request({ run }));
  expect(await calls.stop(0)).toBe(1);

  await expect(calls.run(request({ key: 'k2' }))).rejects.toMatchObject({ code: 'STOPPING' });
  const repeated = calls.run(request({ run }));
  end('done');

  expect(await Promise.all([running, repeated])).toEqual(['done', 'done']);
  expect(await calls.stop(60_000)).toBe(0);
});

test.each(['NOT_READY', 'BUSY', 'STOPPING'] as const)(
  'a call that was refused with %s runs when it is repeated',
  async (code) => {
    const calls = new Calls();
    const early = request({ run: () => Promise.reject(new ServiceError(code, 'repeat the call')) });

    await expect(calls.run(early)).rejects.toMatchObject({ code });

    await expect(calls.run(request({ run: () => Promise.resolve('done') }))).resolves.toBe('done');
  },
);
