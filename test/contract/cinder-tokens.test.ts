/* The client renews Keystone tokens in time, even with a wrong clock, and never asks for more tokens than necessary. */
import { Writable } from 'node:stream';
import { inspect } from 'node:util';
import nock from 'nock';
import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import { describeError, InterruptedError, neverAborted, Secret } from '../../src/base/index.ts';
import { isCinderError, openCinder } from '../../src/cinder-client/index.ts';
import type { CinderOptions } from '../../src/cinder-client/index.ts';
import { quickPolicies } from '../support/cinder-policies.ts';
import { disconnectNetwork, endConversations } from '../support/nock-conversation.ts';

const w = { signal: neverAborted() };
const keystone = 'http://keystone.test:5000';
const cinder = 'http://cinder.test:8776';
const startMs = Date.parse('2026-11-21T02:40:33Z');
const MINUTE = 60_000;

const auth = {
  type: 'password',
  authUrl: keystone,
  username: 'demo',
  password: new Secret('the-password-of-the-test'),
  userDomainId: 'default',
  projectName: 'demo',
  projectDomainId: 'default',
} as const;

function open(options: Partial<CinderOptions> = {}) {
  return openCinder({ auth, policies: quickPolicies, ...options });
}

interface Lifetime {
  readonly issuedMs?: number;
  readonly lifetimeMs?: number;
}

/** A Keystone that numbers its tokens, and a Cinder that says which one it got. */
function serve({ issuedMs = startMs, lifetimeMs = 60 * MINUTE }: Lifetime = {}) {
  disconnectNetwork();
  const seen = { tokens: 0, versions: 0, used: [] as string[] };
  const time = (ms: number) => new Date(ms).toISOString();
  const endpoints = [{ interface: 'public', region_id: 'RegionOne', url: `${cinder}/v3/p` }];
  nock(keystone)
    .persist()
    .post('/v3/auth/tokens')
    .reply(() => {
      seen.tokens += 1;
      const token = {
        issued_at: time(issuedMs),
        expires_at: time(issuedMs + lifetimeMs),
        user: { id: 'u', name: 'demo' },
        project: { id: 'p', name: 'demo' },
        catalog: [{ type: 'volumev3', endpoints }],
      };
      return [201, { token }, { 'X-Subject-Token': `the-token-${seen.tokens}` }];
    });
  nock(cinder)
    .persist()
    .get('/v3/')
    .reply(() => {
      seen.versions += 1;
      return [200, { versions: [{ id: 'v3.0', version: '3.70' }] }];
    });
  nock(cinder)
    .persist()
    .get('/v3/p/volumes/1')
    .reply((request: Request) => {
      seen.used.push(String(request.headers.get('x-auth-token')));
      return [200, { volume: { id: '1', status: 'available', size: 1 } }];
    });
  return seen;
}

afterEach(endConversations);

test('a token is used until two minutes before it runs out, then renewed', async () => {
  const seen = serve();
  let now = startMs;
  using client = open({ clock: () => now });

  await client.getVolume('1', w);
  now = startMs + 58 * MINUTE - 1;
  await client.getVolume('1', w);
  now = startMs + 58 * MINUTE;
  await client.getVolume('1', w);

  expect(seen.used).toEqual(['the-token-1', 'the-token-1', 'the-token-2']);
  expect(seen.versions).toBe(1);
});

test('a token that lives for a minute is used for half of it, and not asked for at every call', async () => {
  const seen = serve({ lifetimeMs: MINUTE });
  let now = startMs;
  using client = open({ clock: () => now });

  await client.getVolume('1', w);
  now += 29_000;
  await client.getVolume('1', w);
  now += 1_000;
  await client.getVolume('1', w);

  expect(seen.used).toEqual(['the-token-1', 'the-token-1', 'the-token-2']);
});

test.each([-5, 5])('a clock that is %i hours off does not make every call ask for a token', async (hours) => {
  const seen = serve({ issuedMs: startMs });
  using client = open({ clock: () => startMs + hours * 60 * MINUTE });

  await client.getVolume('1', w);
  await client.getVolume('1', w);

  expect(seen.tokens).toBe(1);
});

test('callers at once share one token and one look at the versions', async () => {
  const seen = serve();
  using client = open();

  await Promise.all(Array.from({ length: 20 }, async () => await client.getVolume('1', w)));

  expect(seen).toMatchObject({ tokens: 1, versions: 1 });
  expect(seen.used).toHaveLength(20);
});

