/* An HMC session is shared by concurrent callers, renewed once, and ended on every kind of failure. */
import { afterEach, expect, test } from 'vitest';
import { pino } from 'pino';
import { describeError, neverAborted, Secret } from '../../src/base/index.ts';
import { HmcAuthError, HmcConnectionError, JobTimeoutError, openHmcSession } from '../../src/hmc-client/index.ts';
import type { HmcSession, HmcSessionOptions } from '../../src/hmc-client/index.ts';
import { quickPolicies } from '../support/hmc-policies.ts';
import { endConversations, playConversation } from '../support/nock-conversation.ts';
import type { Exchange } from '../support/conversations.ts';

const url = 'https://hmc1.example.com:6794';
const w = { signal: neverAborted() };
const cpcUri = '/api/cpcs/66942455-4a14-3f99-8904-3e7ed5ca28d7';
const partitionUri = '/api/partitions/0b6f3c1e-4a55-11ef-9d42-00106f0d81cb';

afterEach(endConversations);

function open(options: Partial<HmcSessionOptions> = {}): HmcSession {
  const password = async () => new Secret('sentinel-password');
  return openHmcSession({ urls: [url], userid: 'novauser', password, policies: quickPolicies, ...options });
}

const credentials = { userid: 'novauser', password: 'sentinel-password' };

function logon(token: string, more: Record<string, number> = {}): Exchange {
  const granted = { 'api-session': token, 'api-major-version': 2, 'api-minor-version': 2, ...more };
  return { method: 'POST', path: '/api/sessions', body: credentials, reply: { status: 200, body: granted } };
}

function logoff(token: string): Exchange {
  return {
    method: 'DELETE',
    path: '/api/sessions/this-session',
    headers: { 'X-API-Session': token },
    reply: { status: 204 },
  };
}

function list(token: string, status = 200): Exchange {
  const refused = { 'http-status': 403, reason: 5, message: 'unknown session' };
  return {
    method: 'GET',
    path: `${cpcUri}/partitions`,
    headers: { 'X-API-Session': token },
    reply: { status, body: status === 200 ? { partitions: [] } : refused },
  };
}

const refusal = (status: number, reason: number) => ({ 'http-status': status, reason, message: 'no' });

test('a session that is never used sends nothing', async () => {
  const peer = playConversation(url, []);

  await open().close(w);

  peer.verify();
});

test('ten callers at once share one logon', async () => {
  const peer = playConversation(url, [logon('one'), ...Array.from({ length: 10 }, () => list('one')), logoff('one')]);
  const hmc = open();

  await Promise.all(Array.from({ length: 10 }, async () => await hmc.partitions.list(cpcUri, {}, w)));
  await hmc.close(w);

  peer.verify('any order');
});

test('callers that lose the session together share one renewal', async () => {
  const lost = [list('one', 403), list('one', 403), list('one', 403)];
  const replayed = [list('two'), list('two'), list('two')];
  const peer = playConversation(url, [logon('one'), ...lost, logon('two'), ...replayed, logoff('two')]);
  const hmc = open();

  await Promise.all(lost.map(async () => await hmc.partitions.list(cpcUri, {}, w)));
  await hmc.close(w);

  peer.verify('any order');
  expect(peer.seen.filter(({ path }) => path === '/api/sessions')).toHaveLength(2);
});

test('a caller that gives up during the logon leaves it to the others', async () => {
  const peer = playConversation(url, [logon('one'), list('one'), logoff('one')]);
  const hmc = open();
  const impatient = new AbortController();

  const first = hmc.partitions.list(cpcUri, {}, { signal: impatient.signal });
  const second = hmc.partitions.list(cpcUri, {}, w);
  impatient.abort(new Error('no time'));

  await expect(first).rejects.toThrow('no time');
  await expect(second).resolves.toEqual([]);
  await hmc.close(w);
  peer.verify();
});

test.each([
  [403, 0, 'wrong userid or password'],
  [403, 40, 'disabled'],
  [403, 41, 'may not use'],
  [400, 45, 'expired'],
  [400, 13, 'too many sessions'],
  [409, 50, 'second factor'],
])('a logon refused with %i.%i is not tried again by this session', async (status, reason, meaning) => {
  const peer = playConversation(url, [{ ...logon('none'), reply: { status, body: refusal(status, reason) } }]);
  const hmc = open();

  const failures = await Promise.allSettled([
    hmc.partitions.list(cpcUri, {}, w),
    hmc.partitions.list(cpcUri, {}, w),
    hmc.console.get(w),
  ]);
  await expect(hmc.console.get(w)).rejects.toThrow(meaning);

  expect(failures.every((it) => it.status === 'rejected' && it.reason instanceof HmcAuthError)).toBe(true);
  await hmc.close(w);
  peer.verify();
});

