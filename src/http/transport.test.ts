import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { describeError, TimeoutError } from '../base/index.ts';
import { closeNewest, failureOf, get, serve, transportTo } from '../../test/support/transport-peers.ts';

/** Resolves once the server has received this many requests, so that a test does not have to sleep. */
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

test('any HTTP status is a response, not an error', async () => {
  const url = await serve((_request, response) => response.writeHead(503, { 'X-Two': ['a', 'b'] }).end('later'));
  using transport = transportTo(url);

  const answer = await transport.request(get());

  expect(answer).toMatchObject({ status: 503, text: 'later', headers: { 'x-two': 'a, b' } });
});

test('a redirect is a response and is not followed', async () => {
  let requests = 0;
  const url = await serve((_request, response) => {
    requests += 1;
    response.writeHead(302, { Location: '/elsewhere' }).end();
  });
  using transport = transportTo(url);

  expect(await transport.request(get())).toMatchObject({ status: 302, headers: { location: '/elsewhere' } });
  expect(requests).toBe(1);
});

test('a refused connection fails in the phase connect, with nothing sent', async () => {
  const url = await serve(() => undefined);
  await closeNewest();
  using transport = transportTo(url);

  const failure = await failureOf(transport.request(get()));

  expect(failure).toMatchObject({ phase: 'connect', sent: false, reason: 'connection refused' });
});

test('an idle connection is closed before the peer closes it, and a slow response is not cut off', async () => {
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

test('a reset connection counts as sent: the peer may have received the request', async () => {
  const url = await serve((request) => request.socket.destroy());
  using transport = transportTo(url);

  expect(await failureOf(transport.request(get()))).toMatchObject({ sent: true });
});

test('a response that is cut off fails in the phase receive', async () => {
  const url = await serve((request, response) => {
    response.writeHead(200, { 'Content-Length': '100' }).write('short', () => request.socket.destroy());
  });
  using transport = transportTo(url);

  expect(await failureOf(transport.request(get()))).toMatchObject({ phase: 'receive', sent: true });
});

test('the error about a response beyond the size limit says so', async () => {
  const url = await serve((_request, response) => response.end('x'.repeat(20_000)));
  using transport = transportTo(url);

  const failure = await failureOf(transport.request(get()));

  expect(failure).toMatchObject({ phase: 'receive', sent: true });
  expect(failure.reason).toContain('10000');
});

test('a silent peer fails at the request deadline, with a TimeoutError as the cause', async () => {
  const url = await serve(() => undefined);
  using transport = transportTo(url, { requestTimeoutMs: 40 });

  const failure = await failureOf(transport.request(get()));

  expect(failure.sent).toBe(true);
  expect(failure.cause).toBeInstanceOf(TimeoutError);
  expect(failure.reason).toContain('0.04 s');
});

test("an aborted request throws the reason of the caller's signal", async () => {
  const arrived = gate();
  const url = await serve(() => arrived.arrive());
  using transport = transportTo(url);
  const caller = new AbortController();
  const reason = new Error('enough');

  const request = transport.request(get(caller.signal));
  await Promise.all([arrived.until(1).then(() => caller.abort(reason)), expect(request).rejects.toBe(reason)]);
});

test('an abort removes a waiting request from the queue', async () => {
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

test('never more requests are in flight than the limit, and all are answered', async () => {
  const held: ServerResponse[] = [];
  const counts = { arrived: 0, most: 0 };
  const url = await serve((_request, response) => {
    counts.arrived += 1;
    counts.most = Math.max(counts.most, held.push(response));
    // Holds all requests until three are in flight. Requests 19 and 20 are the last, so they are answered at once.
    if (held.length >= 3 || counts.arrived >= 19) setImmediate(() => held.splice(0).forEach((it) => it.end('ok')));
  });
  using transport = transportTo(url, { maxConcurrent: 3, maxQueued: 100 });

  const answers = await Promise.all(Array.from({ length: 20 }, async () => await transport.request(get())));

  expect(answers.every(({ text }) => text === 'ok')).toBe(true);
  expect(counts.most).toBe(3);
});

test('a request is refused at once when the queue is full, with nothing sent', async () => {
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

test('a request that waits too long is refused, with nothing sent, and frees its place in the queue', async () => {
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

test('a request is sent on a new connection when the peer has closed the idle one', async () => {
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

test('two requests in sequence use one connection', async () => {
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

test('proxies from the environment are not used', async () => {
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

test('neither the error nor its causes contain the data of the request', async () => {
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
