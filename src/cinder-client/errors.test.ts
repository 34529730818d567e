import { describe, expect, test } from 'vitest';
import { NotFoundError, RetriesExhaustedError } from '../base/index.ts';
import { TransportError } from '../http/index.ts';
import type { TransportPhase } from '../http/index.ts';
import type { Peer } from './errors.ts';
import { classify, isGone } from './errors.ts';
import {
  CinderAuthError,
  CinderConnectionError,
  CinderHttpError,
  CinderSchemaError,
  isCinderError,
  VolumeStateError,
} from './index.ts';
import { askedDelayMs, mayRepeat } from './policy.ts';

function refusal(status: number, more: { peer?: Peer; faultName?: string; retryAfterMs?: number } = {}) {
  return new CinderHttpError({
    what: 'get volume 1',
    peer: more.peer ?? 'Cinder',
    method: 'GET',
    path: '/volumes/1',
    status,
    faultName: more.faultName ?? 'itemNotFound',
    message: 'no',
    requestId: undefined,
    retryAfterMs: more.retryAfterMs,
  });
}

function failure(phase: TransportPhase, sent: boolean): CinderConnectionError {
  const where = { host: 'cinder.test:8776', method: 'GET', path: '/' };
  return new CinderConnectionError('get volume 1', 'Cinder', new TransportError(phase, sent, 'reset', where));
}

describe('whether an error allows a retry', () => {
  test.each([
    ['a request that was not sent', failure('connect', false), 'transient'],
    ['a queue that is full', failure('queue', false), 'transient'],
    ['an answer that was lost', failure('receive', true), 'unknown-outcome'],
    ['a certificate that is not trusted', failure('tls', false), 'permanent'],
    ['a bad request', refusal(400), 'permanent'],
    ['a refused token', refusal(401), 'session-lost'],
    ['a conflict with Nova', refusal(409), 'permanent'],
    ['a quota', refusal(413, { retryAfterMs: 0 }), 'permanent'],
    ['a quota without Retry-After', refusal(413), 'permanent'],
    ['a rate limit of old', refusal(413, { retryAfterMs: 1000 }), 'busy'],
    ['a rate limit', refusal(429), 'busy'],
    ['an error of Cinder', refusal(500), 'unknown-outcome'],
    ['a bad gateway', refusal(502), 'unknown-outcome'],
    ['a service that is away', refusal(503), 'busy'],
    ['a gateway that gave up', refusal(504), 'unknown-outcome'],
    ['refused credentials', new CinderAuthError('no'), 'permanent'],
    ['an answer of another form', new CinderSchemaError('no'), 'permanent'],
    ['the last of several', new RetriesExhaustedError('x', [refusal(404), refusal(503)]), 'busy'],
    ['an error of somebody else', new TypeError('no'), 'permanent'],
  ])('%s is classified', (_what, error, expected) => {
    expect(classify(error)).toBe(expected);
  });
});

describe('which calls are retried', () => {
  test.each([
    ['not sent', failure('connect', false), ['read', 'repeatable', 'once']],
    ['lost', failure('receive', true), ['read', 'repeatable']],
    ['TLS', failure('tls', false), []],
    ['400', refusal(400), []],
    ['404', refusal(404), []],
    ['409', refusal(409), []],
    ['429', refusal(429), ['read', 'repeatable', 'once']],
    ['500', refusal(500), ['repeatable']],
    ['502', refusal(502), ['read', 'repeatable']],
    ['503', refusal(503), ['read', 'repeatable']],
    ['504', refusal(504), ['read', 'repeatable']],
    ['another error', new TypeError('no'), []],
    ['exhausted elsewhere', new RetriesExhaustedError('token', [refusal(503, { peer: 'Keystone' })]), []],
  ])('after %s', (_what, error, expected) => {
    const kinds = (['read', 'repeatable', 'once'] as const).filter((kind) => mayRepeat(kind, error));

    expect(kinds).toEqual(expected);
  });

  test('the Retry-After of the server is used', () => {
    expect(askedDelayMs(refusal(429, { retryAfterMs: 3000 }))).toBe(3000);
    expect(askedDelayMs(failure('connect', false))).toBeUndefined();
  });
});

describe('the tests of errors', () => {
  test('look into NotFoundError and RetriesExhaustedError', () => {
    const wrapped = new NotFoundError('volume 1 does not exist', {}, { cause: refusal(404) });

    expect(isCinderError(wrapped, 404)).toBe(true);
    expect(isCinderError(wrapped, 400, 409)).toBe(false);
    expect(isCinderError(new RetriesExhaustedError('x', [refusal(503), refusal(409)]), 409)).toBe(true);
    expect(isCinderError(refusal(418))).toBe(true);
    expect(isCinderError(new TypeError('no'))).toBe(false);
  });

  test('do not confuse responses of Keystone and Cinder', () => {
    expect(isCinderError(refusal(404, { peer: 'Keystone' }), 404)).toBe(false);
  });

  test('report a resource as gone only if Cinder itself answered 404', () => {
    expect(isGone(refusal(404))).toBe(true);
    expect(isGone(refusal(404, { faultName: '' }))).toBe(false);
    expect(isGone(refusal(404, { peer: 'Keystone', faultName: 'itemNotFound' }))).toBe(false);
    expect(isGone(refusal(400))).toBe(false);
  });
});

test('VolumeStateError shows the name of the volume, or the ID if it has no name', () => {
  const named = new VolumeStateError('reserve', { id: '1', name: 'root', status: 'in-use' }, ['available']);
  const nameless = new VolumeStateError('reserve', { id: '1', name: '', status: 'error' }, ['available', 'in-use']);

  expect(named.message).toBe('reserve: volume "root" (1) is in-use, expected available');
  expect(nameless.message).toBe('reserve: volume 1 is error, expected available or in-use');
  expect(named.facts).toEqual({ volumeId: '1', volumeName: 'root', status: 'in-use', expected: ['available'] });
});