test('a closed session refuses further requests', async () => {
  const hmc = open();
  await hmc.close(w);

  await expect(hmc.console.get(w)).rejects.toThrow('the HMC session is closed');
});

test('a job that does not end in time is an error with what was seen', async () => {
  const uri = '/api/jobs/5f0c8a52-4a56-11ef-9d42-00106f0d81cb';
  const start = `${partitionUri}/operations/start`;
  playConversation(url, [
    logon('one'),
    { method: 'POST', path: start, reply: { status: 202, body: { 'job-uri': uri } } },
    { method: 'GET', path: uri, reply: { status: 200, body: { status: 'running' } } },
    logoff('one'),
  ]);
  await using hmc = open();
  const job = await hmc.partitions.start(partitionUri, w);

  const waiting = job.wait({ ...w, timeoutMs: 0 });

  await expect(waiting).rejects.toBeInstanceOf(JobTimeoutError);
  await expect(waiting).rejects.toMatchObject({ facts: { jobUri: uri, timeoutMs: 0, observed: { running: 1 } } });
});

test('an abort ends the wait for a job with its own reason, and leaves the job alone', async () => {
  const uri = '/api/jobs/5f0c8a52-4a56-11ef-9d42-00106f0d81cb';
  const start = `${partitionUri}/operations/start`;
  const peer = playConversation(url, [
    logon('one'),
    { method: 'POST', path: start, reply: { status: 202, body: { 'job-uri': uri } } },
    { method: 'GET', path: uri, reply: { status: 200, body: { status: 'running' } } },
    logoff('one'),
  ]);
  const hmc = open();
  const caller = new AbortController();
  const job = await hmc.partitions.start(partitionUri, w);

  const waiting = job.wait({
    signal: caller.signal,
    timeoutMs: 60_000,
    poll: { minDelayMs: 60_000, maxDelayMs: 60_000 },
  });
  caller.abort(new Error('enough'));

  await expect(waiting).rejects.toThrow('enough');
  await hmc.close(w);
  expect(peer.seen.filter(({ method }) => method === 'DELETE')).toHaveLength(1); // the logoff
});

test('the overall deadline of a call ends its repeats', async () => {
  const busy: Exchange = { method: 'POST', path: partitionUri, reply: { status: 409, body: refusal(409, 2) } };
  playConversation(url, [logon('one'), ...Array.from({ length: 50 }, () => busy), logoff('one')]);
  const slow = { attempts: 50, firstDelayMs: 10_000, maxDelayMs: 10_000, factor: 1, budgetMs: 60_000 };
  await using hmc = open({ policies: { write: slow }, timeouts: { callMs: 50 } });

  const update = hmc.partitions.update(partitionUri, { description: 'x' }, w);

  await expect(update).rejects.toMatchObject({ code: 'TIMEOUT', facts: { timeoutMs: 50 } });
});

test('a read of many objects is cut into parts under the size limit of Submit Requests', async () => {
  const uris = Array.from({ length: 2_500 }, (_, index) => `${partitionUri}/hbas/${'0'.repeat(60)}${index}`);
  const sizes: number[] = [];
  const answered = (token: string): Exchange => ({
    method: 'POST',
    path: '/api/services/aggregation/submit',
    headers: { 'X-API-Session': token },
    reply: { status: 200, body: uris.map((_, id) => ({ id: String(id), status: 404, body: refusal(404, 1) })) },
  });
  const peer = playConversation(url, [logon('one'), answered('one'), answered('one'), logoff('one')]);
  const hmc = open();

  await expect(hmc.hbas.getMany(uris, w)).resolves.toEqual([]);
  await hmc.close(w);

  for (const { path, body } of peer.seen) if (path.endsWith('submit')) sizes.push(JSON.stringify(body).length);
  expect(sizes).toHaveLength(2);
  expect(Math.max(...sizes)).toBeLessThan(256_000);
});

test('a password that ends soon is warned about at the logon', async () => {
  playConversation(url, [logon('one', { 'password-expires': 3 }), list('one'), logoff('one')]);
  const lines: string[] = [];
  await using hmc = open({ log: pino({ level: 'warn' }, { write: (line) => void lines.push(line) }) });

  await hmc.partitions.list(cpcUri, {}, w);

  expect(lines.map((line): unknown => JSON.parse(line))).toMatchObject([{ event: 'hmc.password-expires', days: 3 }]);
});

