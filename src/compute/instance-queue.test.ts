import { describe, expect, test } from 'vitest';
import { ConflictError, neverAborted } from '../base/index.ts';
import { InstanceQueues } from './instance-queue.ts';

/** Work that ends when the test says so. */
function controlled(name: string, diary: string[]) {
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const work = async () => {
    diary.push(`${name} begins`);
    await ended;
    diary.push(`${name} ends`);
    return name;
  };
  return { work, end: () => end() };
}

/** Runs work in the instance's turn. */
async function run<T>(
  queues: InstanceQueues,
  instance: string,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  using _turn = await queues.enter(instance, signal);
  return await work();
}

/** Lets everything that can go on go on. */
const settle = async () => {
  await new Promise((resolve) => setImmediate(resolve));
};

describe('operations on one instance', () => {
  test('run one after the other, in the order in which they came', async () => {
    const queues = new InstanceQueues(60_000);
    const diary: string[] = [];
    const [first, second, third] = [
      controlled('first', diary),
      controlled('second', diary),
      controlled('third', diary),
    ];
    const all = [first, second, third].map(({ work }) => run(queues, 'web1', neverAborted(), work));

    third.end();
    second.end();
    await settle();
    expect(diary).toEqual(['first begins']);
    first.end();

    await expect(Promise.all(all)).resolves.toEqual(['first', 'second', 'third']);
    expect(diary).toEqual(['first begins', 'first ends', 'second begins', 'second ends', 'third begins', 'third ends']);
  });

  test('do not wait for those on another', async () => {
    const queues = new InstanceQueues(60_000);
    const diary: string[] = [];
    const slow = controlled('slow', diary);
    const waiting = run(queues, 'web1', neverAborted(), slow.work);

    await expect(run(queues, 'web2', neverAborted(), () => Promise.resolve('quick'))).resolves.toBe('quick');
    slow.end();
    await waiting;
  });

  test('go on after one that failed', async () => {
    const queues = new InstanceQueues(60_000);
    const failing = run(queues, 'web1', neverAborted(), () => Promise.reject(new Error('refused')));
    const next = run(queues, 'web1', neverAborted(), () => Promise.resolve('done'));

    await expect(failing).rejects.toThrow('refused');
    await expect(next).resolves.toBe('done');
  });

  test('are refused when sixteen are waiting', async () => {
    const queues = new InstanceQueues(60_000);
    const slow = controlled('slow', []);
    const running = run(queues, 'web1', neverAborted(), slow.work);
    await settle();
    const waiting = Array.from({ length: 16 }, () =>
      run(queues, 'web1', neverAborted(), () => Promise.resolve('done')),
    );

    await expect(run(queues, 'web1', neverAborted(), () => Promise.resolve('no'))).rejects.toThrow(ConflictError);
    await expect(run(queues, 'web2', neverAborted(), () => Promise.resolve('yes'))).resolves.toBe('yes');
    slow.end();
    await expect(Promise.all([running, ...waiting])).resolves.toHaveLength(17);
  });
});

describe('a caller that gives up', () => {
  test('while it waits is told so at once, and its work is never begun', async () => {
    const queues = new InstanceQueues(60_000);
    const diary: string[] = [];
    const slow = controlled('slow', diary);
    const running = run(queues, 'web1', neverAborted(), slow.work);
    const caller = new AbortController();
    const reason = new Error('enough');
    const waiting = run(queues, 'web1', caller.signal, controlled('unwanted', diary).work);

    caller.abort(reason);

    await expect(waiting).rejects.toBe(reason); // while the slow one still runs
    slow.end();
    await running;
    await settle();
    expect(diary).toEqual(['slow begins', 'slow ends']);
  });

  test('while its work runs gets what the work makes of it: it may have to go back first', async () => {
    const queues = new InstanceQueues(60_000);
    const caller = new AbortController();
    const undone = controlled('undo', []);
    const running = run(queues, 'web1', caller.signal, async () => {
      caller.abort(new Error('enough'));
      await undone.work();
      throw new Error('rolled back');
    });

    await settle();
    undone.end();

    await expect(running).rejects.toThrow('rolled back');
  });

  test('before it came is not let in', async () => {
    const work = () => Promise.resolve('done');

    await expect(run(new InstanceQueues(60_000), 'web1', AbortSignal.abort(new Error('enough')), work)).rejects.toThrow(
      'enough',
    );
  });

  test('makes room for another', async () => {
    const queues = new InstanceQueues(60_000);
    const caller = new AbortController();
    const slow = controlled('slow', []);
    const running = run(queues, 'web1', neverAborted(), slow.work);
    const waiting = run(queues, 'web1', caller.signal, () => Promise.resolve('unwanted'));
    const next = run(queues, 'web1', neverAborted(), () => Promise.resolve('next'));

    caller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    slow.end();

    await expect(Promise.all([running, next])).resolves.toEqual(['slow', 'next']);
  });
});
