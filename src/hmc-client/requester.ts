import type { z } from 'zod';
import type { Logger, Waiting } from '../base/index.ts';
import type { Upload } from '../http/index.ts';
import type { AsciiConsole } from './ascii-console.ts';
import type { EventHub } from './events.ts';
import type { HmcLevel } from './level.ts';
import type { HmcPolicies, OperationKind } from './policy.ts';

/** A request to the HMC with the schema of its answer. */
export interface HmcCall<T> {
  /** The operation's name in the HMC Web Services API book. */
  readonly operation: string;
  /** The action and its resource: the beginning of every error message. */
  readonly what: string;
  readonly kind: OperationKind;
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Path with query. */
  readonly uri: string;
  readonly body?: unknown;
  /** Sent instead of a body; has a time limit of its own, by its size. */
  readonly upload?: Upload | undefined;
  /** Media type of an answer that is text instead of JSON. */
  readonly textType?: string;
  readonly answer: z.ZodType<T>;
}

export type HmcRequest = Omit<HmcCall<unknown>, 'answer'>;

/** Status and parsed body of an answer below 400. @public */
export interface RawAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** Sends requests for the resources and jobs. */
export interface Requester {
  readonly policies: HmcPolicies;
  readonly log: Logger;
  readonly events: EventHub;
  /** Sends a request and retries it as its kind allows. */
  call<T>(call: HmcCall<T>, w: Waiting): Promise<T>;
  /** Like {@link call}, for answers whose form depends on the status. */
  sendRaw(call: HmcRequest, w: Waiting): Promise<RawAnswer>;
  /** Sends a request once, and once more if the session had to be renewed. */
  once<T>(call: HmcCall<T>, w: Waiting): Promise<T>;
  /** Opens the console whose URI the HMC has handed out. Not retried: the URI is good for one connection. */
  openConsole(what: string, path: string, w: Waiting): Promise<AsciiConsole>;
  /** Reports the outage, if the error is one. For callers of {@link once} that retry themselves, for the given time. */
  reportRetrying(error: Error, leftMs: number): void;
  /** Returns the HMC's level. Logs on first if necessary; `what` is for error messages. */
  level(what: string, w: Waiting): Promise<HmcLevel>;
  /** Starts work for which only `close` waits. A failure is logged. */
  inBackground(what: string, work: (w: Waiting) => Promise<unknown>): void;
}
