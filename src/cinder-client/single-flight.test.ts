import { expect, test } from 'vitest';
import { neverAborted } from '../base/index.ts';
import { SingleFlight } from './single-flight.ts';

/** Work that ends when the test ends it. */
function controlled() {
  const ends: ((value: string | Error) => void)[] = [];
  const work = (signal: AbortSignal) =>
    new Promise<string>((resolve, reject) => {
      ends.push((value) => (value instanceof Error ? reject(value) : resolve(value)));
      signal.addEventListener('abort', () => reject(signal.reason as Error)); // aborted with an Error by these tests
    });
  return { work, ends };
}

test('concurrent callers share one run of the work, and later callers start a new one', async () => {
  const { work, ends } = controlled();
  const flight = new SingleFlight(work, neverAborted());

  const both = Promise.all([flight.run(neverAborted()), flight.run(neverAborted())]);
  ends[0]!('first');

  expect(await both).toEqual(['first', 'first']);
  const later = flight.run(neverAborted());
  ends[1]!('second');
  expect(await later).toBe('second');
});

test('a failure is thrown to all waiting callers, and not remembered', async () => {
  const { work, ends } = controlled();
  const flight = new SingleFlight(work, neverAborted());

  const ended = Promise.allSettled([flight.run(neverAborted()), flight.run(neverAborted())]);
  ends[0]!(new Error('no'));

  expect((await ended).map((one) => one.status)).toEqual(['rejected', 'rejected']);
  const again = flight.run(neverAborted());
  ends[1]!('yes');
  expect(await again).toBe('yes');
});

test('an aborted caller ends only its own wait', async () => {
  const { work, ends } = controlled();
  const flight = new SingleFlight(work, neverAborted());
  const impatient = new AbortController();
  const reason = new Error('I am off');

  const left = flight.run(impatient.signal);
  const stays = flight.run(neverAborted());
  impatient.abort(reason);
  await expect(left).rejects.toBe(reason);
  ends[0]!('done');

  expect(await stays).toBe('done');
});

test('a caller whose signal has already fired starts no work', async () => {
  const { work, ends } = controlled();
  const flight = new SingleFlight(work, neverAborted());

  await expect(flight.run(AbortSignal.abort(new Error('before')))).rejects.toThrow('before');

  expect(ends).toEqual([]);
});

test('the signal of the owner stops the work', async () => {
  const { work } = controlled();
  const owner = new AbortController();
  const flight = new SingleFlight(work, owner.signal);

  const waits = flight.run(neverAborted());
  owner.abort(new Error('closed'));

  await expect(waits).rejects.toThrow('closed');
});
