import { z } from 'zod';
import { parseForeignJson } from '../../base/index.ts';
import type { JsonValue } from '../../base/index.ts';
import { CinderSchemaError } from '../errors.ts';

/**
 * An ID, which is a UUID in every known Cinder and Keystone. IDs become parts of request paths, so this rejects any text
 * that could change the path, such as "..".
 */
export const identifier = z
  .string()
  .regex(/^[\w-]+$/, 'expected an id')
  .max(255);

/** A JSON object with any content. */
export const jsonRecord: z.ZodType<Record<string, JsonValue>> = z.record(z.string(), z.json());

/** Describes where a value differs from its schema. Omits the value, which may be secret. */
export function describeIssues(error: z.ZodError): string[] {
  return error.issues.slice(0, 8).map((issue) => `${issue.path.join('.') || '(whole)'}: ${issue.message}`);
}

/** Parses a response. @throws CinderSchemaError when it is not JSON, or does not have the documented form */
export function parseAnswer<T>(schema: z.ZodType<T>, text: string, what: string): T {
  const value = parseJson(text, what);
  let result: z.ZodSafeParseResult<T>;
  try {
    result = schema.safeParse(value);
  } catch (error) {
    // The schema of connection_info throws its own error, which does not name the operation.
    throw error instanceof CinderSchemaError ? new CinderSchemaError(what, error.facts, { cause: error }) : error;
  }
  if (result.success) return result.data;
  const issues = describeIssues(result.error);
  throw new CinderSchemaError(`${what}: the answer is not of the documented form: ${issues.join('; ')}`, { issues });
}

function parseJson(text: string, what: string): unknown {
  try {
    return parseForeignJson(text);
  } catch {
    // The parser's message quotes its input, which may contain a token.
    throw new CinderSchemaError(`${what}: the answer is not JSON`, { length: text.length });
  }
}
