import { expect, test } from 'vitest';
import { RetriesExhaustedError, TimeoutError } from '../../base/index.ts';
import {
  classify,
  HmcAuthError,
  HmcConnectionError,
  HmcHttpError,
  HmcSchemaError,
  isHmcError,
  JobFailedError,
  JobLostError,
  JobTimeoutError,
} from './index.ts';
import { repeatable } from '../policy.ts';
import { reasonFacts, reasonMeaning } from '../wire/reasons.ts';

const http = (status: number, reason: number) =>
  new HmcHttpError('do it', { status, reason, method: 'GET', uri: '/api/x', hmcMessage: '' });
const connection = (phase: HmcConnectionError['phase'], sent: boolean) =>
  new HmcConnectionError('do it', { host: 'hmc1', phase, sent });
const job = { operation: 'Start Partition', jobUri: '/api/jobs/1' };

test.each([
  [http(403, 4), 'session-lost'],
  [http(403, 5), 'session-lost'],
  [http(403, 1), 'permanent'],
  [http(409, 2), 'busy'],
  [http(409, 15), 'busy'],
  [http(409, 272), 'busy'],
  [http(500, 263), 'busy'],
  [http(503, 1), 'busy'],
  [http(500, 900), 'busy'],
  [http(500, 12), 'unknown-outcome'],
  [http(500, 999), 'unknown-outcome'],
  [http(502, 999), 'unknown-outcome'],
  [http(409, 1), 'permanent'],
  [http(409, 6), 'permanent'],
  [http(404, 1), 'permanent'],
  [http(400, 8), 'permanent'],
  [http(413, 1), 'permanent'],
  [connection('connect', false), 'transient'],
  [connection('tls', false), 'permanent'],
  [connection('queue', false), 'permanent'],
  [connection('send', true), 'unknown-outcome'],
  [connection('receive', true), 'unknown-outcome'],
  [new TimeoutError('too long'), 'unknown-outcome'],
  [new JobTimeoutError('start', { ...job, timeoutMs: 1, observed: {} }), 'unknown-outcome'],
  [new JobLostError('start', job), 'unknown-outcome'],
  [new HmcAuthError('no', { host: 'h', userid: 'u', status: 403, reason: 0 }), 'permanent'],
  [new HmcSchemaError('get', { operation: 'Get', uri: '/api/x', issues: ['x'] }), 'permanent'],
  [new RetriesExhaustedError('do it', [http(409, 2), connection('send', true)]), 'unknown-outcome'],
  [new Error('else'), 'permanent'],
] as const)('%s is %s', (error, expected) => {
  expect(classify(error)).toBe(expected);
});

test('asks a refusal for its status, and for any of several reasons', () => {
  expect(isHmcError(http(409, 2), 409)).toBe(true);
  expect(isHmcError(http(409, 2), 409, 1, 2)).toBe(true);
  expect(isHmcError(http(409, 2), 409, 1)).toBe(false);
  expect(isHmcError(http(409, 2), 404)).toBe(false);
  expect(isHmcError(new Error('409'), 409)).toBe(false);
});

test('a failed job is asked like the request it stands for', () => {
  const outcome = { status: 409, reason: 1, hmcMessage: 'no', canceled: false };
  const failed = new JobFailedError('start', outcome, { ...job, uri: '/api/x' });

  expect(isHmcError(failed, 409, 1)).toBe(true);
  expect(failed.message).toBe('start: the job failed with 409.1 (no)');
});

test('nothing that may have been heard is repeated unless repeating it is harmless', () => {
  const kinds = Object.entries(repeatable).filter(([, classes]) => classes.has('unknown-outcome'));

  expect(kinds.map(([kind]) => kind).toSorted()).toEqual(['delete', 'read', 'update']);
});

test('nothing permanent, and no lost session, is repeated by the retry loop', () => {
  for (const classes of Object.values(repeatable)) {
    expect(classes.has('permanent') || classes.has('session-lost')).toBe(false);
  }
});

test('every known reason is listed once, with a meaning and a source', () => {
  const codes = reasonFacts.map(({ status, reason }) => `${status}.${reason}`);

  expect(new Set(codes).size).toBe(codes.length);
  expect(reasonFacts.every(({ meaning, source }) => meaning !== '' && source !== '')).toBe(true);
  expect(reasonMeaning(409, 2)).toContain('busy');
  expect(reasonMeaning(418, 0)).toBeUndefined();
});
