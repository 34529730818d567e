import { describe, expect, test } from 'vitest';
import { ConfigError, InterruptedError, NotFoundError, RetriesExhaustedError } from '../base/index.ts';
import { CinderAuthError } from '../cinder-client/index.ts';
import { HmcAuthError, HmcConnectionError, HmcHttpError } from '../hmc-client/index.ts';
import { FlowRolledBackError, FlowStuckError } from '../compute/journal/index.ts';
import { VolumeDriverError } from '../volume/index.ts';
import { errorCodeOf, exitCodeOf, worstOf } from './exit-codes.ts';
import { failureLine, toFailure } from './failure.ts';

const unreachable = new HmcConnectionError('log on', { host: 'hmc1', phase: 'connect', sent: false });
const refused = new HmcHttpError('start', { status: 409, reason: 1, method: 'POST', uri: '/api/x', hmcMessage: 'no' });
const rejected = new HmcAuthError('log on', { host: 'hmc1', userid: 'u', status: 403, reason: 0 });
const rolledBack = (cause: Error) => new FlowRolledBackError('spawn', 'start', {}, cause);
const stuck = new FlowStuckError('spawn', 'f1', ['partition p1', 'attachment a1'], refused);

test.each([
  ['a setting', new ConfigError('x'), 2, 'CONFIG'],
  ['what does not exist', new NotFoundError('x'), 3, 'NOT_FOUND'],
  ['a volume driver that cannot be loaded', new VolumeDriverError('x'), 2, 'VOLUME_DRIVER'],
  ['a flow without a volume driver', rolledBack(new VolumeDriverError('x')), 1, 'FLOW_ROLLED_BACK'],
  ['a refusal of the HMC', refused, 1, 'HMC_HTTP'],
  ['a flow that was rolled back', rolledBack(refused), 1, 'FLOW_ROLLED_BACK'],
  ['a flow that was rolled back because the peer did not answer', rolledBack(unreachable), 5, 'FLOW_ROLLED_BACK'],
  ['a flow that was rolled back on request', rolledBack(new InterruptedError('x')), 130, 'FLOW_ROLLED_BACK'],
  ['a flow that left something', stuck, 4, 'FLOW_STUCK'],
  ['an interruption that left something', new InterruptedError('x', {}, { cause: stuck }), 4, 'INTERRUPTED'],
  ['an interruption', new InterruptedError('x', {}, { cause: rolledBack(refused) }), 130, 'INTERRUPTED'],
  ['an unreachable HMC', unreachable, 5, 'HMC_CONNECTION'],
  [
    'an HMC that was unreachable several times',
    new RetriesExhaustedError('x', [unreachable, unreachable]),
    5,
    'HMC_CONNECTION',
  ],
  ['a rejected password', rejected, 5, 'HMC_AUTH'],
  ['a rejected user of Cinder', new CinderAuthError('x', {}), 5, 'CINDER_AUTH'],
  ['a defect', new TypeError('x'), 1, 'INTERNAL'],
  ['no error at all', 'thrown text', 1, 'INTERNAL'],
  ['several: the worst', new AggregateError([new NotFoundError('x'), stuck, refused]), 4, 'FLOW_STUCK'],
  ['several that do not exist', new AggregateError([new NotFoundError('x'), new NotFoundError('y')]), 3, 'NOT_FOUND'],
])('%s', (_, error, exit, code) => {
  expect([exitCodeOf(error), errorCodeOf(error)]).toEqual([exit, code]);
});

test('of several ends the worst counts, and none is no failure', () => {
  expect(worstOf([])).toBe(0);
  expect(worstOf([0, 3, 1])).toBe(1);
  expect(worstOf([5, 130, 4])).toBe(4);
});

describe('a failure', () => {
  test('names what is left behind, for programs and for people', () => {
    const error = new AggregateError([stuck, refused], 'two failed');

    const failure = toFailure(error, 'req-1');

    expect(failure).toEqual({
      code: 'FLOW_STUCK',
      message: expect.stringMatching(/^two failed\. /) as unknown,
      request_id: 'req-1',
      left_behind: ['partition p1', 'attachment a1'],
      advice: expect.stringContaining('dpm flow resume ') as unknown,
    });
    expect(failureLine(failure)).toMatch(
      /^dpm: two failed\. .* Left behind: partition p1, attachment a1\. .*dpm flow resume f1.* \[req-1\]\n$/,
    );
  });

  test('is one line without control characters, whatever a peer said', () => {
    const error = new NotFoundError('volume "\u001B[31m\nx" does not exist');

    expect(failureLine(toFailure(error, 'req-1'))).toBe('dpm: volume "\\x1b[31m x" does not exist [req-1]\n');
  });

  test('brings the advice of its cause', () => {
    const error = rolledBack(rejected);

    expect(failureLine(toFailure(error, 'req-1'))).toContain('the logon is not repeated');
  });
});
