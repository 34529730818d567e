import { z } from 'zod';

/** Bytes of the body of Submit Requests. Source: IBM WS API, Submit Requests. */
export const SUBMIT_MAX_BYTES = 256_000;
/** Threads that serve the entries of one Submit Requests. Source: IBM WS API, Submit Requests. */
export const SUBMIT_MAX_THREADS = 10;

/** One request inside Submit Requests. Content-Type and Accept may not be given. */
export interface SubmitEntry {
  readonly method: 'GET';
  readonly uri: string;
  readonly id: string;
}

const result = z.looseObject({ id: z.string(), status: z.int(), body: z.unknown().optional() });

/** Results are in the order of completion; `id` identifies the request. */
export const submitAnswer = z.array(result);

/** The answer to one entry. */
export type SubmitResult = z.output<typeof result>;
