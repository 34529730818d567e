import type { Duplex } from 'node:stream';

interface Waiting {
  readonly bytes: Buffer;
  readonly delayMs: number;
}

/**
 * What a client is to get, in order: a frame that is delayed holds up those behind it. A client that reads too slowly
 * is cut off.
 */
export class OutQueue {
  readonly #socket: Duplex;
  readonly #limitBytes: number;
  readonly #onOverflow: () => void;
  #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(socket: Duplex, limitBytes: number, onOverflow: () => void) {
    this.#socket = socket;
    this.#limitBytes = limitBytes;
    this.#onOverflow = onOverflow;
  }

  /** Sends bytes after everything that waits. @param delayMs - counts from the moment at which the frame is the first */
  send(bytes: Buffer, delayMs = 0): void {
    if (this.#isClosed) return;
    this.#waiting.push({ bytes, delayMs });
    this.#pump();
    const queued = this.#waiting.reduce((sum, each) => sum + each.bytes.length, this.#socket.writableLength);
    if (queued > this.#limitBytes) this.#onOverflow();
  }

  /** Whether nothing waits for its time. */
  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Forgets what waits. */
  close(): void {
    this.#isClosed = true;
    this.#waiting = [];
    clearTimeout(this.#timer);
  }

  #pump(): void {
    while (this.#timer === undefined) {
      const first = this.#waiting[0];
      if (first === undefined) return;
      if (first.delayMs > 0) {
        this.#waiting[0] = { ...first, delayMs: 0 };
        this.#timer = setTimeout(() => {
          this.#timer = undefined;
          this.#pump();
        }, first.delayMs);
        return;
      }
      this.#waiting.shift();
      this.#socket.write(first.bytes);
    }
  }
}
