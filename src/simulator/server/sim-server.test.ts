import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import * as https from 'node:https';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterEach, describe, expect, it } from 'vitest';

import { CertificateAuthority, type CertificateFlaw } from './certificates.ts';
import { FaultEngine } from './fault-engine.ts';
import type { FaultKind, FaultRule } from './fault-rules.ts';
import { RequestLog } from './request-log.ts';
import { SimServer } from './sim-server.ts';
import type { Route, SimRequest, SimResponse, SimServerOptions } from './types.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** A counter as the smallest server with an effect: POST adds one. */
function counter(): { routes: Route[]; value: () => number } {
  let count = 0;
  const add = (req: SimRequest): SimResponse => {
    if (req.bodyError !== undefined) return { status: 400, body: { error: req.bodyError } };
    count += 1;
    return { status: 201, body: { id: req.params.id, count, echo: req.body ?? null } };
  };
  const domain = (req: SimRequest): SimResponse => {
    req.fault?.take();
    return { status: 200, body: { fault: req.fault?.kind.type ?? null } };
  };
  const both = async (req: SimRequest): Promise<SimResponse> => {
    const entries = req.body as { method: string; uri: string }[];
    const aggregate = req.aggregate!; // every request that came over HTTP has it
    const all = entries.map((entry) => aggregate({ ...entry, headers: {}, body: { from: 'entry' } }));
    return { status: 200, body: await Promise.all(all) };
  };
  const routes: Route[] = [
    { method: 'POST', path: '/items/:id/add.now', operation: 'Add', handle: add },
    { method: 'GET', path: '/items', operation: 'Read', handle: () => ({ status: 200, body: { count } }) },
    { method: 'GET', path: '/domain', operation: 'Domain', handle: domain },
    { method: 'POST', path: '/all', operation: 'All', handle: both },
    { method: 'DELETE', path: '/items', operation: 'Reset', handle: () => ({ status: 204 }) },
    { method: 'GET', path: '/crash', operation: 'Crash', handle: () => Promise.reject(new Error('boom')) },
  ];
  return { routes, value: () => count };
}

async function start(options: Partial<SimServerOptions> = {}): Promise<{
  server: SimServer;
  faults: FaultEngine;
  log: RequestLog;
  value: () => number;
  add: (body?: string) => Promise<Response>;
}> {
  const { routes, value } = counter();
  const faults = new FaultEngine([], 7);
  const log = new RequestLog();
  const server = await SimServer.start({
    name: 'hmc',
    routes,
    faults,
    log,
    noRoute: () => ({ status: 404, body: { error: 'no route' } }),
    shapeError: (status, reason, message) => ({ status, body: { reason, message } }),
    ...options,
  });
  closers.push(() => server.close());
  const add = (body?: string): Promise<Response> =>
    fetch(`${server.url}/items/7/add.now?x=1`, { method: 'POST', ...(body === undefined ? {} : { body }) });
  return { server, faults, log, value, add };
}

function rule(kind: FaultKind, more: Partial<FaultRule> = {}): FaultRule {
  return { id: 'fault', server: 'hmc', operation: 'Add', kind, ...more };
}

