import { StompError } from './frames.ts';

/** The broker neither sends nor demands heart-beats more often. */
const shortestMs = 100;

/** A client that is this much later than agreed counts as gone (STOMP 1.2: the receiver should grant a margin). */
const margin = 2;

/** The heart-beats of one connection: the broker sends and demands them as often as the client offers. */
export class HeartBeats {
  /** Value of the header `heart-beat` of CONNECTED. */
  readonly answer: string;
  readonly #sendMs: number;
  readonly #demandMs: number;
  #sending: NodeJS.Timeout | undefined;
  #demanding: NodeJS.Timeout | undefined;

  private constructor(sendMs: number, demandMs: number) {
    this.#sendMs = sendMs;
    this.#demandMs = demandMs;
    this.answer = `${sendMs},${demandMs}`;
  }

  /**
   * @param offered - how often the client can send, and how often it wants to receive, in milliseconds; 0 is never
   * @throws StompError when these are not two numbers
   */
  static negotiate(offered = '0,0'): HeartBeats {
    const found = /^(\d{1,9}),(\d{1,9})$/u.exec(offered);
    if (found === null) throw new StompError('the value of heart-beat is not two numbers of milliseconds');
    const [demandMs = 0, sendMs = 0] = found.slice(1).map((text) => atLeast(Number(text)));
    return new HeartBeats(sendMs, demandMs);
  }

  start({ send, missed }: { readonly send: () => unknown; readonly missed: () => void }): void {
    if (this.#sendMs > 0) this.#sending = setInterval(send, this.#sendMs);
    if (this.#demandMs > 0) this.#demanding = setTimeout(missed, this.#demandMs * margin);
  }

  /** The client has sent something, which counts as a heart-beat. */
  received(): void {
    this.#demanding?.refresh();
  }

  stop(): void {
    clearInterval(this.#sending);
    clearTimeout(this.#demanding);
  }
}

function atLeast(ms: number): number {
  return ms === 0 ? 0 : Math.max(ms, shortestMs);
}
