import type { LifecycleEvent, LifecycleSource } from '../virt/index.ts';

/** An event as it is sent. */
export interface LoggedEvent {
  readonly id: string;
  readonly event: 'lifecycle' | 'resync';
  readonly data: object;
}

/** Events that are kept for a client that comes back. */
const KEPT = 1_000;

/**
 * The lifecycle events of the last time, in order. The ids are `<start of the service>-<number>`, so that an id of an earlier
 * process is not mistaken for one of this process.
 */
export class EventLog {
  readonly #epoch: string;
  readonly #events: LoggedEvent[] = [];
  readonly #listeners = new Set<(event: LoggedEvent) => void>();
  #last = 0;

  /** @param epoch - different for each start of the service */
  constructor(epoch = Date.now().toString(36)) {
    this.#epoch = epoch;
  }

  append({ instanceUuid, transition, at }: LifecycleEvent): void {
    this.#add('lifecycle', { instance_uuid: instanceUuid, transition, at: at.toISOString() });
  }

  /** Tells every client that events may have been lost. */
  resync(): void {
    this.#events.length = 0; // what is older than a gap cannot be resumed
    this.#add('resync', {});
  }

  /** Passes the events of a source on. @returns a function that ends this */
  follow(source: LifecycleSource): () => void {
    const ends = [source.onLifecycle((event) => this.append(event)), source.onResync(() => this.resync())];
    return () => {
      for (const end of ends) end();
    };
  }

  /**
   * Calls the listener with each event after `lastId`, and with each later one.
   *
   * @param lastId - the id of the last event that the client has seen. If later events are no longer kept, or the id is of an
   *   earlier process, the client gets a `resync` instead. Undefined for a client that begins
   * @returns a function that ends this
   */
  listen(lastId: string | undefined, listener: (event: LoggedEvent) => void): () => void {
    for (const event of this.#after(lastId)) listener(event);
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #after(lastId: string | undefined): readonly LoggedEvent[] {
    if (lastId === undefined) return [];
    const [epoch, number = ''] = lastId.split('-');
    const seen = epoch === this.#epoch && /^\d{1,15}$/.test(number) ? Number(number) : -1;
    const oldest = this.#last - this.#events.length;
    if (seen < oldest || seen > this.#last) return [this.#resyncEvent()];
    return this.#events.slice(seen - oldest);
  }

  #add(event: LoggedEvent['event'], data: object): void {
    this.#last += 1;
    const logged = { id: this.#idOf(this.#last), event, data };
    this.#events.push(logged);
    if (this.#events.length > KEPT) this.#events.shift();
    for (const listener of this.#listeners) listener(logged);
  }

  #resyncEvent(): LoggedEvent {
    return { id: this.#idOf(this.#last), event: 'resync', data: {} };
  }

  #idOf(number: number): string {
    return `${this.#epoch}-${number}`;
  }
}
