import { expect, test } from 'vitest';
import { SequenceCheck } from './sequence.ts';

const arrivals = (messages: readonly string[]) => {
  const check = new SequenceCheck();
  return messages.map((message) => check.note(message.slice(0, 1), Number(message.slice(1))));
};

test('topics that are counted together and topics with a count of their own are in order', () => {
  expect(arrivals(['a0', 'a1', 'b2', 'a3'])).toEqual(['next', 'next', 'next', 'next']);
  expect(arrivals(['a0', 'a1', 'b0', 'a2', 'b1'])).toEqual(['next', 'next', 'next', 'next', 'next']);
});

test('a missing message is noticed at the next one, whichever way the topics are counted', () => {
  expect(arrivals(['a1'])).toEqual(['ahead']);
  expect(arrivals(['a0', 'b1', 'a3', 'b4'])).toEqual(['next', 'next', 'ahead', 'next']);
  expect(arrivals(['a0', 'a1', 'b0', 'b2', 'a2'])).toEqual(['next', 'next', 'next', 'ahead', 'next']);
});

test('repeated and late messages are told apart', () => {
  expect(arrivals(['a0', 'a1', 'a1', 'a0'])).toEqual(['next', 'next', 'repeated', 'repeated']);
  expect(arrivals(['a0', 'a2', 'a1', 'a3'])).toEqual(['next', 'ahead', 'late', 'next']);
});
