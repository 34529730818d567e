import { describe, expect, test } from 'vitest';
import {
  ConfigError,
  ConflictError,
  describeError,
  errorCodes,
  findError,
  InternalError,
  NotFoundError,
  RetriesExhaustedError,
  toError,
} from './index.ts';

describe('describeError', () => {
  test('joins the chain of causes with colons', () => {
    const low = new Error('connection refused');
    const middle = new ConflictError('create vHBA "a"', {}, { cause: low });

    expect(describeError(new ConfigError('spawn web1', {}, { cause: middle }))).toBe(
      'spawn web1: create vHBA "a": connection refused',
    );
  });

  test('says once what a wrapper says in the very words of its cause', () => {
    expect(describeError(new Error('gone', { cause: new Error('gone') }))).toBe('gone');
  });

  test('lists the members of parallel failures, each with its own causes', () => {
    const members = [new Error('port 0', { cause: new Error('busy') }), new Error('port 1')];

    expect(describeError(new AggregateError(members, 'create vHBAs'))).toBe('create vHBAs [port 0: busy; port 1]');
  });

  test('names an error that has no message by its class', () => {
    expect(describeError(new RangeError())).toBe('RangeError');
  });

  test('ends a chain that bites its tail', () => {
    const error = new Error('a');
    error.cause = new Error('b', { cause: error });

    expect(describeError(error)).toBe('a: b: …');
  });

  test('ends when a member of an aggregate names the aggregate as its cause', () => {
    const member = new Error('member');
    const aggregate = new AggregateError([member], 'all');
    member.cause = aggregate;

    expect(describeError(aggregate)).toBe('all [member: …]');
  });

  test('ends a chain that is too long for a line', () => {
    let error = new Error('0');
    for (let depth = 1; depth < 100; depth += 1) error = new Error(String(depth), { cause: error });

    expect(describeError(error)).toMatch(/^99: 98: .*: …$/);
    expect(describeError(error).length).toBeLessThan(80);
  });

  test('does not show a thing that was thrown and is no error: it may be anything', () => {
    expect(describeError('hmc-sentinel-secret')).toBe('something other than an error was thrown: string');
    expect(describeError(undefined)).toBe('');
  });
});

describe('an error of this package', () => {
  test('carries its class as name, its code, and its facts', () => {
    const error = new NotFoundError('partition "p" does not exist', { partition: 'p' });

    expect(error).toMatchObject({ name: 'NotFoundError', code: 'NOT_FOUND', facts: { partition: 'p' } });
    expect(error.stack).toContain('NotFoundError: partition "p" does not exist');
  });

  test('is found in a chain by its code, the outermost first', () => {
    const low = new NotFoundError('low');
    const high = new ConflictError('high', {}, { cause: new Error('between', { cause: low }) });

    expect(findError(high, 'NOT_FOUND')).toBe(low);
    expect(findError(high, 'NOT_FOUND', 'CONFLICT')).toBe(high);
    expect(findError(high, 'CONFIG')).toBeUndefined();
    expect(findError('text', 'CONFIG')).toBeUndefined();
  });

  test('has a code that is explained', () => {
    for (const [code, meaning] of Object.entries(errorCodes)) {
      expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
      expect(meaning).not.toBe('');
    }
  });

  test('that gave up holds every attempt in order, and the last one as its cause', () => {
    const attempts = [new Error('first'), new Error('last')];
    const error = new RetriesExhaustedError('knock', attempts);

    expect(error.attempts).toEqual(attempts);
    expect(error.cause).toBe(attempts[1]);
    expect(error.facts).toEqual({ attempts: ['first', 'last'] });
    expect(describeError(error)).toBe('knock failed 2 times: last');
  });

  test('is made of whatever was thrown, and left alone when it is one', () => {
    const error = new Error('one');

    expect(toError(error)).toBe(error);
    expect(toError(null)).toBeInstanceOf(InternalError);
  });
});
