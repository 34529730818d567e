import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import nock from 'nock';
import { expect } from 'vitest';
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

/** All conversations of a directory: every file is a list of them, checked by the schema when loaded. */
export function loadConversations<T>(directory: string, schema: z.ZodType<T>): (readonly [string, T])[] {
  const files = readdirSync(directory).filter((name) => name.endsWith('.json'));
  return files.flatMap((name) => {
    const parsed = z.array(schema).safeParse(JSON.parse(readFileSync(join(directory, name), 'utf8')));
    if (!parsed.success) throw new Error(`${name}: ${z.prettifyError(parsed.error)}`);
    return parsed.data.map((conversation) => [name, conversation] as const);
  });
}

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** The peer's side of a conversation. */
export interface Conversation {
  /** The requests that came, in order. */
  readonly seen: readonly SeenRequest[];
  /** Fails unless exactly the expected requests came, with their headers and bodies, in the order given (or in any). */
  verify(order?: 'in order' | 'any order'): void;
}

/**
 * Plays the peer: every exchange answers once. A request that is not among them fails, as the network is switched off.
 */
export function playConversation(baseUrl: string, exchanges: readonly Exchange[]): Conversation {
  nock.disableNetConnect();
  const seen: SeenRequest[] = [];
  const unexpected: string[] = [];
  nock.emitter.on('no match', (request: Request) => unexpected.push(`${request.method} ${request.url}`));
  for (const exchange of exchanges) {
    expectOne(exchange.host ?? baseUrl, exchange, (request) => seen.push(request));
  }
  const verify = (order: 'in order' | 'any order' = 'in order'): void => {
    const came = order === 'in order' ? seen : seen.toSorted(byText);
    const wanted = order === 'in order' ? exchanges : exchanges.toSorted(byText);
    expect(unexpected, 'requests that nobody expected').toEqual([]);
    expect(came.map(line)).toEqual(wanted.map(line));
    for (const [index, exchange] of wanted.entries()) checkOne(exchange, came[index]);
  };
  return { seen, verify };
}

/** Switches the network on again, and forgets what was not asked for. For `afterEach`. */
export function endConversations(): void {
  nock.emitter.removeAllListeners('no match');
  nock.abortPendingRequests();
  nock.cleanAll();
  nock.enableNetConnect();
}

function expectOne(host: string, exchange: Exchange, note: (request: SeenRequest) => void): void {
  const { method, path, reply: answer } = exchange;
  const scope = nock(host);
  scope.once('request', (request: Request, _interceptor: unknown, body: string) => {
    note({ method, path, headers: Object.fromEntries(request.headers), body: parseBody(body) });
  });
  const interceptor = scope.intercept(path, method);
  if ('error' in answer) {
    interceptor.replyWithError(Object.assign(new Error(answer.error), { code: answer.error }));
  } else if (answer.text !== undefined) {
    interceptor.reply(answer.status, answer.text, answer.headers);
  } else {
    const type = answer.body === undefined ? {} : { 'Content-Type': 'application/json' };
    const text = answer.body === undefined ? '' : JSON.stringify(answer.body);
    interceptor.reply(answer.status, text, { ...type, ...answer.headers });
  }
}

function parseBody(body: string): unknown {
  return body === '' ? undefined : (JSON.parse(body) as unknown); // JSON.parse says any
}

function line({ method, path }: { readonly method: string; readonly path: string }): string {
  return `${method} ${path}`;
}

function byText(a: Pick<SeenRequest, 'method' | 'path'> & { body?: unknown }, b: typeof a): number {
  const [left, right] = [a, b].map((it) => `${line(it)} ${JSON.stringify(it.body) ?? ''}`);
  return (left ?? '').localeCompare(right ?? '');
}

function checkOne(wanted: Exchange, came: SeenRequest | undefined): void {
  expect(came?.body, `body of ${line(wanted)}`).toEqual(wanted.body);
  for (const [name, value] of Object.entries(wanted.headers ?? {})) {
    expect(came?.headers[name.toLowerCase()] ?? null, `header ${name} of ${line(wanted)}`).toBe(value);
  }
}
