import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { describeError, TimeoutError } from '../base/index.ts';
import { closeNewest, failureOf, get, serve, transportTo } from '../../test/support/transport-peers.ts';

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
  await closeNewest();
  using transport = transportTo(url);

  const failure = await failureOf(transport.request(get()));

  expect(failure).toMatchObject({ phase: 'connect', sent: false, reason: 'connection refused' });
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
