import type { z } from 'zod';
import { ConfigError } from '../base/index.ts';

/** Makes the body of a request. @throws ConfigError when the HMC would refuse a name or value */
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
