import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { InterruptedError, neverAborted } from '../base/index.ts';
import { temporaryFiles } from '../../test/support/packages.ts';
import { ServiceEvents } from './service-events.ts';

const signal = neverAborted();
/** So long that a test would time out if it polled. */
const never = 3_600_000;

/** A service that tells of changes on a Unix socket. */
async function startPeer(path: string) {
  const streams = new Set<ServerResponse>();
  let onConnect = (): void => undefined;
  const server = createServer((request, response) => {
    expect(request.url).toBe('/v1/events');
    response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write(':\n\n');
    streams.add(response);
    onConnect();
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    send: (text: string) => {
      for (const stream of streams) stream.write(text);
    },
    connected: () =>
      new Promise<void>((resolve) => {
        onConnect = resolve;
        if (streams.size > 0) resolve();
      }),
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

test('an event of the service ends the pause; a comment does not', async () => {
  using directory = temporaryFiles();
  const path = join(directory.path, 's');
  await using peer = await startPeer(path);
  using events = new ServiceEvents(() => path, { pollMs: never, slowPollMs: never, minMs: 1 });
  await events.next(signal); // connected: something may have changed before

  let isOver = false;
  const next = events.next(signal).then(() => (isOver = true));
  peer.send(':\n\n');
  peer.send('id: a-1\ndata: {}\n\n');
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(isOver).toBe(false);
  peer.send('id: a-2\nevent: lifecycle\ndata: {}\n\n');
  await next;
});

test('an event between two pauses is not lost', async () => {
  using directory = temporaryFiles();
  const path = join(directory.path, 's');
  await using peer = await startPeer(path);
  using events = new ServiceEvents(() => path, { pollMs: never, slowPollMs: never, minMs: 1 });
  await events.next(signal);
  const next = events.next(signal);
  peer.send('event: lifecycle\ndata: {}\n\nevent: resync\ndata: {}\n\n');
  await next;
  peer.send('event: lifecycle\ndata: {}\n\n');
  await new Promise((resolve) => setTimeout(resolve, 20));

  await events.next(signal);
});

test('without a service it polls, and connects once there is one', async () => {
  using directory = temporaryFiles();
  const path = join(directory.path, 's');
  const found: { socket?: string } = {};
  using events = new ServiceEvents(() => found.socket, { pollMs: 5, slowPollMs: never, minMs: 1 });
  await events.next(signal);
  found.socket = path; // nobody listens there
  await events.next(signal);
  await events.next(signal);

  await using peer = await startPeer(path);
  const connected = peer.connected();
  await events.next(signal);
  await connected;
});

test('the end of the service ends the pause, after which it polls', async () => {
  using directory = temporaryFiles();
  const path = join(directory.path, 's');
  const peer = await startPeer(path);
  using events = new ServiceEvents(() => path, { pollMs: 5, slowPollMs: never, minMs: 1 });
  await events.next(signal);
  const next = events.next(signal);
  await peer[Symbol.asyncDispose]();
  await next;

  await events.next(signal);
});

test('an interruption ends the pause', async () => {
  const end = new AbortController();
  using events = new ServiceEvents(() => undefined, { pollMs: never, slowPollMs: never, minMs: 1 });
  const next = events.next(end.signal);
  end.abort(new InterruptedError('interrupted by SIGINT'));

  await expect(next).rejects.toThrow('interrupted by SIGINT');
});
