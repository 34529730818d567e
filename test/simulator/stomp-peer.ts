import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { text, type Bench } from './hmc-support.ts';

/** A frame of the broker. */
export interface Received {
  readonly command: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What the tests wait for at most. Only a failing test waits so long. */
const patienceMs = 20_000;

/** A client that sends whatever it is told to, and knows nothing of the broker's code. */
export class StompPeer {
  readonly #socket: Socket;
  readonly #frames: Received[] = [];
  readonly #closed: Promise<void>;
  /** Line ends between frames. */
  heartBeats = 0;
  #bytes = '';
  #barriers = 0;
  #wake: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#closed = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => this.#receive(chunk.toString('utf8')));
    void this.#closed.then(() => this.#wake());
  }

  static async connect(port: number): Promise<StompPeer> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new StompPeer(socket);
  }

  get isClosed(): boolean {
    return this.#socket.destroyed;
  }

  write(bytes: string | Buffer): void {
    this.#socket.write(bytes);
  }

  /** Stops reading, as a client that hangs. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Sends a frame with these headers. */
  send(command: string, headers: Readonly<Record<string, string>> = {}, body = ''): void {
    const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
    this.write(`${command}\n${lines.join('')}\n${body}\0`);
  }

  /** The next frame that was not taken yet; rejects if the broker closes first. */
  async next(): Promise<Received> {
    const deadline = AbortSignal.timeout(patienceMs);
    for (;;) {
      const frame = this.#frames.shift();
      if (frame !== undefined) return frame;
      if (this.isClosed) throw new Error('the broker has closed the connection');
      deadline.throwIfAborted();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        deadline.addEventListener('abort', () => resolve(), { once: true });
      });
    }
  }

  /** All frames that the broker has sent up to now. @param topics - of the session */
  async sofar({ job }: Pick<Topics, 'job'>): Promise<Received[]> {
    this.#barriers += 1;
    const receipt = `barrier-${this.#barriers}`;
    this.send('SUBSCRIBE', { id: receipt, destination: `/topic/${job}` });
    this.send('UNSUBSCRIBE', { id: receipt, receipt });
    const frames: Received[] = [];
    for (;;) {
      const frame = await this.next();
      if (frame.headers['receipt-id'] === receipt) return frames;
      frames.push(frame);
    }
  }

  /** The ERROR frame that ends the connection. */
  async failure(): Promise<string> {
    let frame = await this.next();
    while (frame.command !== 'ERROR') frame = await this.next();
    await this.closed();
    return frame.headers.message ?? '';
  }

  async closed(): Promise<void> {
    const late = sleep(patienceMs, 'late', { ref: false });
    if ((await Promise.race([this.#closed, late])) === 'late') throw new Error('the broker keeps the connection open');
  }

  end(): void {
    this.#socket.destroy();
  }

  #receive(chunk: string): void {
    this.#bytes += chunk;
    for (;;) {
      const beats = /^\n+/u.exec(this.#bytes)?.[0].length ?? 0;
      this.heartBeats += beats;
      this.#bytes = this.#bytes.slice(beats);
      const end = this.#bytes.indexOf('\0');
      if (end === -1) break;
      this.#frames.push(parse(this.#bytes.slice(0, end)));
      this.#bytes = this.#bytes.slice(end + 1);
    }
    this.#wake();
  }
}

function parse(frame: string): Received {
  const blank = frame.indexOf('\n\n');
  const [command = '', ...lines] = frame.slice(0, blank).split('\n');
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1).replaceAll(String.raw`\c`, ':')];
    }),
  );
  return { command, headers, body: frame.slice(blank + 2) };
}

const peers: StompPeer[] = [];

/** Ends all clients of the test. */
export function endPeers(): void {
  for (const peer of peers.splice(0)) peer.end();
}

/** Opens a connection to the broker. */
export async function stranger({ hmc }: Pick<Bench, 'hmc'>): Promise<StompPeer> {
  const peer = await StompPeer.connect(hmc.broker?.port ?? 0);
  peers.push(peer);
  return peer;
}

/** The topics of a session, and what its client logs on to the broker with. */
export interface Topics {
  readonly login: string;
  readonly passcode: string;
  readonly object: string;
  readonly job: string;
}

/** Opens a session of a user. */
export async function openTopics(
  { hmc, caller }: Bench,
  userid = hmc.username,
  password = hmc.password,
): Promise<Topics> {
  const { body } = await caller.logon(userid, password);
  return {
    login: text(body['api-session']),
    passcode: text(body['session-credential']),
    object: text(body['notification-topic']),
    job: text(body['job-notification-topic']),
  };
}

/** A client that is logged on. */
export async function connected(
  of: Bench,
  topics: Topics,
  more: Readonly<Record<string, string>> = {},
): Promise<StompPeer> {
  const peer = await stranger(of);
  const { login, passcode } = topics;
  peer.send('CONNECT', { 'accept-version': '1.1,1.2', host: 'hmc', login, passcode, ...more });
  const answer = await peer.next();
  if (answer.command !== 'CONNECTED') throw new Error(`not connected: ${answer.headers.message}`);
  return peer;
}

/** A client with subscriptions to the object topic (`o`) and the job topic (`j`). */
export async function subscribed(
  of: Bench,
  topics: Topics,
  more: Readonly<Record<string, string>> = {},
): Promise<StompPeer> {
  const peer = await connected(of, topics, more);
  peer.send('SUBSCRIBE', { id: 'o', destination: `/topic/${topics.object}` });
  peer.send('SUBSCRIBE', { id: 'j', destination: `/topic/${topics.job}`, receipt: 'ready' });
  await peer.next();
  return peer;
}
