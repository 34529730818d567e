import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';

import type { FaultRule } from '../../server/index.ts';
import type { HmcContext } from '../context.ts';
import { Refusal } from '../model/refusal.ts';
import type { HmcSurroundings } from '../options.ts';
import { topicsOf, type BrokerLogin, type Session } from '../sessions.ts';
import { StompConnection, type ConnectionHost, type Message, type Subscription, type Treatment } from './connection.ts';
import { StompError } from './frames.ts';
import { Notifier } from './notifier.ts';
import { Ticker } from './ticker.ts';

/** Operations of the broker that fault rules can name. */
export const brokerOperations: readonly string[] = ['CONNECT', 'SUBSCRIBE', 'MESSAGE'];

/** What waits for a slow client before the broker cuts it off. The limit of an HMC is not public (assumed). */
const defaultQueueBytes = 1 << 20;

/**
 * The message broker of the HMC, with what a test wants to know of it and to do to it.
 * @public
 */
export interface SimulatedBroker {
  /** TCP port, for STOMP. */
  readonly port: number;
  /** Clients that are logged on. */
  readonly connectionCount: number;
  /** Names of the topics that clients have subscribed to, once for each subscription. */
  readonly subscriptions: readonly string[];
  /** Clients that were cut off because they read too slowly. */
  readonly slowConsumers: number;
  /** Stops (or resumes) listening on the same port: connections are cut, and new ones get ECONNREFUSED. */
  refuseConnections(on: boolean): Promise<void>;
  /** Cuts all connections. Clients may connect again. */
  dropConnections(): void;
}

/** STOMP for the topics of the sessions, over TLS as the Web Services: python-zhmcclient _notification.py, docs/security.rst. */
export class Broker implements SimulatedBroker, AsyncDisposable {
  readonly #context: HmcContext;
  readonly #surroundings: HmcSurroundings;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #logins = new Map<StompConnection, BrokerLogin | undefined>();
  readonly #notifier: Notifier;
  readonly #ticker: Ticker;
  readonly #host: ConnectionHost;
  #messages = 0;
  #port = 0;
  slowConsumers = 0;

