import { retry, Secret, toError } from '../base/index.ts';
import type { Logger, Outages, Waiting } from '../base/index.ts';
import { redirectError, TransportError } from '../http/index.ts';
import type { HttpTransport, TransportResponse } from '../http/index.ts';
import { keystoneRoot } from './auth-check.ts';
import {
  CinderAuthError,
  CinderConnectionError,
  CinderHttpError,
  CinderSchemaError,
  lastAttempt,
  unreachablePeer,
} from './errors.ts';
import type { CinderPolicies } from './options.ts';
import { askedDelayMs, mayRepeat } from './policy.ts';
import { SingleFlight } from './single-flight.ts';
import { readFault, readRequestId, readRetryAfterMs } from './wire/fault.ts';
import { tokenAnswer, tokenRequest } from './wire/keystone.ts';
import type { CatalogService, KeystoneAuth } from './wire/keystone.ts';
import { parseAnswer } from './wire/parse.ts';

/** What goes into `X-Auth-Token`, and what came with it. */
export interface Token {
  readonly value: Secret;
  readonly user: string | undefined;
  readonly project: { readonly id: string; readonly name: string } | undefined;
  readonly roles: readonly string[];
  readonly catalog: readonly CatalogService[];
  /** ISO 8601, Keystone's clock. */
  readonly expiresAt: string | undefined;
}

/** Where tokens come from. */
export interface TokenSource {
  /** A token that is good for a while; asks Keystone only when there is none. */
  get(w: Waiting): Promise<Token>;
  /** This one was refused: the next `get` brings another. Answers whether there is any use in that. */
  discard(token: Token): boolean;
}

export interface KeystoneTokenOptions {
  readonly auth: KeystoneAuth;
  readonly transport: HttpTransport;
  readonly policies: Pick<CinderPolicies, 'read' | 'outage'>;
  readonly outages: Outages;
  readonly clock: () => number;
  readonly log: Logger;
  /** Ends the work that callers share. */
  readonly owner: AbortSignal;
}

/** keystoneauth renews when less than this remains. Source: keystoneauth1 identity/v3 and session.py. */
const RENEW_BEFORE_MS = 120_000;

/** One user's tokens from Keystone v3: renewed before they run out, one request for all who wait. */
export class KeystoneTokens implements TokenSource {
  readonly #url: string;
  readonly #options: KeystoneTokenOptions;
  readonly #flight: SingleFlight<Token>;
  #current: { readonly token: Token; readonly renewAtMs: number } | undefined;
  #refused: CinderAuthError | undefined;

  constructor(options: KeystoneTokenOptions) {
    this.#options = options;
    this.#url = keystoneRoot(options.auth.authUrl);
    this.#flight = new SingleFlight(async (signal) => await this.#renew(signal), options.owner);
  }