test('neither password nor session id gets into logs or errors', async () => {
  const lost = {
    method: 'GET',
    path: '/api/console',
    reply: { error: 'ECONNRESET' },
  };
  playConversation(url, [
    logon('sentinel-token'),
    ...Array.from({ length: 4 }, () => lost as Exchange), // a literal of the schema
    logoff('sentinel-token'),
  ]);
  const lines: string[] = [];
  const hmc = open({ log: pino({ level: 'trace' }, { write: (line) => void lines.push(line) }) });

  const failure: unknown = await hmc.console.get(w).catch((error: unknown) => error);
  await hmc.close(w);

  const shown = [...lines, describeError(failure), JSON.stringify(failure), String((failure as Error).stack)].join(
    '\n',
  );
  expect(lines.length).toBeGreaterThan(4);
  expect(shown).toContain('hmc1.example.com');
  expect(shown).not.toContain('sentinel');
});

test('closing with a signal that has fired throws nothing and says what is left', async () => {
  playConversation(url, [logon('one'), list('one')]);
  const lines: string[] = [];
  const hmc = open({ log: pino({ level: 'warn' }, { write: (line) => void lines.push(line) }) });
  await hmc.partitions.list(cpcUri, {}, w);

  await hmc.close({ signal: AbortSignal.abort(new Error('at once')) });

  expect(lines.join('')).toContain('hmc.logoff');
});

test('a failed logoff is logged as a warning', async () => {
  const refused: Exchange = { ...logoff('one'), reply: { status: 500, body: refusal(500, 1) } };
  playConversation(url, [logon('one'), list('one'), refused]);
  const lines: string[] = [];
  const hmc = open({ log: pino({ level: 'warn' }, { write: (line) => void lines.push(line) }) });
  await hmc.partitions.list(cpcUri, {}, w);

  await hmc.close(w);

  expect(lines.map((line): unknown => JSON.parse(line))).toMatchObject([{ event: 'hmc.logoff' }]);
});

test('a logoff from a session that is gone is no reason to warn', async () => {
  const gone: Exchange = { ...logoff('one'), reply: { status: 403, body: refusal(403, 5) } };
  const peer = playConversation(url, [logon('one'), list('one'), gone]);
  const lines: string[] = [];
  const hmc = open({ log: pino({ level: 'warn' }, { write: (line) => void lines.push(line) }) });
  await hmc.partitions.list(cpcUri, {}, w);

  await hmc.close(w);

  peer.verify();
  expect(lines).toEqual([]);
});

test('an error tells what was being done, where, and why', async () => {
  const lost: Exchange = { method: 'POST', path: `${partitionUri}/operations/stop`, reply: { error: 'ECONNRESET' } };
  playConversation(url, [logon('one'), lost, logoff('one')]);
  await using hmc = open();

  const failure: unknown = await hmc.partitions.stop(partitionUri, w).catch((error: unknown) => error);

  expect(failure).toBeInstanceOf(HmcConnectionError);
  expect(describeError(failure)).toBe(
    `stop partition ${partitionUri}: HMC hmc1.example.com:6794: the connection was reset`,
  );
});

test('an unreachable HMC is named once for each level of meaning', async () => {
  playConversation(url, [{ ...logon('none'), reply: { error: 'ECONNREFUSED' } }]);
  const once = { attempts: 1, firstDelayMs: 1, maxDelayMs: 1, factor: 1, budgetMs: 1_000 };
  await using hmc = open({ policies: { read: once } });

  const failure: unknown = await hmc.console.get(w).catch((error: unknown) => error);

  expect(describeError(failure)).toBe(
    'HMC hmc1.example.com:6794 is unreachable: log on to HMC hmc1.example.com:6794 as "novauser": HMC hmc1.example.com:6794: connection refused',
  );
});

test('certificates that are not verified are warned about', () => {
  const lines: string[] = [];

  open({ tls: { insecure: true }, log: pino({ level: 'warn' }, { write: (line) => void lines.push(line) }) });

  expect(lines.map((line): unknown => JSON.parse(line))).toMatchObject([{ event: 'hmc.insecure', hmcs: [url] }]);
});

test('tells which HMC is in use', () => {
  expect(open().hmcHost()).toBe('hmc1.example.com:6794');
});

test('a session without an HMC is refused', () => {
  expect(() => open({ urls: [] })).toThrow('needs the URL of an HMC');
});
