import { expect, test } from 'vitest';
import { printable } from './printable.ts';

test.each([
  ['web\n1', 'web 1'],
  ['\u001b[2J', '\\x1b[2J'],
  ['a\u2028b', 'a b'],
  ['\u202eexe.txt', '\\u202eexe.txt'],
  ['\u2066x\u2069', '\\u2066x\\u2069'],
  ['größe-Ω-名', 'größe-Ω-名'],
])('%j is printed as %j', (text, printed) => {
  expect(printable(text)).toBe(printed);
});