  async get(w: Waiting): Promise<Token> {
    if (this.#refused !== undefined) throw this.#refused;
    if (this.#current !== undefined && this.#options.clock() < this.#current.renewAtMs) return this.#current.token;
    return await this.#flight.run(w.signal);
  }

  discard(token: Token): boolean {
    // Another caller may have renewed it meanwhile: his is left alone.
    if (this.#current?.token === token) this.#current = undefined;
    return true;
  }

  async #renew(signal: AbortSignal): Promise<Token> {
    const { policies, outages, log } = this.#options;
    // A second token does no harm, so a lost answer is repeated too.
    const isRetryable = (error: Error) => mayRepeat('read', error);
    const repeat = { what: this.#what(), policy: policies.read, signal, isRetryable, askedDelayMs, log };
    const token = await outages.through(async () => await retry(async () => await this.#ask(signal), repeat), {
      policy: policies.outage,
      signal,
      peerOf: unreachablePeer,
      isRepeatable: (error) => isRetryable(toError(lastAttempt(error))),
      askedDelayMs,
    });
    this.#current = { token: token.token, renewAtMs: this.#options.clock() + usefulMs(token.lifetimeMs) };
    return token.token;
  }

  /** One request, of which it is noted whether Keystone has answered. */
  async #ask(signal: AbortSignal): Promise<{ token: Token; lifetimeMs: number }> {
    const { outages } = this.#options;
    try {
      const answer = await this.#request(signal);
      outages.answered('Keystone');
      return answer;
    } catch (error) {
      if (unreachablePeer(error) !== undefined) outages.failed('Keystone');
      throw error;
    }
  }

  async #request(signal: AbortSignal): Promise<{ token: Token; lifetimeMs: number }> {
    const path = `${new URL(this.#url).pathname}/auth/tokens`;
    const response = await this.#send(path, signal);
    const redirect = redirectError(response, { method: 'POST', path }, this.#options.transport.baseUrl);
    if (redirect !== undefined) throw new CinderConnectionError(this.#what(), 'Keystone', redirect);
    if (response.status !== 201) throw this.#refusal(response, path);
    const value = response.headers['x-subject-token'];
    if (value === undefined || value === '') {
      throw new CinderSchemaError(`${this.#what()}: the answer has no X-Subject-Token`);
    }
    const { token } = parseAnswer(tokenAnswer, response.text, this.#what());
    const { user, project, catalog, expires_at: expiresAt } = token;
    const roles = token.roles.map((role) => role.name);
    const issuedAtMs = token.issued_at === undefined ? this.#options.clock() : Date.parse(token.issued_at);
    // Both times are Keystone's, so that a clock of ours that differs does no harm.
    const lifetimeMs = Date.parse(expiresAt) - issuedAtMs;
    if (Number.isNaN(lifetimeMs)) throw new CinderSchemaError(`${this.#what()}: expires_at is not a time`);
    return { token: { value: new Secret(value), user: user.name, project, roles, catalog, expiresAt }, lifetimeMs };
  }

  async #send(path: string, signal: AbortSignal): Promise<TransportResponse> {
    try {
      const body = tokenRequest(this.#options.auth);
      const headers = { Accept: 'application/json' };
      return await this.#options.transport.request({ method: 'POST', path, headers, body, signal });
    } catch (error) {
      if (error instanceof TransportError) throw new CinderConnectionError(this.#what(), 'Keystone', error);
      throw error;
    }
  }

  #refusal(response: TransportResponse, path: string): CinderHttpError | CinderAuthError {
    const error = new CinderHttpError({
      what: this.#what(),
      peer: 'Keystone',
      method: 'POST',
      path,
      status: response.status,
      ...readFault(response),
      requestId: readRequestId(response.headers),
      retryAfterMs: readRetryAfterMs(response.headers['retry-after'], this.#options.clock()),
    });
    if (response.status !== 401 && response.status !== 403) return error;
    const facts = { keystone: this.#url, status: response.status };
    this.#refused = new CinderAuthError(`log on to Keystone as ${describeUser(this.#options.auth)}`, facts, {
      cause: error,
    });
    return this.#refused;
  }

  #what(): string {
    return `get a token from ${this.#url}`;
  }
}

/** Short-lived tokens (some sites, and tests) are used for half their life rather than renewed for every call. */
function usefulMs(lifetimeMs: number): number {
  return lifetimeMs - Math.min(RENEW_BEFORE_MS, lifetimeMs / 2);
}

function describeUser(auth: KeystoneAuth): string {
  if (auth.type === 'v3applicationcredential') return `application credential ${auth.id ?? `"${auth.name ?? ''}"`}`;
  const user = auth.username === undefined ? `user ${auth.userId ?? ''}` : `user "${auth.username}"`;
  return `${user} for project ${auth.projectName === undefined ? (auth.projectId ?? '(default)') : `"${auth.projectName}"`}`;
}

/** The fixed token of a Cinder with `auth_strategy = noauth`: `user:project`. Source: cinder api/middleware/auth.py. */
export class FixedToken implements TokenSource {
  readonly #token: Token;

  constructor(userId: string, projectId: string | undefined) {
    this.#token = {
      value: new Secret(`${userId}:${projectId ?? userId}`),
      user: userId,
      project: projectId === undefined ? undefined : { id: projectId, name: projectId },
      roles: [],
      catalog: [],
      expiresAt: undefined,
    };
  }

  get(w: Waiting): Promise<Token> {
    w.signal.throwIfAborted();
    return Promise.resolve(this.#token);
  }

  discard(): boolean {
    return false;
  }
}