  private constructor(context: HmcContext, surroundings: HmcSurroundings) {
    this.#context = context;
    this.#surroundings = surroundings;
    this.#notifier = new Notifier(
      context,
      (session, topic, message) => this.#publish(session, topic, message),
      (id) => this.#endSession(id),
    );
    this.#ticker = new Ticker(context, () => surroundings.onServed?.());
    this.#host = {
      logOn: (connection, login, passcode) => this.#logOn(connection, login, passcode),
      allow: (connection, topic) => void this.#sessionOf(connection, topic),
      subscribed: (connection, subscription) => this.#subscribed(connection, subscription),
      treatmentOf: (command, destination) => this.#treatmentOf(command, destination),
      closed: (connection, why) => this.#closed(connection, why),
      queueBytes: context.options.brokerQueueBytes ?? defaultQueueBytes,
    };
    this.#server = this.#newServer();
    context.model.observe(this.#notifier);
    context.notices = this.#notifier;
  }

  /** Starts listening. Rejects when the port is taken. */
  static async start(context: HmcContext, surroundings: HmcSurroundings): Promise<Broker> {
    const broker = new Broker(context, surroundings);
    const { stompPort, preferredStompPort } = surroundings;
    const isListening =
      stompPort === undefined && preferredStompPort !== undefined && (await broker.#listenIfFree(preferredStompPort));
    if (!isListening) await broker.#listen(stompPort ?? 0);
    return broker;
  }

  get port(): number {
    return this.#port;
  }

  get connectionCount(): number {
    return this.#connected.length;
  }

  get subscriptions(): readonly string[] {
    return this.#connected.flatMap(({ subscriptions }) => subscriptions.map(({ topic }) => topic));
  }

  async refuseConnections(on: boolean): Promise<void> {
    if (on === !this.#server.listening) return;
    await (on ? this.#stopListening() : this.#listen(this.#port));
  }

  dropConnections(): void {
    for (const connection of this.#logins.keys()) connection.cut();
  }

  /** Cuts all connections and frees the port. Safe to call twice. */
  async close(): Promise<void> {
    this.#ticker.run(false);
    if (this.#server.listening) await this.#stopListening();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  get #connected(): StompConnection[] {
    return [...this.#logins.keys()].filter(({ isConnected }) => isConnected);
  }

  #newServer(): Server {
    const { tls } = this.#surroundings;
    const accept = (socket: Socket) => void this.#logins.set(new StompConnection(socket, this.#host), undefined);
    const server =
      tls === undefined
        ? createServer(accept)
        : createTlsServer({ cert: tls.cert, key: tls.key, minVersion: 'TLSv1.2' }, accept);
    server.on('connection', (socket: Socket) => this.#acceptConnection(socket));
    // A client that hangs up in the middle of a handshake is nothing to report.
    server.on('tlsClientError', () => undefined);
    return server;
  }

  #acceptConnection(socket: Socket): void {
    socket.setNoDelay(true);
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    if (this.#surroundings.faults.decideConnection('broker') !== undefined) socket.resetAndDestroy();
  }

  async #listenIfFree(port: number): Promise<boolean> {
    try {
      await this.#listen(port);
      return true;
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return false;
      throw error;
    }
  }

  async #listen(port: number): Promise<void> {
    this.#server.listen(port, this.#surroundings.host ?? '127.0.0.1');
    await once(this.#server, 'listening');
    const { port: bound } = this.#server.address() as AddressInfo; // a string only for pipes
    this.#port = bound;
  }

  async #stopListening(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.dropConnections();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #logOn(connection: StompConnection, login: string, passcode: string): void {
    try {
      this.#logins.set(connection, this.#context.sessions.logonAtBroker(login, passcode));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      // The login may be a session id, which is a secret.
      throw new StompError('the user name or the password is invalid');
    }
  }

  /** The session whose topic a client may subscribe to: that of its logon, or one of the same user. */
  #sessionOf(connection: StompConnection, topic: string): Session {
    const login = this.#logins.get(connection);
    const session = this.#context.sessions.all().find((each) => isOwn(each, login) && hasTopic(each, topic));
    if (session !== undefined) return session;
    throw new StompError(`the client is not authorized to read the topic ${JSON.stringify(topic.slice(0, 128))}`);
  }

  #subscribed(connection: StompConnection, { topic }: Subscription): void {
    this.#ticker.run(true);
    const session = this.#context.sessions.all().find((each) => hasTopic(each, topic));
    for (const [uri, { name, includesRefresh }] of session?.osTopics ?? []) {
      const partition = this.#context.model.find('partition', uri);
      if (name !== topic || !includesRefresh || session === undefined || partition === undefined) continue;
      this.#notifier.repeat(session, partition);
    }
    if (session === undefined) connection.fail('the session has ended');
  }

  #closed(connection: StompConnection, why: 'slow' | undefined): void {
    this.#logins.delete(connection);
    if (why === 'slow') this.slowConsumers += 1;
    if (this.subscriptions.length === 0) this.#ticker.run(false);
  }

  /** Topics end with their session (IBM WS API, Logoff). That the broker then sends ERROR and closes is inferred. */
  #endSession(id: string | undefined): void {
    if (id === undefined) {
      this.dropConnections();
      return;
    }
    const known = this.#context.sessions.all();
    for (const [connection, login] of this.#logins) {
      const isOver = login !== undefined && 'sessionId' in login && login.sessionId === id;
      const isOrphan = connection.subscriptions.some(({ topic }) => !known.some((each) => hasTopic(each, topic)));
      if (isOver || isOrphan) connection.fail('the session of a topic has ended');
    }
  }

  #publish(session: Session, topic: string, message: Message): void {
    for (const connection of this.#connected) {
      for (const subscription of connection.subscriptions) {
        if (subscription.topic === topic) this.#deliver(session, connection, subscription, message);
      }
    }
  }

  #deliver(session: Session, connection: StompConnection, subscription: Subscription, message: Message): void {
    this.#messages += 1;
    const id = `ID:hmc-${this.#messages}`;
    const deliver = (delayMs = 0) => connection.deliver(subscription, id, message, delayMs);
    const kind = this.#decide('MESSAGE', `/topic/${subscription.topic}`, message)?.kind;
    switch (kind?.type) {
      case undefined:
        deliver();
        break;
      case 'lose':
        break;
      case 'delay':
        deliver(kind.ms);
        break;
      case 'repeat':
        deliver();
        deliver();
        break;
      case 'malformed':
        connection.deliver(subscription, id, { ...message, body: '{"change-reports": [{"prop' });
        break;
      case 'truncate':
        connection.deliverHalf(subscription, id, message);
        break;
      case 'session-lost':
        this.#context.sessions.end(session.id);
        break;
      case 'restart':
        this.#context.sessions.endAll();
        break;
      case 'drop':
        if (kind.when === 'after') deliver();
        setImmediate(() => connection.cut()); // so that the message is sent
        break;
      default:
        connection.fail('refused by a fault rule');
    }
  }

  #decide(operation: string, destination: string, message?: Message): FaultRule | undefined {
    const subject = { method: operation, path: destination, body: message?.headers };
    return this.#surroundings.faults.decide('broker', operation, subject);
  }

  #treatmentOf(command: 'CONNECT' | 'SUBSCRIBE', destination: string): Treatment {
    const kind = this.#decide(command, destination)?.kind;
    switch (kind?.type) {
      case undefined:
        return 'normal';
      case 'delay':
        return { delayMs: kind.ms };
      case 'refuse':
        return { refuse: kind.message ?? 'refused by a fault rule' };
      case 'restart':
        this.#context.sessions.endAll();
        return 'cut';
      default:
        return 'cut';
    }
  }
}

function isOwn({ id, user }: Session, login: BrokerLogin | undefined): boolean {
  if (login === undefined) return false;
  return 'sessionId' in login ? login.sessionId === id : login.userid === user.userid;
}

function hasTopic(session: Session, topic: string): boolean {
  const isOsTopic = [...session.osTopics.values()].some(({ name }) => name === topic);
  return isOsTopic || topicsOf(session).some(({ name }) => name === topic);
}
