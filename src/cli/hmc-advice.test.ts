import { expect, test } from 'vitest';
import { HmcConnectionError, HmcHttpError } from '../hmc-client/index.ts';
import { failureLine, toFailure } from './failure.ts';

const refused = (status: number, reason: number) =>
  new HmcHttpError('get CPC 1', { status, reason, method: 'GET', uri: '/api/cpcs/1', hmcMessage: '' });

function line(error: Error): string {
  return failureLine(toFailure(error, 'req-1'));
}

test.each([
  [409, 6, 'The CPC is not ready'],
  [409, 272, 'The CPC is not ready'],
  [409, 2, 'Another operation on it is running'],
  [403, 1, 'task permission'],
  [404, 1, 'object access permission'],
  [500, 900, 'Customize API Settings'],
  [503, 900, 'Customize API Settings'],
  [503, 999, 'The HMC is starting'],
  [500, 999, 'The answer is not from the Web Services API'],
  [500, 263, 'Another user has control'],
])('%i.%i has its own advice', (status, reason, says) => {
  expect(line(refused(status, reason))).toContain(says);
});

test('a refusal with an unknown reason has no advice', () => {
  expect(line(refused(409, 7777))).toBe('dpm: the HMC refused to get CPC 1: 409.7777 [req-1]\n');
});

test('an HMC behind a proxy that refused has the advice on the refusal', () => {
  const where = { host: 'hmc1', phase: 'receive', sent: false } as const;

  expect(line(new HmcConnectionError('HMC hmc1 is unreachable', where, refused(500, 900)))).toContain('API Settings');
});
