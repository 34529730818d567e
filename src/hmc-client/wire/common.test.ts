import { expect, test } from 'vitest';
import { uri, uriOrNone } from './common.ts';

test.each(['/api/partitions/0b6f3c1e-4a55-11ef-9d42-00106f0d81cb', '/api/adapters/a1/storage-ports/0', '/api/console'])(
  '%s is the URI of an object',
  (text) => {
    expect(uri.parse(text)).toBe(text);
    expect(uriOrNone.parse(text)).toBe(text);
  },
);

test.each([
  'http://other.example.com/api/partitions/1',
  '//other.example.com/api/partitions/1',
  '/api/../partitions/1',
  '/api/partitions/../../sessions',
  '/api/partitions/%2e%2e/1',
  '/api/partitions/1?force=true',
  '/api/partitions/1#x',
  '/api/partitions/1\r\nX-Header: y',
  '/api/partitions//1',
  '/api/partitions/1/',
  '/api',
  '/apis/partitions/1',
  `/api/partitions/${'x'.repeat(600)}`,
])('%j is none, whatever HMC says so', (text) => {
  expect(uri.safeParse(text).success).toBe(false);
  expect(uriOrNone.safeParse(text).success).toBe(false);
});

test('an absent URI, null and an empty one are no URI', () => {
  expect([undefined, null, ''].map((none) => uriOrNone.parse(none))).toEqual([undefined, undefined, undefined]);
});
