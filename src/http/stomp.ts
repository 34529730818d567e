import { once } from 'node:events';
import { connect as connectPlain, isIP } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Client, IFrame, IMessage, IStompSocket, StompHeaders } from '@stomp/stompjs';
import { whileWanted, withDeadline } from '../base/index.ts';
import type { Secret, Waiting } from '../base/index.ts';
import { tlsOptionsOf } from './agents.ts';
import { TransportError } from './errors.ts';
import { toTransportError } from './failure.ts';
import type { TlsOptions } from './transport-options.ts';

/** Far above the size of any message that this program reads. */
const MAX_FRAME_BYTES = 1 << 20;

/** The states of a socket, in the numbers of the library. */
const [OPEN, CLOSED] = [1, 3];

export interface StompOptions {
  /** Host name or IP address. */
  readonly host: string;
  readonly port: number;
  /** Undefined for plain TCP. */
  readonly tls: TlsOptions | undefined;
  /** Deadline for socket, TLS and the answer to CONNECT, and for each answer to SUBSCRIBE. */
  readonly connectTimeoutMs: number;
  /** Interval of heart-beats in both directions. The connection ends when the peer is silent for two intervals. */
  readonly heartbeatMs: number;
  readonly login: Secret;
  readonly passcode: Secret;
}

