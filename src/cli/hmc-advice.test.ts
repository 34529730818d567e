import { expect, test } from 'vitest';
import { HmcConnectionError, HmcHttpError } from '../hmc-client/index.ts';
import { failureLine, toFailure } from './failure.ts';

const refused = (status: number, reason: number) =>
  new HmcHttpError('get CPC 1', { status, reason, method: 'GET', uri: '/api/cpcs/1', hmcMessage: '' });

function line(error: Error): string {
  return failureLine(toFailure(error, 'req-1'), error);
}

test.each([
  [409, 6, 'the CPC is not ready'],
  [409, 272, 'the CPC is not ready'],
  [409, 2, 'another operation on it is under way'],
  [403, 1, 'task permission'],
  [404, 1, 'object access permission'],
  [500, 900, 'Customize API Settings'],
  [503, 900, 'Customize API Settings'],
  [503, 999, 'the HMC is starting'],
  [500, 999, 'this answer is not from the Web Services API'],
  [500, 263, 'another user has control'],
])('%i.%i has advice of its own', (status, reason, says) => {
  expect(line(refused(status, reason))).toContain(says);
});

test('a refusal about which nothing is known has none', () => {
  expect(line(refused(409, 7777))).toBe('dpm: get CPC 1: the HMC answered 409.7777 [req-1]\n');
});

test('an HMC that could not be reached through what answered in its place has the advice on that answer', () => {
  const where = { host: 'hmc1', phase: 'receive', sent: false } as const;

  expect(line(new HmcConnectionError('HMC hmc1 is unreachable', where, refused(500, 900)))).toContain('API Settings');
});
