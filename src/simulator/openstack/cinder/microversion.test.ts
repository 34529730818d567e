import { expect, test } from 'vitest';
import { negotiate, parseMaximum } from './microversion.ts';

test.each([
  [undefined, 0],
  ['volume 3.44', 44],
  ['volume latest', 71],
  ['compute 2.1, volume 3.27', 27],
  ['volume 3.71', 71],
])('of %j is understood', (header, minor) => {
  expect(negotiate(header, 71)).toBe(minor);
});

test.each([
  ['volume 3.72', 406],
  ['volume 2.0', 406],
  ['volume 3', 400],
  ['volume -3.1', 400],
  ['compute 2.1', 400],
  ['', 400],
])('of %j is refused', (header, status) => {
  expect(() => negotiate(header, 71)).toThrow(expect.objectContaining({ status }));
});

test('the maximum is a version 3 or an error', () => {
  expect(parseMaximum('3.0')).toBe(0);
  for (const text of ['3', '3.x', '4.1', '3.1.1']) expect(() => parseMaximum(text)).toThrow(RangeError);
});
