import type { z } from 'zod';
import { parseForeignJson } from '../../base/index.ts';
import { CinderSchemaError } from '../errors.ts';

/** Where a form does not hold, and why; never the values, which may be secret. */
export function describeIssues(error: z.ZodError): string[] {
  return error.issues.slice(0, 8).map((issue) => `${issue.path.join('.') || '(whole)'}: ${issue.message}`);
}

/** Reads the text of an answer. @throws CinderSchemaError when it is not JSON, or not of the form. */
export function parseAnswer<T>(schema: z.ZodType<T>, text: string, what: string): T {
  const result = safely(schema, parseJson(text, what), what);
  if (result.success) return result.data;
  const issues = describeIssues(result.error);
  throw new CinderSchemaError(`${what}: the answer is not of the documented form: ${issues.join('; ')}`, { issues });
}

/** A connection_info that cannot be read throws inside its schema: here it learns whose it was. */
function safely<T>(schema: z.ZodType<T>, value: unknown, what: string): z.ZodSafeParseResult<T> {
  try {
    return schema.safeParse(value);
  } catch (error) {
    if (error instanceof CinderSchemaError) throw new CinderSchemaError(what, error.facts, { cause: error });
    throw error;
  }
}

function parseJson(text: string, what: string): unknown {
  try {
    return parseForeignJson(text);
  } catch {
    // The parser quotes what it read, which may be a token: only its length goes on.
    throw new CinderSchemaError(`${what}: the answer is not JSON`, { length: text.length });
  }
}
