import type { Socket } from 'node:net';

import { encodeFrame, FrameReader, StompError, versions, type Frame, type Version } from './frames.ts';
import { HeartBeats } from './heart-beats.ts';
import { OutQueue } from './out-queue.ts';

/** A client has to send its first frame within this time (ActiveMQ's `connectAttemptTimeout`). */
const connectTimeoutMs = 30_000;

const ackModes = ['auto', 'client', 'client-individual'] as const;

/** One subscription of a client. */
export interface Subscription {
  readonly id: string;
  readonly topic: string;
  readonly ack: (typeof ackModes)[number];
}

/** A message for a topic: the properties of a JMS message are the headers of the MESSAGE frame. */
export interface Message {
  readonly headers: Readonly<Record<string, string>>;
  /** `null`: the message has no body. */
  readonly body: string | null;
}

/** What may happen to a frame instead of its normal treatment. */
export type Treatment = 'normal' | 'cut' | { readonly refuse: string } | { readonly delayMs: number };

/** What a connection asks the broker. */
export interface ConnectionHost {
  /** @throws StompError when login or passcode are wrong */
  readonly logOn: (connection: StompConnection, login: string, passcode: string) => void;
  /** @throws StompError when the client may not subscribe to the topic */
  readonly allow: (connection: StompConnection, topic: string) => void;
  /** Called when the client has the subscription. */
  readonly subscribed: (connection: StompConnection, subscription: Subscription) => void;
  readonly treatmentOf: (command: 'CONNECT' | 'SUBSCRIBE', destination: string) => Treatment;
  readonly closed: (connection: StompConnection, why: 'slow' | undefined) => void;
  readonly queueBytes: number;
}

/**
 * One client of the broker. Any violation of the protocol gets an ERROR frame, after which the broker closes the
 * connection. Sources: STOMP 1.1 and 1.2 (stomp.github.io); python-zhmcclient _notification.py for what clients of an HMC
 * send. The header `host` of CONNECT is not demanded: stomp.py, with which python-zhmcclient works on real HMCs, sends none.
 * STOMP 1.0 and transactions, which ActiveMQ has, are refused: no client of an HMC needs them.
 */
export class StompConnection {
  readonly #socket: Socket;
  readonly #host: ConnectionHost;
  readonly #reader = new FrameReader();
  readonly #out: OutQueue;
  readonly #subscriptions = new Map<string, Subscription>();
  /** Messages that the client has to acknowledge, with their subscription, in the order of their delivery. */
  readonly #unacknowledged = new Map<string, string>();
  #beats: HeartBeats | undefined;
  #version: Version | undefined;
  #state: 'new' | 'connected' | 'closed' = 'new';
  /** Frames wait while one is delayed. */
  #isPaused = false;
  #timer: NodeJS.Timeout;

