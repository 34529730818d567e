import { inspect } from 'node:util';
import fc from 'fast-check';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { BLANKED, blankKnownSecrets, blankSecrets, describeError, isSecretKey, Secret } from './index.ts';

const SENTINEL = 'hmc-sentinel-secret';

describe('a secret', () => {
  const secret = new Secret(SENTINEL);

  test('is returned only by reveal', () => {
    expect(secret.reveal()).toBe(SENTINEL);
  });

  test.each([
    ['text', () => String(secret)],
    ['JSON', () => JSON.stringify({ password: secret, nested: [secret] })],
    ['the debugger', () => inspect({ secret }, { depth: 9, showHidden: true })],
    ['its keys', () => JSON.stringify(Object.entries(secret))],
  ])('is not shown as %s', (_how, show) => {
    expect(show()).not.toContain(SENTINEL);
  });

  test('is not shown by a log line', () => {
    const lines: string[] = [];
    const log = pino({ level: 'info' }, { write: (line: string) => lines.push(line) });

    log.info({ secret, deep: { secret } }, 'logon');

    expect(lines.join()).toContain(BLANKED);
    expect(lines.join()).not.toContain(SENTINEL);
  });
});

describe('blankSecrets', () => {
  test.each([
    'password',
    'X-Auth-Token',
    'x-api-session',
    'Authorization',
    'api-session',
    'boot-ftp-password',
    'auth_password',
    'discovery_auth_password',
    'secret',
    'adminPass',
  ])('blanks the value of %s at any depth, in any case of the key', (key) => {
    expect(isSecretKey(key)).toBe(true);
    expect(blankSecrets({ a: [{ [key]: SENTINEL }], [key.toUpperCase()]: { inner: SENTINEL } })).toEqual({
      a: [{ [key]: BLANKED }],
      [key.toUpperCase()]: BLANKED,
    });
  });

  test('leaves everything else as it is', () => {
    const value = { userid: 'nova', 'object-uri': '/api/cpcs/1', list: [1, null, true, 'x'], nothing: {} };

    expect(blankSecrets(value)).toEqual(value);
  });

  test('does not change its argument', () => {
    const value = { password: SENTINEL };
    blankSecrets(value);

    expect(value).toEqual({ password: SENTINEL });
  });

  test('keeps the structure of any JSON, and removes every secret', () => {
    const key = fc.constantFrom('password', 'X-Auth-Token', 'name', 'data');
    const { json } = fc.letrec<{ json: unknown }>((tie) => ({
      json: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.constantFrom(1, null, 'text'),
        fc.array(tie('json'), { maxLength: 3 }),
        fc.dictionary(key, tie('json'), { maxKeys: 3 }),
      ),
    }));
    const secretly = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(secretly);
      if (value === null || typeof value !== 'object') return value;
      return Object.fromEntries(
        Object.entries(value).map(([name, inner]) => [name, isSecretKey(name) ? SENTINEL : secretly(inner)]),
      );
    };

    fc.assert(
      fc.property(json, (value) => {
        const full = secretly(value);
        const blanked = JSON.stringify(blankSecrets(full));
        expect(blanked).toBe(JSON.stringify(full).replaceAll(SENTINEL, BLANKED));
      }),
    );
  });
});

describe('a text that contains parts from peers', () => {
  test('is blanked of every secret, also in the forms of JSON and URLs', () => {
    const secret = new Secret('tell "nobody"');
    const text = `${secret.reveal()} ${JSON.stringify(secret.reveal())} https://u:${encodeURIComponent(secret.reveal())}@h`;

    expect(blankKnownSecrets(text)).toBe('*** "***" https://u:***@h');
  });

  test('keeps short secrets, because they may be ordinary words', () => {
    expect(new Secret('web').reveal()).toBe('web');

    expect(blankKnownSecrets('server web1')).toBe('server web1');
  });

  test('may be an error with its causes', () => {
    const token = new Secret('gAAAAA-of-the-test');
    const error = new Error('outer', { cause: new Error(`the peer says: ${token.reveal()} is bad`) });

    expect(describeError(error)).toBe('outer: the peer says: *** is bad');
  });

  test('is blanked of the latest secrets only', () => {
    const inUse = new Secret('password-in-use');
    const tokens = Array.from({ length: 300 }, (_, number) => {
      inUse.reveal();
      return new Secret(`token-number-${number}-`);
    });

    expect(tokens).toHaveLength(300);
    expect(blankKnownSecrets('token-number-299- token-number-0- password-in-use')).toBe('*** token-number-0- ***');
  });
});
