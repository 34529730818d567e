import nock from 'nock';
import { expect } from 'vitest';
import type { Exchange } from './conversations.ts';

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
  disconnectNetwork();
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

/** Lets no request reach the network; only nock answers. */
export function disconnectNetwork(): void {
  if (!nock.isActive()) nock.activate();
  nock.disableNetConnect();
}

/** Reconnects the network, and removes the answers that nobody requested. For `afterEach`. */
export function endConversations(): void {
  nock.emitter.removeAllListeners('no match');
  nock.abortPendingRequests();
  nock.cleanAll();
  nock.enableNetConnect();
  // Other test files run in the same process. While nock is active it changes their sockets, too.
  nock.restore();
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
  checkOwnHeaders(wanted, came);
  for (const [name, value] of Object.entries(wanted.headers ?? {})) {
    expect(came?.headers[name.toLowerCase()] ?? null, `header ${name} of ${line(wanted)}`).toBe(value);
  }
}

/**
 * What holds for any request to HMC, Keystone and Cinder. A body says what it is; a request without one says JSON or
 * nothing: an HMC refuses the rest with 400.2 (IBM WS API, Common request validation reason codes), Cinder with 415
 * (cinder/api/openstack/wsgi.py), Keystone with 400 (json_body.py).
 */
function checkOwnHeaders(wanted: Exchange, came: SeenRequest | undefined): void {
  const json = wanted.body === undefined ? [undefined, 'application/json'] : ['application/json'];
  const own = wanted.headers?.['Content-Type']; // of an upload
  const types = typeof own === 'string' ? [own] : json;
  expect(types, `Content-Type of ${line(wanted)}`).toContain(came?.headers['content-type']);
  expect(came?.headers.accept, `Accept of ${line(wanted)}`).toMatch(/\*\/\*|application\/json/);
  expect(came?.headers, `headers of ${line(wanted)}`).not.toHaveProperty('expect');
}
