import { z } from 'zod';
import type { JsonValue } from '../../base/index.ts';

/** Any JSON value; what comes from JSON.parse always is one. */
const jsonValue: z.ZodType<JsonValue> = z.json();

/** A JSON object, its keys unread. */
export const jsonRecord: z.ZodType<Record<string, JsonValue>> = z.record(z.string(), jsonValue);