describe('SimServer', () => {
  it('serves a route with its parameters, query and JSON body', async () => {
    const { add, log } = await start();

    const response = await add('{"size":1}');

    expect(response.status).toBe(201);
    expect(await response.json()).toEqual({ id: '7', count: 1, echo: { size: 1 } });
    expect(log.entries).toMatchObject([{ operation: 'Add', path: '/items/7/add.now?x=1', status: 201 }]);
  });

  it('leaves an unknown path, a wrong method and broken JSON to the peer, and answers 500 for its own defects', async () => {
    const { server, add } = await start();

    expect((await fetch(`${server.url}/items/7/addxnow`, { method: 'POST' })).status).toBe(404);
    expect((await fetch(`${server.url}/items`, { method: 'PUT' })).status).toBe(404);
    expect((await add('{"size":')).status).toBe(400);
    expect(await (await fetch(`${server.url}/crash`)).json()).toMatchObject({ message: 'simulator error: boom' });
    expect((await fetch(`${server.url}/items`, { method: 'DELETE' })).status).toBe(204);
  });

  it('refuses a body above the limit with 413, and goes on serving', async () => {
    const { add, value } = await start({ maxBodyBytes: 1000 });

    const refused = await add('x'.repeat(1001));

    expect(refused.status).toBe(413);
    expect(value()).toBe(0);
    expect((await add('{}')).status).toBe(201);
  });

  it('serves HTTPS that a client trusts by the authority alone', async () => {
    const { server } = await start({ tls: new CertificateAuthority().issue() });
    const other = new CertificateAuthority();

    await expect(get(`${server.url}/items`, other.pem)).rejects.toThrow(/unable to verify|self-signed/u);
    expect(server.url).toMatch(/^https:/u);
  });

  it.each([
    ['none', undefined],
    ['expired', /expired/u],
    ['wrong-host', /altnames|does not match/u],
    ['self-signed', /self-signed/u],
  ] as const)('shows a certificate with flaw %s', async (flaw: CertificateFlaw, complaint) => {
    const authority = new CertificateAuthority();
    const { server } = await start({ tls: authority.issue(flaw) });

    const answer = get(`${server.url}/items`, authority.pem);

    if (complaint === undefined) expect(await answer).toBe(200);
    else await expect(answer).rejects.toThrow(complaint);
  });

  it('makes certificates that OpenSSL reads, with names, usage and issuer', () => {
    const authority = new CertificateAuthority();
    const ca = new X509Certificate(authority.pem);
    const leaf = new X509Certificate(authority.issue().cert);

    expect(ca.ca).toBe(true);
    expect(leaf.ca).toBe(false);
    expect(leaf.verify(ca.publicKey)).toBe(true);
    expect(leaf.checkIssued(ca)).toBe(true);
    expect(leaf.checkHost('localhost')).toBe('localhost');
    expect(leaf.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(leaf.checkIP('::1')).toBeDefined();
  });

  it('refuses new connections while told to, and comes back on the same port', async () => {
    const { server, add } = await start();
    await add();
    const { port } = server;

    await server.refuseConnections(true);
    const refused = add();
    await expect(refused).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
    await server.refuseConnections(false);

    expect(server.port).toBe(port);
    expect((await add()).status).toBe(201);
  });

  it('closes at once although a request waits for its service time', async () => {
    const { server, add, value, log } = await start({ latencyMs: 60_000 });
    const pending = expect(add()).rejects.toThrow();
    await waitFor(() => log.inFlightNow === 1);

    await server.close();

    await pending;
    expect(value()).toBe(0);
  });
});

describe('fault rules', () => {
  it.each([
    ['refuse', { type: 'refuse', status: 409, reason: 2 }, 0],
    ['refuse done', { type: 'refuse', status: 500, reason: 12, effect: 'done' }, 1],
    ['malformed', { type: 'malformed' }, 1],
    ['malformed none', { type: 'malformed', effect: 'none' }, 0],
    ['html', { type: 'html', status: 502 }, 1],
    ['html none', { type: 'html', effect: 'none' }, 0],
    ['wrong-schema', { type: 'wrong-schema' }, 1],
  ] as const)('answer %s with the effect that the rule says', async (name, kind, effect) => {
    const { faults, add, value } = await start();
    faults.add(rule(kind));

    const response = await add();
    const text = await response.text();

    expect(value()).toBe(effect);
    expect(faults.struck('fault')).toBe(1);
    if (name.startsWith('refuse'))
      expect(JSON.parse(text)).toMatchObject({ reason: kind.type === 'refuse' && kind.reason });
    if (name.startsWith('malformed')) expect(() => JSON.parse(text) as unknown).toThrow();
    if (name.startsWith('html')) expect(response.headers.get('content-type')).toBe('text/html');
    if (name === 'wrong-schema') expect(JSON.parse(text)).toBeInstanceOf(Array);
    expect((await add()).status).toBe(201);
  });

  it.each([
    [{ type: 'drop', when: 'before' }, 0],
    [{ type: 'drop', when: 'after' }, 1],
    [{ type: 'refuse-connection' }, 0],
    [{ type: 'truncate' }, 1],
    [{ type: 'truncate', effect: 'none' }, 0],
  ] as const)('break the connection: %o', async (kind, effect) => {
    for (const tls of [undefined, new CertificateAuthority()]) {
      const { faults, server, value } = await start({ tls: tls?.issue() });
      faults.add(rule(kind));

      await expect(get(`${server.url}/items/1/add.now`, tls?.pem, 'POST')).rejects.toThrow();

      expect(value()).toBe(effect);
      expect(faults.struck('fault')).toBe(1);
    }
  });

  it('delay the effect, or only the answer', async () => {
    const { faults, add, value, log } = await start();
    faults.add(rule({ type: 'delay', ms: 30, when: 'after' }));

    const late = add();
    await waitFor(() => value() === 1);
    expect(log.inFlightNow).toBe(1);
    expect((await late).status).toBe(201);

    expect(log.entries[0]).toMatchObject({ serviceMs: 30, fault: 'fault' });
  });

  it('restart forgets, has no effect and drops the connection', async () => {
    let restarts = 0;
    const { faults, add, value } = await start({ restart: () => (restarts += 1) });
    faults.add(rule({ type: 'restart' }));

    await expect(add()).rejects.toThrow();

    expect([restarts, value()]).toEqual([1, 0]);
  });

  it('refuse-connection for every operation strikes before a byte is read', async () => {
    const { faults, server, log } = await start();
    faults.add(rule({ type: 'refuse-connection' }, { operation: '*' }));

    // The end of the connection is seen only by a socket that is read.
    const socket = connect(server.port, '127.0.0.1')
      .on('error', () => undefined)
      .resume();
    await new Promise((resolve) => socket.once('close', resolve));

    expect(faults.struck('fault')).toBe(1);
    expect(log.count()).toBe(0);
  });

  it('leave a domain fault to the handler, and take the strike back where nobody acts it out', async () => {
    const { faults, server, add } = await start();
    faults.add(rule({ type: 'stuck' }, { operation: '*' }));

    await add();
    expect(faults.struck('fault')).toBe(0);
    const answer = await fetch(`${server.url}/domain`);

    expect(await answer.json()).toEqual({ fault: 'stuck' });
    expect(faults.struck('fault')).toBe(1);
  });

  it('do not deny an effect that the server itself refused', async () => {
    const { faults, add } = await start();
    faults.add(rule({ type: 'refuse', status: 500, effect: 'done' }));

    expect((await add('{')).status).toBe(400);
    expect(faults.struck('fault')).toBe(0);
    expect((await add()).status).toBe(500);
    expect(faults.struck('fault')).toBe(1);
  });

  it('strike entries of an aggregated request, each of which the log keeps', async () => {
    const { faults, server, log, value } = await start();
    faults.add(rule({ type: 'refuse', status: 409, reason: 2 }, { match: { body: 'entry' }, when: { skip: 1 } }));
    const entry = { method: 'POST', uri: '/items/1/add.now' };
    const post = (body: unknown): Promise<Response> =>
      fetch(`${server.url}/all`, { method: 'POST', body: JSON.stringify(body) });

    const answer = await post([entry, entry, { method: 'GET', uri: '/items?a=b' }]);

    expect(await answer.json()).toMatchObject([{ status: 201 }, { status: 409 }, { status: 200 }]);
    expect(log.count()).toBe(1);
    expect(log.entries[0]?.children).toMatchObject([{ operation: 'Add' }, { fault: 'fault' }, { path: '/items?a=b' }]);
    faults.clear();
    faults.add(rule({ type: 'drop', when: 'after' }));
    await expect(post([entry])).rejects.toThrow();
    expect(value()).toBe(2);
  });
});

describe('RequestLog of a server', () => {
  it('tells requests sent side by side from requests sent one after the other', async () => {
    const log = new RequestLog();
    const together = async (): Promise<SimResponse> => {
      await waitFor(() => log.maxInFlight === 3);
      return { status: 200 };
    };
    const { server } = await start({
      log,
      routes: [{ method: 'GET', path: '/', operation: 'Meet', handle: together }],
    });
    const meet = (): Promise<number | undefined> => get(`${server.url}/`);

    await Promise.all([meet(), meet(), meet()]);
    await meet();

    expect(log.byOperation()).toEqual({ Meet: 4 });
    expect(log.longestChain()).toBe(2);
    expect(log.maxInFlightOf('hmc')).toBe(3);
    expect([log.inFlightNow, log.maxInFlight]).toEqual([0, 3]);
    log.clear();
    expect([log.count(), log.maxInFlight, log.longestChain()]).toEqual([0, 0, 0]);
  });

  it('counts a request as ended although the client hung up', async () => {
    const { server, log } = await start({ latencyMs: 20 });
    const controller = new AbortController();

    const given = fetch(`${server.url}/items`, { signal: controller.signal }).catch((error: unknown) => error);
    await waitFor(() => log.inFlightNow === 1);
    controller.abort();
    await given;

    await waitFor(() => log.inFlightNow === 0);
    expect(log.count()).toBe(1);
  });
});

async function get(url: string, ca?: string, method = 'GET'): Promise<number | undefined> {
  if (!url.startsWith('https')) {
    const response = await fetch(url, { method });
    await response.text();
    return response.status;
  }
  const request = https.request(url, { method, ca, agent: false }).end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
  if (!response.complete) throw new Error('truncated');
  return response.statusCode;
}

/** Polls a condition that is bound to come; the test's own deadline is the limit. */
async function waitFor(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(1);
}
