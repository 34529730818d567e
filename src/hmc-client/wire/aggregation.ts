import { z } from 'zod';

/** Limits of Submit Requests. Source: sheet 3.5 (bytes of the body; threads). */
export const SUBMIT_MAX_BYTES = 256_000;
export const SUBMIT_MAX_THREADS = 10;

/** One request inside Submit Requests. Content-Type and Accept may not be given. */
export interface SubmitEntry {
  readonly method: 'GET';
  readonly uri: string;
  readonly id: string;
}

export interface SubmitBody {
  readonly threads: number;
  readonly requests: readonly SubmitEntry[];
}

const result = z.looseObject({ id: z.string(), status: z.int(), body: z.unknown().optional() });

/** Results come by completion: `id` says which is which. */
export const submitAnswer = z.array(result);

export type SubmitResult = z.output<typeof result>;
