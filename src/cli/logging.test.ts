import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { NotFoundError, Secret } from '../base/index.ts';
import { openLog } from './logging.ts';
import type { LogLevel } from './global-options.ts';

let directory = '';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'dpm-logging-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

function open(level: LogLevel, file?: string) {
  const lines: string[] = [];
  const write = (text: string) => {
    lines.push(text);
  };
  return { ...openLog({ level, file, write, requestId: () => 'req-1' }), lines };
}

test('lines for people have time, level, message and fields', () => {
  const { log, lines } = open('info');

  log.child({ component: 'hmc' }).info({ status: 409, nested: { a: 1 } }, 'refused\nby the HMC');
  log.debug('not shown');

  expect(lines).toEqual([
    expect.stringMatching(
      /^\d{4}-\d\d-\d\dT[\d:.]+Z INFO {2}refused by the HMC component=hmc status=409 nested=\{"a":1\}\n$/,
    ),
  ]);
});

test('a file gets JSON lines, is added to, and is for its owner alone even if it was not', () => {
  const file = join(directory, 'dpm.log');
  writeFileSync(file, '', { mode: 0o644 });
  for (const message of ['one', 'two']) {
    const { log, close, lines } = open('trace', file);
    log.trace({ a: 1 }, message);
    close();
    expect(lines).toEqual([]);
  }

  const records = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
  expect(records).toMatchObject([
    { level: 'trace', msg: 'one', a: 1, requestId: 'req-1' },
    { level: 'trace', msg: 'two' },
  ]);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('a file that cannot be written is a wrong use', () => {
  expect(() => open('info', join(directory, 'no', 'dpm.log'))).toThrow('option --log-file');
});

describe('secrets', () => {
  test('in fields are blanked by name at any depth, in children too', () => {
    const { log, lines } = open('info');

    log
      .child({ password: 'sesame-1' })
      .info({ body: { auth: [{ 'api-session': 'sesame-2' }] }, 'X-Auth-Token': 'sesame-3' }, 'x');

    expect(lines.join('')).not.toContain('sesame');
    expect(lines.join('')).toContain('password=***');
  });

  test('that are known are blanked wherever they turn up', () => {
    const { log, lines } = open('info');
    const secret = new Secret('open "sesame"');

    log.info({ url: 'https://u:open%20%22sesame%22@hmc', list: ['open "sesame"'] }, 'said open "sesame" aloud');
    log.warn({ err: new Error('with open "sesame" in it') }, 'failed');

    expect(lines.join('')).not.toContain('sesame');
    expect(lines.join('').match(/\*\*\*/g)?.length).toBeGreaterThanOrEqual(4);
    expect(secret.reveal()).toBe('open "sesame"');
  });

  test('in the properties of a foreign error do not come along', () => {
    const { log, lines } = open('info');
    const error = Object.assign(new Error('timeout'), { config: { auth: { password: 'sesame' } }, request: 'sesame' });

    log.warn({ err: error, error: new NotFoundError('gone', { volume: 'v1' }, { cause: error }) }, 'failed');

    expect(lines.join('')).not.toContain('sesame');
    expect(lines.join('')).toContain('gone: timeout');
    expect(lines.join('')).toContain('"volume":"v1"');
  });
});
