/** Numbers that are remembered, to recognise a repeated message. */
const REMEMBERED = 1_000;

/** `next`: nothing is missing. `repeated`: known. `ahead`: messages before it are missing. `late`: it came after its successors. */
export type Arrival = 'next' | 'repeated' | 'ahead' | 'late';

/**
 * Checks the header `session-sequence-nr` of the messages of one subscription. The number starts at 0 and grows by one with
 * each message. The documents leave open whether a session counts all its topics together or each one. Therefore, a message
 * is in order if either count says so, until a second topic begins at 0. Source: IBM WS API, Common message characteristics; python-zhmcclient _notification.py.
 */
export class SequenceCheck {
  readonly #seen = new Set<string>();
  readonly #ofTopic = new Map<string, number>();
  #ofSession = 0;
  #isEachCounted = false;

  note(topic: string, nr: number): Arrival {
    const key = `${nr} ${topic}`;
    if (this.#seen.has(key)) return 'repeated';
    this.#seen.add(key);
    const [oldest] = this.#seen;
    if (this.#seen.size > REMEMBERED && oldest !== undefined) this.#seen.delete(oldest);
    const [ofSession, ofTopic] = [this.#ofSession, this.#ofTopic.get(topic) ?? 0];
    this.#ofSession = Math.max(ofSession, nr + 1);
    this.#ofTopic.set(topic, Math.max(ofTopic, nr + 1));
    this.#isEachCounted ||= nr === 0 && ofSession > 0;
    if (nr === ofTopic || (nr === ofSession && !this.#isEachCounted)) return 'next';
    return nr > ofTopic ? 'ahead' : 'late';
  }
}
