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

  test('omits a message that repeats the message of its cause', () => {
    expect(describeError(new Error('gone', { cause: new Error('gone') }))).toBe('gone');
  });

  test('lists the members of an AggregateError with their causes', () => {
    const members = [new Error('port 0', { cause: new Error('busy') }), new Error('port 1')];

    expect(describeError(new AggregateError(members, 'create vHBAs'))).toBe('create vHBAs [port 0: busy; port 1]');
  });

  test('shows the class name of an error without a message', () => {
    expect(describeError(new RangeError())).toBe('RangeError');
  });

  test('stops at a cycle of causes', () => {
    const error = new Error('a');
    error.cause = new Error('b', { cause: error });

    expect(describeError(error)).toBe('a: b: …');
  });

  test('stops when a member of an AggregateError has the AggregateError as its cause', () => {
    const member = new Error('member');
    const aggregate = new AggregateError([member], 'all');
    member.cause = aggregate;

    expect(describeError(aggregate)).toBe('all [member: …]');
  });

  test('cuts a very long chain of causes', () => {
    let error = new Error('0');
    for (let depth = 1; depth < 100; depth += 1) error = new Error(String(depth), { cause: error });

    expect(describeError(error)).toMatch(/^99: 98: .*: …$/);
    expect(describeError(error).length).toBeLessThan(80);
  });

  test('does not print a thrown value that is not an Error, because it may contain anything', () => {
    expect(describeError('hmc-sentinel-secret')).toBe('something other than an error was thrown: string');
    expect(describeError(undefined)).toBe('');
  });
});

describe('an error of this package', () => {
  test('has its class as name, a code, and facts', () => {
    const error = new NotFoundError('partition "p" does not exist', { partition: 'p' });

    expect(error).toMatchObject({ name: 'NotFoundError', code: 'NOT_FOUND', facts: { partition: 'p' } });
    expect(error.stack).toContain('NotFoundError: partition "p" does not exist');
  });

  test('is found in a chain by its code, starting at the outermost error', () => {
    const low = new NotFoundError('low');
    const high = new ConflictError('high', {}, { cause: new Error('between', { cause: low }) });

    expect(findError(high, 'NOT_FOUND')).toBe(low);
    expect(findError(high, 'NOT_FOUND', 'CONFLICT')).toBe(high);
    expect(findError(high, 'CONFIG')).toBeUndefined();
    expect(findError('text', 'CONFIG')).toBeUndefined();
  });

  test('has a code with an explanation', () => {
    for (const [code, meaning] of Object.entries(errorCodes)) {
      expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
      expect(meaning).not.toBe('');
    }
  });

  test('of exhausted retries holds the error of every attempt in order, and the last one as its cause', () => {
    const attempts = [new Error('first'), new Error('last')];
    const error = new RetriesExhaustedError('knock', attempts);

    expect(error.attempts).toEqual(attempts);
    expect(error.cause).toBe(attempts[1]);
    expect(error.facts).toEqual({ attempts: ['first', 'last'] });
    expect(describeError(error)).toBe('knock failed 2 times: last');
  });

  test('is made from any thrown value; an Error is returned unchanged', () => {
    const error = new Error('one');

    expect(toError(error)).toBe(error);
    expect(toError(null)).toBeInstanceOf(InternalError);
  });
});
