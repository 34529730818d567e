import { z } from 'zod';
import type { JsonValue } from '../../base/index.ts';

/** Any JSON value; what comes from JSON.parse always is one. */
const jsonValue: z.ZodType<JsonValue> = z.json();

/**
 * An id, a UUID in every Cinder and Keystone that we know. It becomes part of the paths of later requests, and is nothing
 * that leads elsewhere there, as ".." would.
 */
export const identifier = z
  .string()
  .regex(/^[\w-]+$/, 'expected an id')
  .max(255);

/** A JSON object, its keys unread. */
export const jsonRecord: z.ZodType<Record<string, JsonValue>> = z.record(z.string(), jsonValue);
