import { z } from 'zod';
import { uri } from './common.ts';

/** Answer of an operation that continues as a job. Source: python-zhmcclient _session.py, class Job. */
export const jobAccepted = z.looseObject({ 'job-uri': uri });

/**
 * Answer of Query Job Status. An unknown status counts as "running", because IBM may add values. Source:
 * python-zhmcclient _session.py, class Job.
 */
export const jobStatusAnswer = z
  .looseObject({
    status: z.string(),
    'job-status-code': z.int().nullish(),
    'job-reason-code': z.int().nullish(),
    'job-results': z.unknown().optional(),
  })
  .transform((wire) => ({
    status: wire.status,
    code: wire['job-status-code'] ?? undefined,
    reason: wire['job-reason-code'] ?? undefined,
    results: wire['job-results'] ?? undefined,
  }));

/** The result of polling a job once. */
export type JobStatus = z.output<typeof jobStatusAnswer>;

/** Newer HMCs send `message`, older ones `error`. Source: python-zhmcclient _session.py, class Job. */
export function jobMessage(results: unknown): string | undefined {
  const parsed = z.looseObject({ message: z.string().optional(), error: z.string().optional() }).safeParse(results);
  return parsed.success ? (parsed.data.message ?? parsed.data.error) : undefined;
}