export interface StompMessage {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A connection to a message broker. */
export interface StompConnection {
  /** Subscribes to a topic. Returns when the broker has confirmed it. @throws TransportError */
  subscribe(destination: string, onMessage: (message: StompMessage) => void, w: Waiting): Promise<void>;
  /** Returns why the connection ended. Never rejects. */
  readonly ended: Promise<TransportError>;
  /** Says goodbye, and does not wait for the answer. */
  close(): void;
}

/**
 * Connects to a message broker by STOMP 1.2 or 1.1, with the TLS policy of all other requests to this peer. The protocol
 * itself is the library's: `@stomp/stompjs`.
 *
 * @throws TransportError in phase `connect` or `tls` if the broker was not reached, `receive` if it refused the connection
 */
export async function openStomp(options: StompOptions, w: Waiting): Promise<StompConnection> {
  const what = `connect to the message port ${options.port} of ${options.host}`;
  return await withDeadline(what, options.connectTimeoutMs, w.signal, async (signal) => {
    const socket = await openSocket(options, signal);
    try {
      const connection = await connectBroker(socket, options, signal);
      socket.unref(); // the program may end without the broker's consent
      return connection;
    } catch (error) {
      socket.destroy();
      throw error;
    }
  });
}

async function openSocket({ host, port, tls }: StompOptions, signal: AbortSignal): Promise<Socket> {
  const server = isIP(host) === 0 ? { servername: host } : {};
  const socket =
    tls === undefined ? connectPlain({ host, port }) : connectTls({ host, port, ...server, ...tlsOptionsOf(tls) });
  socket.setNoDelay(true);
  socket.on('error', () => undefined); // a reset before the library listens: `connectBroker` sees it
  try {
    await once(socket, tls === undefined ? 'connect' : 'secureConnect', { signal });
    return socket;
  } catch (error) {
    socket.destroy();
    signal.throwIfAborted();
    const { phase, reason } = toTransportError(error, placeOf({ host, port }));
    // Nothing was sent. A connection that breaks within the handshake counts as a failure of TLS.
    const broke = phase === 'connect' || phase === 'tls' ? phase : 'tls';
    throw new TransportError(broke, false, reason, placeOf({ host, port }), error);
  }
}

async function connectBroker(socket: Socket, options: StompOptions, signal: AbortSignal): Promise<StompConnection> {
  const { Client, StompHeaders } = await import('@stomp/stompjs');
  if (socket.destroyed) throw new TransportError('receive', true, 'the broker closed the connection', placeOf(options));
  const limit = { bytes: 0 };
  const headers = { host: options.host, login: options.login.reveal(), passcode: options.passcode.reveal() };
  const client = Object.assign(new Client(), {
    webSocketFactory: () => asStompSocket(socket, limit),
    connectHeaders: Object.assign(new StompHeaders(), headers),
    reconnectDelay: 0, // the caller reconnects, perhaps to another HMC
    heartbeatIncoming: options.heartbeatMs,
    heartbeatOutgoing: options.heartbeatMs,
    discardWebsocketOnCommFailure: true,
  });
  const ended = endOf(client, socket, options);
  const connected = new Promise<void>((resolve) => {
    client.onConnect = () => resolve();
  });
  client.activate();
  const giveUp = () => socket.destroy();
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    await Promise.race([connected, rejected(ended)]);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
  return {
    ended,
    subscribe: async (destination, onMessage, w) => {
      const headers = Object.assign(new StompHeaders(), { receipt: `subscribed ${destination}`, ack: 'auto' });
      const confirmed = subscribe(client, destination, headers, (message) => {
        limit.bytes = 0;
        onMessage(message);
      });
      const answered = Promise.race([confirmed, rejected(ended)]);
      const work = async (inner: AbortSignal) => await whileWanted(answered, inner);
      await withDeadline(`subscribe to ${destination}`, options.connectTimeoutMs, w.signal, work);
    },
    close: () => {
      void client.deactivate();
      socket.end();
    },
  };
}

/** Returns why the connection ended, once it has ended. */
async function endOf(client: Client, socket: Socket, options: StompOptions): Promise<TransportError> {
  let reason: string | undefined;
  client.onHeartbeatLost = () => {
    reason ??= `the broker was silent for ${(2 * options.heartbeatMs) / 1000} s`;
  };
  client.onStompError = (frame) => {
    reason ??= describeRefusal(frame, options);
    socket.destroy();
  };
  return await new Promise((resolve) => {
    client.onWebSocketClose = (failure: unknown) => {
      reason ??= failure instanceof Error ? failure.message : 'the broker closed the connection';
      resolve(new TransportError('receive', true, reason, placeOf(options)));
    };
  });
}

async function subscribe(
  client: Client,
  destination: string,
  headers: StompHeaders,
  onMessage: (message: StompMessage) => void,
): Promise<void> {
  if (!client.connected) {
    await new Promise(() => undefined);
    return;
  } // the caller learns from `ended`
  await new Promise<void>((resolve) => {
    client.watchForReceipt(headers.receipt ?? '', () => resolve());
    client.subscribe(destination, ({ headers: of, body }: IMessage) => onMessage({ headers: of, body }), headers);
  });
}

async function rejected(ended: Promise<TransportError>): Promise<never> {
  throw await ended;
}

/** Returns the broker's words without the credentials: brokers quote the login. */
function describeRefusal({ headers }: IFrame, { login, passcode }: StompOptions): string {
  const said = [login, passcode].reduce(
    (text, secret) => text.replaceAll(secret.reveal(), '********'),
    headers.message ?? '',
  );
  return `the broker refused it${said === '' ? '' : ` ("${said.slice(0, 200)}")`}`;
}

/** Gives the library a connected socket in the form of a WebSocket. `limit` counts the bytes since the last message. */
function asStompSocket(socket: Socket, limit: { bytes: number }): IStompSocket {
  let failure: Error | undefined;
  const wrapped: IStompSocket = {
    url: '',
    onopen: undefined,
    onmessage: undefined,
    onerror: undefined,
    onclose: undefined,
    get readyState() {
      return socket.destroyed ? CLOSED : OPEN;
    },
    send: (data) => {
      socket.write(data as string | Uint8Array); // the library sends nothing else
    },
    close: () => socket.end(),
    terminate: () => socket.destroy(),
  };
  socket.on('data', (data: Buffer) => {
    limit.bytes = data.length > 2 ? limit.bytes + data.length : limit.bytes; // a heart-beat has one or two bytes
    if (limit.bytes > MAX_FRAME_BYTES) socket.destroy(new Error(`a message is longer than ${MAX_FRAME_BYTES} bytes`));
    else wrapped.onmessage?.({ data });
  });
  socket.on('error', (error) => {
    failure = error;
  });
  socket.once('close', () => {
    wrapped.onclose?.(failure);
  });
  return wrapped;
}

function placeOf({ host, port }: Pick<StompOptions, 'host' | 'port'>) {
  return { host: `${host}:${port}`, method: 'STOMP', path: 'connection' };
}
