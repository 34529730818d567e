import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/** What the peer answers, or how the connection fails. */
const reply = z.union([
  z.strictObject({
    status: z.int(),
    headers: z.record(z.string(), z.string()).optional(),
    /** Sent as JSON. */
    body: z.json().optional(),
    /** Sent as it is, instead of `body`. */
    text: z.string().optional(),
  }),
  z.strictObject({
    /** `ECONNREFUSED`: nothing was sent. `ECONNRESET`: the request may have arrived, its answer did not. */
    error: z.enum(['ECONNREFUSED', 'ECONNRESET', 'EHOSTUNREACH', 'DEPTH_ZERO_SELF_SIGNED_CERT']),
  }),
]);

/** One request that is expected, and what it gets. */
export const exchangeSchema = z.strictObject({
  /** Instead of the conversation's own peer. */
  host: z.url().optional(),
  method: z.enum(['GET', 'POST', 'PUT', 'DELETE']),
  /** Path with query, as it stands on the wire. */
  path: z.string().startsWith('/'),
  /** Headers that must be there with this value; null: must not be there. */
  headers: z.record(z.string(), z.string().nullable()).optional(),
  /** The whole body, if one is expected. */
  body: z.json().optional(),
  reply,
});

export type Exchange = z.output<typeof exchangeSchema>;

/** What every fixture of conversations says about itself. */
export const conversationBase = {
  /** A sentence with condition and result: the name of the test. */
  title: z.string().min(10),
  /** Recorded from what, or constructed from which facts. */
  source: z.string().min(5),
  exchanges: z.array(exchangeSchema),
};

/** A conversation cannot be played as it is written, whatever the client under test did. */
export class PlayError extends Error {}

/** All conversations of a directory: every file is a list of them, checked by the schema when loaded. */
export function loadConversations<T>(directory: string, schema: z.ZodType<T>): (readonly [string, T])[] {
  const files = readdirSync(directory).filter((name) => name.endsWith('.json'));
  return files.flatMap((name) => {
    const parsed = z.array(schema).safeParse(JSON.parse(readFileSync(join(directory, name), 'utf8')));
    if (!parsed.success) throw new Error(`${name}: ${z.prettifyError(parsed.error)}`);
    return parsed.data.map((conversation) => [name, conversation] as const);
  });
}
