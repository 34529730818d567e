import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo, Server as TcpServer, Socket } from 'node:net';
import { afterEach } from 'vitest';
import { neverAborted, silentLogger } from '../../src/base/index.ts';
import { HttpTransport, TransportError } from '../../src/http/index.ts';
import type { TransportOptions } from '../../src/http/index.ts';

const open: TcpServer[] = [];
const sockets = new Set<Socket>();

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  for (const server of open.splice(0)) await new Promise((resolve) => server.close(resolve));
});

/** A server on loopback, closed after the test. */
export async function listen(server: Server | TcpServer, scheme = 'http'): Promise<string> {
  open.push(server);
  server.on('connection', (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  return `${scheme}://127.0.0.1:${port}`;
}

/** An HTTP server on loopback. */
export async function serve(listener: RequestListener): Promise<string> {
  return await listen(createServer(listener));
}

/** The server that was opened last is gone: nobody listens there any more. */
export async function closeNewest(): Promise<void> {
  const server = open.pop();
  await new Promise((resolve) => server?.close(resolve));
}

/** A transport with limits that a test reaches. */
export function transportTo(baseUrl: string, options: Partial<TransportOptions> = {}): HttpTransport {
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

export const get = (signal = neverAborted()) => ({ method: 'GET', path: '/x', signal }) as const;

export async function failureOf(work: Promise<unknown>): Promise<TransportError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof TransportError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}
