import { get } from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { sleep } from '../base/index.ts';

/** Pauses between two looks, in milliseconds. */
export interface Pauses {
  /** Without a service that tells of changes. */
  readonly pollMs: number;
  /** The safety net beside such a service. */
  readonly slowPollMs: number;
  /** The shortest pause, however many changes there are. */
  readonly minMs: number;
}

export const defaultPauses: Pauses = { pollMs: 5_000, slowPollMs: 60_000, minMs: 250 };

/**
 * Tells when to look again: at each event of the running service (GET /v1/events on its Unix socket), and after a pause, which
 * is longer while the service is connected. Tries again to connect before each pause.
 */
export class ServiceEvents implements Disposable {
  readonly #findSocket: () => string | undefined;
  readonly #pauses: Pauses;
  #request: ClientRequest | undefined;
  #isConnected = false;
  #isChanged = false;
  #wake: () => void = () => undefined;

  /** @param findSocket - returns the path of the socket; undefined if no service runs */
  constructor(findSocket: () => string | undefined, pauses: Pauses = defaultPauses) {
    this.#findSocket = findSocket;
    this.#pauses = pauses;
  }

  /** Resolves when something may have changed since the last call. @throws the signal's reason */
  async next(signal: AbortSignal): Promise<void> {
    const { minMs, pollMs, slowPollMs } = this.#pauses;
    this.#connect();
    await sleep(minMs, signal);
    if (!this.#isChanged) {
      const early = new AbortController();
      this.#wake = () => early.abort();
      const ms = (this.#isConnected ? slowPollMs : pollMs) - minMs;
      await sleep(ms, AbortSignal.any([signal, early.signal])).catch(() => signal.throwIfAborted());
    }
    this.#isChanged = false;
  }

  [Symbol.dispose](): void {
    this.#request?.destroy();
  }

  #connect(): void {
    const socketPath = this.#request === undefined ? this.#findSocket() : undefined;
    if (socketPath === undefined) return;
    const request = get({ socketPath, path: '/v1/events', headers: { Accept: 'text/event-stream' } });
    this.#request = request;
    request.on('response', (response) => this.#listen(response));
    request.on('error', () => undefined); // the next pause tries again
    request.on('close', () => {
      this.#request = undefined;
      if (this.#isConnected) this.#onChange(); // events may be lost from now on
      this.#isConnected = false;
    });
  }

  #listen(response: IncomingMessage): void {
    if (response.statusCode !== 200) {
      response.destroy();
      return;
    }
    this.#isConnected = true;
    this.#onChange(); // what changed before the connection
    const lines = createInterface({ input: response });
    // Every event of the stream is a reason to look. Lines of comments keep the connection open.
    lines.on('line', (line) => {
      if (line.startsWith('event:')) this.#onChange();
    });
    lines.on('error', () => undefined);
  }

  #onChange(): void {
    this.#isChanged = true;
    this.#wake();
  }
}
