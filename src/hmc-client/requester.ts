import type { z } from 'zod';
import type { Logger, Waiting } from '../base/index.ts';
import type { HmcLevel } from './level.ts';
import type { HmcPolicies, OperationKind } from './policy.ts';

/** One request to the HMC. */
export interface HmcCall<T> {
  /** The operation's name in the HMC Web Services API book. */
  readonly operation: string;
  /** What is being done, to which resource: the beginning of every error message. */
  readonly what: string;
  readonly kind: OperationKind;
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Path with query. */
  readonly uri: string;
  readonly body?: unknown;
  readonly answer: z.ZodType<T>;
}

/** An answer below 400, parsed as far as JSON goes. */
export interface ParsedAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** What the resources and jobs are built on. */
export interface Requester {
  readonly policies: HmcPolicies;
  readonly log: Logger;
  /** Sends it, and repeats it as its kind allows. */
  call<T>(call: HmcCall<T>, w: Waiting): Promise<T>;
  /** The same, for a caller that has to see the status to know of which form the answer is. */
  answer(call: Omit<HmcCall<unknown>, 'answer'>, w: Waiting): Promise<ParsedAnswer>;
  /** Sends it once (and once more if the session had to be renewed). */
  once<T>(call: HmcCall<T>, w: Waiting): Promise<T>;
  /** What is known of the HMC's level; logs on if nothing is known yet, for the sake of `what`. */
  level(what: string, w: Waiting): Promise<HmcLevel>;
  /** Starts work that nobody waits for but `close`. A failure is logged. */
  inBackground(what: string, work: (w: Waiting) => Promise<unknown>): void;
}
