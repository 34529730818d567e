import type { z } from 'zod';
import { ConfigError } from '../base/index.ts';

/**
 * The body of a request. A name or value that the HMC would refuse is the caller's mistake, and found before anything is
 * sent.
 */
export function toBody(
  what: string,
  body: z.ZodType<Record<string, unknown>>,
  given: unknown,
): Record<string, unknown> {
  const parsed = body.safeParse(given);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path, message }) => [...path.map(String), message].join(': '));
  throw new ConfigError(`${what}: ${issues.join('; ')}`, { issues });
}
