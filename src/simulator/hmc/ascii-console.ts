import { randomBytes } from 'node:crypto';

import { refuse } from './model/refusal.ts';

/** One end of the line between a guest and the client of its console. */
export interface ConsoleLine {
  /** Shows text to the client. */
  readonly show: (text: string) => void;
  /** Ends the connection and tells the client why. */
  readonly hangUp: (reason: string) => void;
}

/** The right to one connection: the URI that the HMC has handed out names it. */
interface Ticket {
  readonly partitionUri: string;
  readonly sessionId: string;
}

interface OpenLine extends ConsoleLine {
  readonly sessionId: string;
}

/**
 * Integrated ASCII consoles: at most one client for each partition, on all HMCs that manage its machine.
 *
 * `force-takeover` ends a console that another HMC has open. A console that is open on this HMC cannot be taken over
 * (python-zhmcclient _partition.py, create_os_websocket). Inferred: the refusals' reason codes; that a URI can be used
 * once; that a console ends with the session that asked for it (golang-zhmcclient pkg/zhmcclient/lpar.go opens a session
 * for each console).
 */
export class AsciiConsoles {
  readonly #tickets = new Map<string, Ticket>();
  readonly #lines = new Map<string, OpenLine>();
  /** Partitions whose console another HMC has open. */
  readonly #elsewhere = new Set<string>();

  /** Hands out a token for one connection. */
  claim(partitionUri: string, sessionId: string, force: boolean): string {
    if (this.#lines.has(partitionUri)) refuse('consoleOpenHere', 'the console is open in another session of this HMC');
    if (this.#elsewhere.has(partitionUri) && !force) {
      refuse('consoleOpenElsewhere', 'the console is open on another HMC, and force-takeover is false');
    }
    this.#elsewhere.delete(partitionUri);
    const token = randomBytes(24).toString('base64url');
    this.#tickets.set(token, { partitionUri, sessionId });
    return token;
  }

  /** Redeems a token. @returns undefined if it is unknown or used, or its console was opened by another client */
  redeem(token: string): Ticket | undefined {
    const ticket = this.#tickets.get(token);
    this.#tickets.delete(token);
    if (ticket === undefined || this.#lines.has(ticket.partitionUri)) return undefined;
    return this.#elsewhere.has(ticket.partitionUri) ? undefined : ticket;
  }

  open({ partitionUri, sessionId }: Ticket, line: ConsoleLine): void {
    this.#lines.set(partitionUri, { ...line, sessionId });
  }

  /** The client of a partition's console on this HMC. */
  lineOf(partitionUri: string): ConsoleLine | undefined {
    return this.#lines.get(partitionUri);
  }

  /** The client has gone. */
  left(partitionUri: string): void {
    this.#lines.delete(partitionUri);
  }

  /** Ends the console of a partition. */
  end(partitionUri: string, reason: string): void {
    const line = this.#lines.get(partitionUri);
    this.#lines.delete(partitionUri);
    line?.hangUp(reason);
  }

  /** Ends the consoles of a session, or of all sessions, and makes their unused URIs invalid. */
  endSession(sessionId?: string): void {
    for (const [token, ticket] of this.#tickets) {
      if (sessionId === undefined || ticket.sessionId === sessionId) this.#tickets.delete(token);
    }
    for (const [partitionUri, line] of this.#lines) {
      if (sessionId === undefined || line.sessionId === sessionId) this.end(partitionUri, 'the session has ended');
    }
  }

  /** Another HMC opens the console, with its own `force-takeover`. */
  takeElsewhere(partitionUri: string): void {
    this.#elsewhere.add(partitionUri);
    this.end(partitionUri, 'the console was taken over by another HMC');
  }

  /** Who has the console open. */
  holderOf(partitionUri: string): 'this HMC' | 'another HMC' | undefined {
    if (this.#lines.has(partitionUri)) return 'this HMC';
    return this.#elsewhere.has(partitionUri) ? 'another HMC' : undefined;
  }
}
