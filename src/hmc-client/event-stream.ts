import { describeError, sleep, toError, whileWanted } from '../base/index.ts';
import type { Logger, Waiting } from '../base/index.ts';
import { openStomp, TransportError } from '../http/index.ts';
import type { StompConnection, StompMessage, TlsOptions } from '../http/index.ts';
import type { HmcConnection } from './connection.ts';
import type { Grant } from './endpoint.ts';
import type { EventHub } from './events.ts';
import type { EventPolicy } from './policy.ts';
import { SequenceCheck } from './sequence.ts';
import { parseNotification } from './wire/notification.ts';

interface StreamOptions {
  readonly connection: HmcConnection;
  /** 0: never connect. */
  readonly port: number;
  readonly tls: TlsOptions | undefined;
  readonly connectTimeoutMs: number;
  readonly policy: EventPolicy;
  readonly log: Logger;
}

/**
 * Keeps a STOMP connection to the HMC of the session, with the credentials of the session, and passes its messages to the
 * hub. Follows the session: after a new logon, perhaps at another HMC, it connects anew. The HMC keeps nothing for a client
 * that is not connected. Source: IBM WS API, Asynchronous notification; python-zhmcclient _notification.py.
 */
export class EventStream {
  readonly #options: StreamOptions;
  readonly #end = new AbortController();
  #task: Promise<void> | undefined;
  /** Whether the log already says that no notifications arrive. */
  #isLossKnown = false;
  #isAsked = false;

  constructor(options: StreamOptions) {
    this.#options = options;
  }

  /** Connects to the message port, if this has not begun. @param isAsked - a caller asked for notifications */
  start(hub: EventHub, isAsked: boolean): void {
    this.#isAsked ||= isAsked;
    if (this.#options.port === 0 || this.#end.signal.aborted) return;
    this.#task ??= this.#run(hub);
  }

  async close(): Promise<void> {
    this.#end.abort();
    await this.#task;
  }

  async #run(hub: EventHub): Promise<void> {
    const { signal } = this.#end;
    for (let failures = 0; !signal.aborted;) {
      try {
        const grant = await this.#options.connection.granted({ signal });
        await this.#follow(grant, hub, () => {
          failures = 0;
        });
      } catch (error) {
        failures += 1;
        await this.#note(toError(error), { signal });
      }
      await this.#pause(failures, signal);
    }
  }

  /** Receives messages until the connection ends or the session changes. */
  async #follow(grant: Grant, hub: EventHub, onConnect: () => void): Promise<void> {
    const { signal } = this.#end;
    const { connection } = this.#options;
    let endChanged = (): void => undefined;
    const changed = new Promise<'changed'>((resolve) => {
      endChanged = connection.onChange(() => {
        if (connection.grant !== grant) resolve('changed');
      });
    });
    let stomp: StompConnection | undefined;
    try {
      stomp = await this.#connect(grant, hub);
      onConnect();
      this.#noteArrival(grant);
      hub.resync();
      const end = await whileWanted(Promise.race([changed, stomp.ended]), signal);
      if (end !== 'changed') throw end;
    } finally {
      endChanged();
      stomp?.close();
      hub.interrupt();
    }
  }

  async #connect({ endpoint, messages }: Grant, hub: EventHub): Promise<StompConnection> {
    if (messages === undefined) throw new Error('the answer to the logon names no notification topics');
    const { port, tls, connectTimeoutMs, policy } = this.#options;
    const w = { signal: this.#end.signal };
    const { protocol, hostname } = new URL(endpoint.baseUrl);
    const options = {
      host: hostname.replace(/^\[(.*)\]$/, '$1'),
      port,
      // Plain http is for a simulator on this host.
      tls: protocol === 'https:' ? (tls ?? {}) : undefined,
      connectTimeoutMs,
      heartbeatMs: policy.heartbeatMs,
      login: messages.login,
      passcode: messages.passcode,
    };
    const stomp = await openStomp(options, w);
    const check = new SequenceCheck();
    try {
      for (const topic of messages.topics) {
        await stomp.subscribe(`/topic/${topic}`, (message) => this.#receive(topic, message, check, hub), w);
      }
      return stomp;
    } catch (error) {
      stomp.close();
      throw error;
    }
  }

  #receive(topic: string, { headers, body }: StompMessage, check: SequenceCheck, hub: EventHub): void {
    const { log } = this.#options;
    const isOfInterest = headers.class === undefined || headers.class === 'partition';
    try {
      const { sequenceNr, notification } = parseNotification(headers, body);
      const arrival = check.note(topic, sequenceNr);
      if (arrival === 'ahead' || arrival === 'late') {
        log.debug({ event: 'hmc.notification-gap', sequenceNr, arrival }, 'notifications of the HMC were lost');
        hub.resync();
      }
      // An old status must not replace a newer one. That a job has ended stays true.
      const isUseful = arrival === 'next' || arrival === 'ahead' || notification?.kind === 'job-completion';
      if (isUseful && notification !== undefined) hub.publish(notification);
    } catch (error) {
      log.debug({ event: 'hmc.notification-unreadable', error: describeError(error) }, 'cannot read a notification');
      if (isOfInterest) hub.resync();
    }
  }

  async #note(error: Error, w: Waiting): Promise<void> {
    if (w.signal.aborted) return;
    const { log, connection, port } = this.#options;
    const level = this.#isLossKnown ? 'debug' : this.#isAsked ? 'warn' : 'info';
    this.#isLossKnown = true;
    log[level](
      { event: 'hmc.no-notifications', host: connection.host, port, error: describeError(error) },
      'no notifications arrive from the HMC; polling instead',
    );
    // The broker was reached and refused the session, or the session has ended: a request renews it.
    if (error instanceof TransportError && error.phase === 'receive') await connection.checkSession(w);
  }

  #noteArrival({ endpoint }: Grant): void {
    const { log } = this.#options;
    const level = this.#isLossKnown ? 'info' : 'debug';
    this.#isLossKnown = false;
    log[level]({ event: 'hmc.notifications', host: endpoint.host }, 'notifications arrive from the HMC');
  }

  /** The first reconnect comes soon, but not from all clients of a restarted broker at once. */
  async #pause(failures: number, signal: AbortSignal): Promise<void> {
    const { minDelayMs, maxDelayMs } = this.#options.policy.reconnect;
    const longest = Math.min(minDelayMs * 2 ** failures, maxDelayMs);
    const delayMs = longest * (failures === 0 ? Math.random() : 0.5 + Math.random() / 2);
    await sleep(delayMs, signal).catch(() => undefined);
  }
}