test('a caller who gives up does not take the shared token away from the others', async () => {
  const seen = serve();
  using client = open();
  const impatient = new AbortController();
  const reason = new InterruptedError('enough');

  const left = client.getVolume('1', { signal: impatient.signal });
  const stays = client.getVolume('1', w);
  impatient.abort(reason);

  await expect(left).rejects.toBe(reason);
  expect(await stays).toMatchObject({ id: '1' });
  expect(seen.tokens).toBe(1);
});

test('an abort ends the pause between two attempts', async () => {
  disconnectNetwork();
  nock(keystone).persist().post('/v3/auth/tokens').reply(503);
  const patient = { attempts: 5, firstDelayMs: 3_600_000, maxDelayMs: 3_600_000, factor: 1, budgetMs: 86_400_000 };
  const stop = new AbortController();
  const lines: string[] = [];
  const log = logTo(lines, () => stop.abort(new InterruptedError('enough')));
  using client = open({ policies: { read: patient }, log });

  await expect(client.getVolume('1', { signal: stop.signal })).rejects.toThrow('enough');

  expect(lines.some((line) => line.includes('attempt failed'))).toBe(true);
});

test('closing the client ends the wait for a token', async () => {
  disconnectNetwork();
  nock(keystone)
    .post('/v3/auth/tokens')
    .reply(() => new Promise(() => undefined)); // never
  const client = open();

  const waits = client.getVolume('1', w);
  client[Symbol.dispose]();

  await expect(waits).rejects.toThrow('the Cinder client is closed');
});

test('a server that asks for more time than the budget has is not waited for', async () => {
  serve();
  nock(cinder).get('/v3/p/volumes/2').reply(429, '', { 'Retry-After': '3600' });
  using client = open({ policies: { read: { ...quickPolicies.read, budgetMs: 30 } } });

  const ended = await client.getVolume('2', w).catch((error: unknown) => error);

  expect(isCinderError(ended, 429)).toBe(true);
});

test('every request carries the id of the work in hand', async () => {
  serve();
  const ids: string[] = [];
  nock(cinder)
    .get('/v3/p/volumes/2')
    .reply((request: Request) => {
      ids.push(String(request.headers.get('x-openstack-request-id')));
      return [200, { volume: { id: '2', status: 'available', size: 1 } }];
    });
  using client = open({ requestId: () => 'req-7b1e55d0-4c2a-4f0e-9a51-3f9a1c2055d0' });

  await client.getVolume('2', w);

  expect(ids).toEqual(['req-7b1e55d0-4c2a-4f0e-9a51-3f9a1c2055d0']);
});

function logTo(lines: string[], onLine: (line: string) => void = () => undefined) {
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString());
      if (chunk.toString().includes('attempt failed')) onLine(chunk.toString());
      done();
    },
  });
  return pino({ level: 'trace' }, sink);
}

test('neither password nor token reaches a log line or an error', async () => {
  serve();
  for (const path of ['/v3/p/volumes/broken', '/v3/p/volumes/refused', '/v3/p/volumes/html']) {
    const answer = { broken: 200, refused: 400, html: 403 }[path.split('/').at(-1) as 'broken' | 'refused' | 'html']; // as listed
    nock(cinder)
      .persist()
      .get(path)
      .reply((request: Request) => {
        // A peer that echoes what it got.
        return [answer, `<html>${String(request.headers.get('x-auth-token'))} the-password-of-the-test</html>`];
      });
  }
  nock(cinder)
    .persist()
    .get('/v3/p/volumes/lost')
    .replyWithError(Object.assign(new Error('x'), { code: 'ECONNRESET' }));
  const lines: string[] = [];
  using client = open({ log: logTo(lines) });

  const shown: string[] = [];
  for (const id of ['1', 'broken', 'refused', 'html', 'lost']) {
    const ended = await client.getVolume(id, w).catch((error: unknown) => error);
    shown.push(inspect(ended, { depth: 20, showHidden: true }), JSON.stringify(ended), describeError(ended));
  }

  expect(lines.length).toBeGreaterThan(5);
  for (const text of [...lines, ...shown, inspect(client, { depth: 20, showHidden: true })]) {
    expect(text).not.toMatch(/the-password-of-the-test|the-token-\d/);
  }
});
