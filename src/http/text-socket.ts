import { on, once } from 'node:events';
import type { WebSocket } from 'ws';
import { tlsOptionsOf } from './agents.ts';
import type { TransportError } from './errors.ts';
import { toTransportError } from './failure.ts';
import type { TransportOptions } from './transport-options.ts';

/** How long the peer may take to answer that this side closes. */
const CLOSE_MS = 2_000;
/** Between two signs of life that the peer must give, so that a dead connection ends. */
const HEARTBEAT_MS = 30_000;
/** Far above the text that a console sends at once. */
const MAX_FRAME_BYTES = 1 << 20;

/** How a connection ended: the code and text of RFC 6455. 1006 means that it broke without a word. */
export interface SocketEnd {
  readonly code: number;
  readonly reason: string;
}

/** A WebSocket that carries text in both directions. */
export interface TextSocket {
  /** Text from the peer, in pieces as they arrive, until the end of the connection. */
  readonly received: AsyncIterable<string>;
  readonly ended: Promise<SocketEnd>;
  send(text: string): void;
  close(): Promise<void>;
}

/**
 * Opens a WebSocket with the TLS options of all other requests to this peer.
 *
 * @param path - often contains a token, so it appears neither in errors nor in logs
 * @throws TransportError
 */
export async function openTextSocket(
  options: Pick<TransportOptions, 'baseUrl' | 'tls' | 'connectTimeoutMs'>,
  path: string,
  signal: AbortSignal,
): Promise<TextSocket> {
  signal.throwIfAborted();
  const { WebSocket } = await import('ws');
  const url = new URL(path, options.baseUrl);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  const socket = new WebSocket(url, {
    handshakeTimeout: options.connectTimeoutMs,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
    ...tlsOptionsOf(options.tls),
  });
  const opened = wrap(socket);
  try {
    await once(socket, 'open', { signal });
  } catch (error) {
    socket.terminate();
    signal.throwIfAborted();
    throw describeFailure(error, options.baseUrl);
  }
  keepAlive(socket);
  return opened;
}

/** Listens at once, so that nothing that follows the handshake is missed. */
function wrap(socket: WebSocket): TextSocket {
  const frames = on(socket, 'message', { close: ['close'] }) as AsyncIterable<[Buffer]>; // one buffer for each frame: the default of `ws`
  const ended = new Promise<SocketEnd>((resolve) => {
    socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() }));
  });
  socket.on('error', () => undefined); // 'close' follows
  return {
    received: textOf(frames),
    ended,
    send: (text) => socket.send(text, () => undefined),
    close: async () => {
      const timer = setTimeout(() => socket.terminate(), CLOSE_MS);
      socket.close(1000);
      await ended;
      clearTimeout(timer);
    },
  };
}

async function* textOf(frames: AsyncIterable<[Buffer]>): AsyncGenerator<string> {
  for await (const [data] of frames) yield data.toString('utf8');
}

function keepAlive(socket: WebSocket): void {
  let isAlive = true;
  socket.on('pong', () => {
    isAlive = true;
  });
  const timer = setInterval(() => {
    if (!isAlive) socket.terminate();
    isAlive = false;
    if (socket.readyState === socket.OPEN) socket.ping();
  }, HEARTBEAT_MS).unref();
  socket.once('close', () => clearInterval(timer));
}

function describeFailure(error: unknown, baseUrl: string): TransportError {
  return toTransportError(error, { host: new URL(baseUrl).host, method: 'GET', path: 'a WebSocket' });
}
