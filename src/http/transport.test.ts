import { createServer } from 'node:http';
import type { RequestListener, Server, ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo, Server as TcpServer, Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { describeError, InternalError, neverAborted, silentLogger, TimeoutError } from '../base/index.ts';
import { CertificateAuthority } from '../simulator/server/index.ts';
import type { CertificateFlaw } from '../simulator/server/index.ts';
import { HttpTransport, TransportError } from './index.ts';
import type { TransportOptions } from './index.ts';

const open: TcpServer[] = [];
const sockets = new Set<Socket>();

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  for (const server of open.splice(0)) await new Promise((resolve) => server.close(resolve));
});

async function listen(server: Server | TcpServer, scheme = 'http'): Promise<string> {
  open.push(server);
  server.on('connection', (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  return `${scheme}://127.0.0.1:${port}`;
}

async function serve(listener: RequestListener): Promise<string> {
  return await listen(createServer(listener));
}

function transportTo(baseUrl: string, options: Partial<TransportOptions> = {}): HttpTransport {
  return new HttpTransport({
    baseUrl,
    connectTimeoutMs: 5_000,
    requestTimeoutMs: 5_000,
    maxConcurrent: 4,
    maxQueued: 10,
    maxResponseBytes: 10_000,
    log: silentLogger,
    ...options,
  });
}

const get = (signal = neverAborted()) => ({ method: 'GET', path: '/x', signal }) as const;

async function failureOf(work: Promise<unknown>): Promise<TransportError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof TransportError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

/** Resolves once the server has this many requests, so that a test never has to sleep. */
function gate() {
  let waiting: (() => void)[] = [];
  let arrived = 0;
  return {
    arrive: () => {
      arrived += 1;
      for (const wake of waiting.splice(0)) wake();
    },
    until: async (count: number) => {
      while (arrived < count) await new Promise<void>((resolve) => (waiting = [...waiting, resolve]));
    },
  };
}

test('any status is an answer, not an error', async () => {
  const url = await serve((_request, response) => response.writeHead(503, { 'X-Two': ['a', 'b'] }).end('later'));
  using transport = transportTo(url);

  const answer = await transport.request(get());

  expect(answer).toMatchObject({ status: 503, text: 'later', headers: { 'x-two': 'a, b' } });
});

test('a redirect is an answer and is not followed', async () => {
  let requests = 0;
  const url = await serve((_request, response) => {
    requests += 1;
    response.writeHead(302, { Location: '/elsewhere' }).end();
  });
  using transport = transportTo(url);

  expect(await transport.request(get())).toMatchObject({ status: 302, headers: { location: '/elsewhere' } });
  expect(requests).toBe(1);
});

test('a refused connection failed while connecting, with nothing sent', async () => {
  const url = await serve(() => undefined);
  const server = open.pop();
  await new Promise((resolve) => server?.close(resolve));
  using transport = transportTo(url);

  const failure = await failureOf(transport.request(get()));

  expect(failure).toMatchObject({ phase: 'connect', sent: false, reason: 'connection refused' });
});

test('a peer that takes the connection and never agrees on TLS fails by the connect deadline, with nothing sent', async () => {
  const url = await listen(createTcpServer(), 'https');
  using transport = transportTo(url, { connectTimeoutMs: 30 });

  const failure = await failureOf(transport.request(get()));

  expect(failure).toMatchObject({ phase: 'connect', sent: false });
  expect(failure.reason).toContain('no connection within 0.03 s');
});

test('a connection that breaks before TLS is agreed on failed while connecting, with nothing sent', async () => {
  const url = await listen(
    createTcpServer((socket) => socket.destroy()),
    'https',
  );
  using transport = transportTo(url);

  expect(await failureOf(transport.request(get()))).toMatchObject({ phase: 'connect', sent: false });
});

test('a connection that nobody uses is closed before the peer does, and a slow answer is not cut off by that', async () => {
  const closed = gate();
  const url = await serve((request, response) => {
    request.socket.once('close', () => closed.arrive());
    setTimeout(() => response.end('slow'), 60);
  });
  using transport = transportTo(url, { idleTimeoutMs: 20 });

  const answer = await transport.request(get());
  await closed.until(1);

  expect(answer.text).toBe('slow');
});

test('a connection that is reset after the request may have been heard', async () => {
  const url = await serve((request) => request.socket.destroy());
  using transport = transportTo(url);

  expect(await failureOf(transport.request(get()))).toMatchObject({ sent: true });
});

test('an answer that is cut off is a failure while receiving', async () => {
  const url = await serve((request, response) => {
    response.writeHead(200, { 'Content-Length': '100' }).write('short', () => request.socket.destroy());
  });
  using transport = transportTo(url);

  expect(await failureOf(transport.request(get()))).toMatchObject({ phase: 'receive', sent: true });
});

test('an answer beyond the size limit is refused, and says so', async () => {
  const url = await serve((_request, response) => response.end('x'.repeat(20_000)));
  using transport = transportTo(url);

  const failure = await failureOf(transport.request(get()));

  expect(failure).toMatchObject({ phase: 'receive', sent: true });
  expect(failure.reason).toContain('10000');
});

test('a silent peer fails by the request deadline, with the timeout as the cause', async () => {
  const url = await serve(() => undefined);
  using transport = transportTo(url, { requestTimeoutMs: 40 });

  const failure = await failureOf(transport.request(get()));

  expect(failure.sent).toBe(true);
  expect(failure.cause).toBeInstanceOf(TimeoutError);
  expect(failure.reason).toContain('0.04 s');
});

test("the caller's abort ends a request with the caller's own reason", async () => {
  const arrived = gate();
  const url = await serve(() => arrived.arrive());
  using transport = transportTo(url);
  const caller = new AbortController();
  const reason = new Error('enough');

  const request = transport.request(get(caller.signal));
  await Promise.all([arrived.until(1).then(() => caller.abort(reason)), expect(request).rejects.toBe(reason)]);
});

test('an abort frees a request that still waits in the queue', async () => {
  const arrived = gate();
  const url = await serve(() => arrived.arrive());
  using transport = transportTo(url, { maxConcurrent: 1 });
  const holder = new AbortController();
  const waiter = new AbortController();
  const holding = transport.request(get(holder.signal));
  const waiting = transport.request(get(waiter.signal));

  await arrived.until(1);
  waiter.abort(new Error('not any more'));
  await expect(waiting).rejects.toThrow('not any more');

  holder.abort(new Error('done'));
  await expect(holding).rejects.toThrow('done');
});

test('as many requests are in flight as allowed and no more, and all are answered', async () => {
  const held: ServerResponse[] = [];
  const counts = { arrived: 0, most: 0 };
  const url = await serve((_request, response) => {
    counts.arrived += 1;
    counts.most = Math.max(counts.most, held.push(response));
    // Answers only when the allowed number is there, or no more can come.
    if (held.length >= 3 || counts.arrived >= 19) setImmediate(() => held.splice(0).forEach((it) => it.end('ok')));
  });
  using transport = transportTo(url, { maxConcurrent: 3, maxQueued: 100 });

  const answers = await Promise.all(Array.from({ length: 20 }, async () => await transport.request(get())));

  expect(answers.every(({ text }) => text === 'ok')).toBe(true);
  expect(counts.most).toBe(3);
});

test('beyond the bound of the queue a request is refused at once, with nothing sent', async () => {
  const arrived = gate();
  const url = await serve(() => arrived.arrive());
  using transport = transportTo(url, { maxConcurrent: 1, maxQueued: 1 });
  const caller = new AbortController();
  const held = [transport.request(get(caller.signal)), transport.request(get(caller.signal))];
  await arrived.until(1);

  const failure = await failureOf(transport.request(get()));
  caller.abort(new Error('done'));

  expect(failure).toMatchObject({ phase: 'queue', sent: false });
  expect(await Promise.allSettled(held)).toHaveLength(2);
});

test('a request whose turn does not come in time is refused, with nothing sent, and the place is free for another', async () => {
  const arrived = gate();
  const url = await serve(() => arrived.arrive());
  using transport = transportTo(url, { maxConcurrent: 1, maxQueued: 1, queueTimeoutMs: 5 });
  const caller = new AbortController();
  const held = transport.request(get(caller.signal));
  await arrived.until(1);

  const failures = [await failureOf(transport.request(get())), await failureOf(transport.request(get()))];
  caller.abort(new Error('done'));

  const late = { phase: 'queue', sent: false, reason: expect.stringMatching(/no turn within 0.005 s/) as string };
  expect(failures).toMatchObject([late, late]);
  await expect(held).rejects.toThrow('done');
});

test('a request on a connection that the peer has closed meanwhile is sent on a new one', async () => {
  const closed = gate();
  const url = await serve((request, response) => {
    request.socket.once('close', () => closed.arrive());
    response.end('ok', () => request.socket.end());
  });
  using transport = transportTo(url);

  await transport.request(get());
  await closed.until(1);

  expect(await transport.request(get())).toMatchObject({ status: 200 });
});

test('connections are kept: two requests one after the other use one', async () => {
  const ports = new Set<number | undefined>();
  const url = await serve((request, response) => {
    ports.add(request.socket.remotePort);
    response.end('ok');
  });
  using transport = transportTo(url);

  await transport.request(get());
  await transport.request(get());

  expect(ports.size).toBe(1);
});

test('a proxy of the environment is not used', async () => {
  const url = await serve((request, response) => response.end(request.url));
  const before = process.env.http_proxy;
  process.env.http_proxy = 'http://127.0.0.1:1';
  try {
    using transport = transportTo(url);
    expect(await transport.request(get())).toMatchObject({ text: '/x' });
  } finally {
    if (before === undefined) delete process.env.http_proxy;
    else process.env.http_proxy = before;
  }
});

test('what was sent is not in the error, nor in any cause of it', async () => {
  const url = await serve((request) => request.socket.destroy());
  using transport = transportTo(url);
  const headers = { 'X-API-Session': 'sentinel-token' };
  const body = { password: 'sentinel-password' };

  const failure = await failureOf(transport.request({ ...get(), method: 'POST', headers, body }));

  const shown = [describeError(failure), JSON.stringify(failure), String(failure.stack), JSON.stringify(failure.cause)];
  expect(shown.join(' ')).not.toContain('sentinel');
});

test('idle connections are closed when the transport is disposed of', async () => {
  const ended = gate();
  const url = await serve((request, response) => {
    request.socket.once('close', () => ended.arrive());
    response.end('ok');
  });
  const transport = transportTo(url);
  await transport.request(get());

  transport[Symbol.dispose]();

  await expect(ended.until(1)).resolves.toBeUndefined();
});

test('a plain HTTP peer on the TLS port is a TLS failure that says so', async () => {
  const url = await serve((_request, response) => response.end('ok'));
  using transport = transportTo(url.replace('http:', 'https:'));

  const failure = await failureOf(transport.request(get()));

  expect(failure).toMatchObject({ phase: 'tls', sent: false });
  expect(failure.reason).toContain('TLS');
});

const authority = new CertificateAuthority();

async function serveTls(flaw: CertificateFlaw): Promise<string> {
  const { cert, key } = authority.issue(flaw);
  return await listen(
    createTlsServer({ cert, key }, (_request, response) => response.end('ok')),
    'https',
  );
}

test('a certificate of the authority that is given is accepted', async () => {
  using transport = transportTo(await serveTls('none'), { tls: { ca: authority.pem } });

  expect(await transport.request(get())).toMatchObject({ status: 200, text: 'ok' });
});

test.each([
  ['expired', 'has expired'],
  ['wrong-host', 'is for another host name'],
  ['self-signed', 'is self-signed'],
] as const)('a certificate that is %s is refused before anything is sent, with advice', async (flaw, advice) => {
  using transport = transportTo(await serveTls(flaw), { tls: { ca: authority.pem } });

  const failure = await failureOf(transport.request(get()));

  expect(failure).toMatchObject({ phase: 'tls', sent: false });
  expect(failure.reason).toContain(advice);
});

test('a certificate of an unknown authority is refused, with advice to give that authority', async () => {
  using transport = transportTo(await serveTls('none'));

  const failure = await failureOf(transport.request(get()));

  expect(failure).toMatchObject({ phase: 'tls', sent: false });
  expect(failure.reason).toContain('give that CA as the CA file');
});

test.each(['expired', 'wrong-host', 'self-signed'] as const)(
  'a certificate that is %s is accepted when a person asked for it',
  async (flaw) => {
    using transport = transportTo(await serveTls(flaw), { tls: { insecure: true } });

    expect(await transport.request(get())).toMatchObject({ status: 200 });
  },
);

test.each([
  'http://other.example.com/x',
  'https://other.example.com',
  '//other.example.com/x',
  'x',
  '',
  '/a b',
  '/a/../b',
  '/a/..',
  '/a/.?b=c',
  '/a/%2e%2E/b',
  '/a\r\nX: y',
])('sends nothing to the path %j: it may lead to another peer', async (path) => {
  let requests = 0;
  const url = await serve((_request, response) => {
    requests += 1;
    response.end();
  });
  using transport = transportTo(url);

  const ended = transport.request({ ...get(), path, headers: { 'X-API-Session': 'secret' } });

  await expect(ended).rejects.toBeInstanceOf(InternalError);
  expect(requests).toBe(0);
});
