import type { z } from 'zod';
import { CinderSchemaError } from '../errors.ts';

/** Where a form does not hold, and why; never the values, which may be secret. */
export function describeIssues(error: z.ZodError): string[] {
  return error.issues.slice(0, 8).map((issue) => `${issue.path.join('.') || '(whole)'}: ${issue.message}`);
}

/** Reads the text of an answer. @throws CinderSchemaError when it is not JSON, or not of the form. */
export function parseAnswer<T>(schema: z.ZodType<T>, text: string, what: string): T {
  const result = schema.safeParse(parseJson(text, what));
  if (result.success) return result.data;
  throw new CinderSchemaError(`${what}: the answer is not of the documented form`, {
    issues: describeIssues(result.error),
  });
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // The parser quotes what it read, which may be a token: only its length goes on.
    throw new CinderSchemaError(`${what}: the answer is not JSON`, { length: text.length });
  }
}
