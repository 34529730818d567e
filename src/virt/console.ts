import type { Waiting } from '../base/index.ts';

/** One message that a guest printed on its line-mode console. @public */
export interface ConsoleMessage {
  /** Rises with each message; starts anew with each start of the guest. A gap shows that messages were dropped. */
  readonly sequenceNumber: number;
  /** Milliseconds since 1970; null if the guest does not say. */
  readonly timestamp: number | null;
  /** May have several lines. */
  readonly text: string;
  readonly isPriority: boolean;
  /** Whether the guest waits for an answer. */
  readonly isHeld: boolean;
}

/** The messages of a guest, or why there are none at this time. @public */
export type ConsoleReading =
  | { readonly kind: 'messages'; readonly messages: readonly ConsoleMessage[] }
  | { readonly kind: 'unavailable'; readonly reason: string };

/** An open console of a guest. It ends when the driver logs off. @public */
export interface ConsoleConnection extends AsyncDisposable {
  /**
   * Text from the guest, in pieces as they arrive, with the control sequences of a terminal. Ends when this side closes.
   *
   * @throws ConflictError when the platform ends the console: the guest stopped, or another client took it over
   */
  readonly output: AsyncIterable<string>;
  /** Types text. The Enter key is a carriage return. */
  send(text: string): void;
}

/**
 * The serial console of a guest, as Nova's `ConsoleSerial`: `host` and `port` say where it is.
 *
 * @remarks Nova's serial proxy expects plain TCP at this address. An HMC speaks only its own protocol there, so a manager
 * calls `connect` and relays the text. Source: nova console/type.py.
 * @public
 */
export interface SerialConsole {
  readonly host: string;
  readonly port: number;
  /**
   * Opens the console. At most one client can have it open.
   *
   * @param options.force - take it over from a client at another management console
   * @throws ConflictError when the guest does not run, the console is open elsewhere, or the platform has none
   */
  connect(options: { readonly force?: boolean }, w: Waiting): Promise<ConsoleConnection>;
}
