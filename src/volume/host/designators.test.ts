import { expect, test } from 'vitest';
import { parseDesignators } from './designators.ts';

const naa = '60050768018205e1a800000000000001';
const descriptor = (flags: string, value: string) =>
  `01${flags}00${(value.length / 2).toString(16).padStart(2, '0')}${value}`;
const page = (...descriptors: string[]) => {
  const all = descriptors.join('');
  return Buffer.from(`0083${(all.length / 2).toString(16).padStart(4, '0')}${all}`, 'hex');
};

test('returns every designator of the logical unit in the notation of multipath', () => {
  const vendor = Buffer.from('IBM     2107900  75').toString('hex');

  expect(
    parseDesignators(page(descriptor('03', naa), descriptor('02', '0017380000cb0013'), descriptor('01', vendor))),
  ).toEqual([`3${naa}`, '20017380000cb0013', '1IBM_2107900_75']);
});

test('ignores designators of the target port and relative port numbers', () => {
  const port = descriptor('93', '500507680216041a');
  const relative = descriptor('94', '00000001');

  expect(parseDesignators(page(port, descriptor('03', naa), relative))).toEqual([`3${naa}`]);
});

test.each([
  ['an empty page', Buffer.alloc(0)],
  ['another page', Buffer.from('00800004aabbccdd', 'hex')],
  ['a page that ends within a designator', page(descriptor('03', naa)).subarray(0, 20)],
])('returns nothing for %s', (_what, bytes) => {
  expect(parseDesignators(bytes)).toEqual([]);
});
