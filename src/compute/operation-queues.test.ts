import { expect, test } from 'vitest';
import { ConflictError, neverAborted, TimeoutError } from '../base/index.ts';
import { OperationQueues } from './operation-queues.ts';

const limits = { operations: 3, builds: 2, waitMs: 60_000 };

/** Lets everything that can go on go on. */
const settle = async () => {
  await new Promise((resolve) => setImmediate(resolve));
};

function gate() {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { pass: async () => await opened, open: () => open() };
}

test('so many operations at once on the CPC, so many builds among them, and a stop is not kept waiting by builds that wait', async () => {
  const queues = new OperationQueues(limits);
  const end = gate();
  const begun: string[] = [];
  const operation = async (kind: 'build' | 'other', name: string) =>
    await queues.place(kind, neverAborted(), async () => {
      begun.push(name);
      await end.pass();
    });

  const all = [
    ...['b1', 'b2', 'b3'].map((name) => operation('build', name)),
    ...['stop1', 'stop2'].map((name) => operation('other', name)),
  ];
  await settle();

  expect(begun).toEqual(['b1', 'b2', 'stop1']);
  end.open();
  await Promise.all(all);
  expect(begun.toSorted()).toEqual(['b1', 'b2', 'b3', 'stop1', 'stop2']);
});

test('the door lets a thousand in and refuses the next at once, with nothing asked or recorded for it', async () => {
  const queues = new OperationQueues(limits);
  const end = gate();
  const inside = Array.from({ length: 1_000 }, () => queues.admit(neverAborted(), end.pass));
  let asked = false;

  const refused = queues.admit(neverAborted(), () => Promise.resolve((asked = true)));

  await expect(refused).rejects.toThrow(ConflictError);
  end.open();
  await Promise.all(inside);
  expect(asked).toBe(false);
});

test('an operation whose turn does not come in time is refused, whichever queue it waits in', async () => {
  const queues = new OperationQueues({ operations: 1, builds: 1, waitMs: 5 });
  const end = gate();
  const running = queues.turn('web1', neverAborted(), () => queues.place('build', neverAborted(), end.pass));
  const never = () => Promise.reject(new Error('was begun'));

  await expect(queues.turn('web1', neverAborted(), never)).rejects.toThrow(TimeoutError);
  await expect(queues.place('build', neverAborted(), never)).rejects.toThrow('builds: no turn within 0.005 s');
  await expect(queues.place('other', neverAborted(), never)).rejects.toThrow('operations on the CPC: no turn');
  end.open();
  await running;
});