  constructor(socket: Socket, host: ConnectionHost) {
    this.#socket = socket;
    this.#host = host;
    this.#out = new OutQueue(socket, host.queueBytes, () => this.#end('slow'));
    this.#timer = setTimeout(() => this.fail('there was no CONNECT frame in time'), connectTimeoutMs);
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', () => this.cut());
    socket.on('close', () => this.#end());
  }

  get isConnected(): boolean {
    return this.#state === 'connected';
  }

  get subscriptions(): readonly Subscription[] {
    return [...this.#subscriptions.values()];
  }

  /** Sends a message. The client has to acknowledge it if the subscription says so. */
  deliver(subscription: Subscription, messageId: string, message: Message, delayMs = 0): void {
    const isAcknowledged = subscription.ack !== 'auto';
    if (isAcknowledged) this.#unacknowledged.set(messageId, subscription.id);
    const headers = {
      destination: destinationOf(subscription.topic),
      subscription: subscription.id,
      'message-id': messageId,
      ...(isAcknowledged && this.#version === '1.2' ? { ack: messageId } : {}),
      ...message.headers,
    };
    this.#send('MESSAGE', headers, message.body, delayMs);
  }

  /** Sends half of a message and resets the connection. */
  deliverHalf(subscription: Subscription, messageId: string, { headers, body }: Message): void {
    const all = { destination: destinationOf(subscription.topic), subscription: subscription.id, ...headers };
    const bytes = encodeFrame('MESSAGE', { ...all, 'message-id': messageId }, body, this.#version ?? '1.1');
    this.#socket.write(bytes.subarray(0, Math.ceil(bytes.length / 2)), () => this.cut());
  }

  /** Sends an ERROR frame and closes the connection. */
  fail(message: string, receipt?: string): void {
    if (this.#state === 'closed') return;
    const headers = {
      message,
      'content-type': 'text/plain',
      ...(receipt === undefined ? {} : { 'receipt-id': receipt }),
    };
    this.#end();
    this.#socket.end(encodeFrame('ERROR', headers, `${message}\n`, this.#version ?? '1.1'));
  }

  /** Resets the connection. */
  cut(): void {
    this.#end();
    this.#socket.destroy();
  }

  #end(why?: 'slow'): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    clearTimeout(this.#timer);
    this.#beats?.stop();
    this.#out.close();
    if (why === 'slow') this.#socket.destroy();
    this.#host.closed(this, why);
  }

  #receive(chunk: Buffer): void {
    if (this.#state === 'closed') return;
    this.#beats?.received();
    this.#reader.push(chunk);
    this.#serve();
  }

  #serve(): void {
    while (this.#state !== 'closed' && !this.#isPaused) {
      let frame: Frame | undefined;
      try {
        frame = this.#reader.next();
        if (frame === undefined) return;
        this.#take(frame);
      } catch (error) {
        if (!(error instanceof StompError)) throw error;
        this.fail(error.message, frame?.headers.get('receipt'));
      }
    }
  }

  #take(frame: Frame): void {
    if (frame.body.length > 0 && frame.command !== 'SEND') {
      throw new StompError(`a ${quoted(frame.command)} frame has no body`);
    }
    const treatment = this.#treatmentOf(frame);
    if (treatment === 'cut') this.cut();
    else if (treatment === 'normal') this.#act(frame);
    else if ('refuse' in treatment) throw new StompError(treatment.refuse);
    else this.#actLater(frame, treatment.delayMs);
  }

  #treatmentOf({ command, headers }: Frame): Treatment {
    if (command === 'CONNECT' || command === 'STOMP') return this.#host.treatmentOf('CONNECT', '');
    if (command === 'SUBSCRIBE') return this.#host.treatmentOf('SUBSCRIBE', headers.get('destination') ?? '');
    return 'normal';
  }

  #actLater(frame: Frame, delayMs: number): void {
    this.#isPaused = true;
    setTimeout(() => {
      this.#isPaused = false;
      if (this.#state === 'closed') return;
      try {
        this.#act(frame);
      } catch (error) {
        if (!(error instanceof StompError)) throw error;
        this.fail(error.message, frame.headers.get('receipt'));
      }
      this.#serve();
    }, delayMs);
  }

  #act(frame: Frame): void {
    const { command } = frame;
    if (command === 'CONNECT' || command === 'STOMP') {
      this.#connect(frame);
      return;
    }
    if (this.#state === 'new') throw new StompError(`the first frame is ${quoted(command)}, not CONNECT`);
    if (command === 'SUBSCRIBE') this.#subscribe(frame);
    else if (command === 'UNSUBSCRIBE') this.#unsubscribe(frame);
    else if (command === 'ACK' || command === 'NACK') this.#acknowledge(frame);
    else if (command !== 'DISCONNECT') throw new StompError(refusalOf(command));
    this.#confirm(frame);
    if (command === 'DISCONNECT') this.#disconnect();
  }

  #connect(frame: Frame): void {
    if (this.#state !== 'new') throw new StompError('the client is connected already');
    if (frame.headers.has('receipt')) throw new StompError('a CONNECT frame cannot ask for a receipt');
    const version = negotiate(frame.headers.get('accept-version'));
    const beats = HeartBeats.negotiate(frame.headers.get('heart-beat'));
    const [login, passcode] = [required(frame, 'login'), required(frame, 'passcode')];
    this.#version = version;
    this.#reader.version = version;
    this.#host.logOn(this, login, passcode);
    this.#state = 'connected';
    clearTimeout(this.#timer);
    this.#send('CONNECTED', { version, 'heart-beat': beats.answer, server: 'ActiveMQ', session: 'ID:hmc' }, null);
    this.#beats = beats;
    beats.start({
      send: () => this.#out.isEmpty && this.#socket.write('\n'),
      missed: () => this.fail('the client sent no heart-beat in time'),
    });
  }

  #subscribe(frame: Frame): void {
    const [id, destination] = [required(frame, 'id'), required(frame, 'destination')];
    const ack = ackModes.find((mode) => mode === (frame.headers.get('ack') ?? 'auto'));
    if (ack === undefined) throw new StompError(`the value of ack is not one of ${ackModes.join(', ')}`);
    if (frame.headers.has('selector')) throw new StompError('the simulated broker has no selectors');
    if (this.#subscriptions.has(id)) throw new StompError(`the subscription ${quoted(id)} exists already`);
    const topic = /^\/topic\/(.+)$/u.exec(destination)?.[1];
    if (topic === undefined) throw new StompError(`the destination ${quoted(destination)} is not a topic`);
    this.#host.allow(this, topic);
    const subscription = { id, topic, ack };
    this.#subscriptions.set(id, subscription);
    // The receipt comes before the first message.
    queueMicrotask(() => {
      if (this.#subscriptions.has(id)) this.#host.subscribed(this, subscription);
    });
  }

  #unsubscribe(frame: Frame): void {
    const id = required(frame, 'id');
    if (!this.#subscriptions.delete(id)) throw new StompError(`there is no subscription ${quoted(id)}`);
    for (const [message, owner] of this.#unacknowledged) if (owner === id) this.#unacknowledged.delete(message);
  }

  /** In mode `client`, ACK covers all earlier messages of the subscription. A NACK has no effect on a topic. */
  #acknowledge(frame: Frame): void {
    if (frame.headers.has('transaction')) throw new StompError('the simulated broker has no transactions');
    if (this.#version === '1.1') required(frame, 'subscription');
    const message = required(frame, this.#version === '1.1' ? 'message-id' : 'id');
    const owner = this.#unacknowledged.get(message);
    const named = frame.headers.get('subscription') ?? owner;
    if (owner === undefined || owner !== named) throw new StompError(`no message ${quoted(message)} waits for an ACK`);
    const isCumulative = this.#subscriptions.get(owner)?.ack === 'client' && frame.command === 'ACK';
    for (const [earlier, other] of this.#unacknowledged) {
      if (earlier === message || (isCumulative && other === owner)) this.#unacknowledged.delete(earlier);
      if (earlier === message) return;
    }
  }

  #confirm({ headers }: Frame): void {
    const receipt = headers.get('receipt');
    if (receipt !== undefined) this.#send('RECEIPT', { 'receipt-id': receipt }, null);
  }

  #disconnect(): void {
    this.#end();
    this.#socket.end();
  }

  #send(command: string, headers: Readonly<Record<string, string>>, body: string | null, delayMs = 0): void {
    this.#out.send(encodeFrame(command, headers, body, this.#version ?? '1.1'), delayMs);
  }
}

function destinationOf(topic: string): string {
  return `/topic/${topic}`;
}

function required({ command, headers }: Frame, name: string): string {
  const value = headers.get(name);
  if (value === undefined || value === '') throw new StompError(`the ${command} frame has no header '${name}'`);
  return value;
}

/** The best version that both know. A client that names none speaks STOMP 1.0. */
function negotiate(accepted: string | undefined): Version {
  const named = (accepted ?? '1.0').split(',').map((version) => version.trim());
  const version = versions.find((known) => named.includes(known));
  if (version === undefined) throw new StompError(`the supported versions of STOMP are ${versions.join(', ')}`);
  return version;
}

function refusalOf(command: string): string {
  if (command === 'SEND') return 'a client may not publish to a topic of the HMC';
  if (['BEGIN', 'COMMIT', 'ABORT'].includes(command)) return 'the simulated broker has no transactions';
  return `there is no command ${quoted(command)}`;
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
