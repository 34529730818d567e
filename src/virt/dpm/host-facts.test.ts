import { expect, test } from 'vitest';
import { addressTowards, hostUptime } from './host-facts.ts';

test.each([
  [59, 'up 0:00'],
  [3_660, 'up 1:01'],
  [86_400, 'up 1 day, 0:00'],
  [3 * 86_400 + 4 * 3_600 + 5 * 60, 'up 3 days, 4:05'],
])('says %s seconds as uptime does: %s', (seconds, text) => {
  expect(hostUptime(seconds)).toBe(text);
});

test.each([
  ['https://127.0.0.1:6794', '127.0.0.1'],
  ['https://localhost:6794', '127.0.0.1'],
])('returns the address from which %s is reached', async (url, address) => {
  expect(await addressTowards(url)).toBe(address);
});
