import { Secret } from '../base/index.ts';
import type { Waiting } from '../base/index.ts';
import type { TransportResponse } from '../http/index.ts';
import { answerError, exchange } from './answers.ts';
import { keystoneRoot } from './auth-check.ts';
import { CinderAuthError, CinderSchemaError, unreachablePeer } from './errors.ts';
import { repeat } from './policy.ts';
import type { Resources } from './resources.ts';
import { SingleFlight } from './single-flight.ts';
import { tokenAnswer, tokenRequest } from './wire/keystone.ts';
import type { CatalogService, KeystoneAuth } from './wire/keystone.ts';
import { parseAnswer } from './wire/parse.ts';

/** A token for `X-Auth-Token`, and the facts that Keystone sent with it. */
export interface Token {
  readonly value: Secret;
  readonly user: string | undefined;
  readonly project: { readonly id: string; readonly name: string } | undefined;
  readonly roles: readonly string[];
  readonly catalog: readonly CatalogService[];
  /** ISO 8601, from Keystone's clock. */
  readonly expiresAt: string | undefined;
}

export interface TokenSource {
  /** Returns a valid token. Requests one from Keystone only if there is none. */
  get(w: Waiting): Promise<Token>;
  /** Discards a refused token. Returns whether the next `get` returns a new one. */
  discard(token: Token): boolean;
}

/** Tokens are renewed this long before they expire, as in keystoneauth. Source: keystoneauth1 identity/v3 and session.py. */
const RENEW_BEFORE_MS = 120_000;

/** The tokens of one user from Keystone v3. Renews them before they expire, with one request for all callers. */
export class KeystoneTokens implements TokenSource {
  readonly #auth: KeystoneAuth;
  readonly #resources: Resources;
  readonly #url: URL;
  readonly #what: string;
  readonly #flight: SingleFlight<Token>;
  #current: { readonly token: Token; readonly renewAtMs: number } | undefined;
  #refused: CinderAuthError | undefined;

  constructor(auth: KeystoneAuth, resources: Resources) {
    this.#auth = auth;
    this.#resources = resources;
    this.#url = new URL(keystoneRoot(auth.authUrl));
    this.#what = `get a token from ${this.#url.href}`;
    this.#flight = new SingleFlight(async (signal) => await this.#renew(signal), resources.owner);
  }

  async get(w: Waiting): Promise<Token> {
    if (this.#refused !== undefined) throw this.#refused;
    if (this.#current !== undefined && this.#resources.clock() < this.#current.renewAtMs) return this.#current.token;
    return await this.#flight.run(w.signal);
  }

  discard(token: Token): boolean {
    // Another caller may have renewed the token in the meantime.
    if (this.#current?.token === token) this.#current = undefined;
    return true;
  }

  async #renew(signal: AbortSignal): Promise<Token> {
    const { outages, clock } = this.#resources;
    // A second token does no harm, so the request is also retried after a lost response.
    const { token, lifetimeMs } = await repeat(
      { what: this.#what, kind: 'read', signal },
      this.#resources,
      async () => {
        try {
          const answer = await this.#request(signal);
          outages.answered('Keystone');
          return answer;
        } catch (error) {
          if (unreachablePeer(error) !== undefined) outages.failed('Keystone');
          throw error;
        }
      },
    );
    this.#current = { token, renewAtMs: clock() + usefulMs(lifetimeMs) };
    return token;
  }

  async #request(signal: AbortSignal): Promise<{ token: Token; lifetimeMs: number }> {
    const transport = this.#resources.transport(this.#url.origin);
    const path = `${this.#url.pathname}/auth/tokens`;
    const request = { method: 'POST', path, headers: { Accept: 'application/json' }, signal } as const;
    const response = await exchange(this.#what, 'Keystone', transport, { ...request, body: tokenRequest(this.#auth) });
    if (response.status !== 201) throw this.#refusal(response, path, transport.baseUrl);
    const value = response.headers['x-subject-token'];
    if (value === undefined || value === '') {
      throw new CinderSchemaError(`${this.#what}: the answer has no X-Subject-Token`);
    }
    const { token } = parseAnswer(tokenAnswer, response.text, this.#what);
    const { user, project, catalog, expires_at: expiresAt } = token;
    const roles = token.roles.map((role) => role.name);
    const issuedAtMs = token.issued_at === undefined ? this.#resources.clock() : Date.parse(token.issued_at);
    // Both times come from Keystone's clock, so a difference between the clocks does not matter.
    const lifetimeMs = Date.parse(expiresAt) - issuedAtMs;
    if (Number.isNaN(lifetimeMs)) throw new CinderSchemaError(`${this.#what}: expires_at is not a time`);
    return { token: { value: new Secret(value), user: user.name, project, roles, catalog, expiresAt }, lifetimeMs };
  }

  #refusal(response: TransportResponse, path: string, baseUrl: string): Error {
    const { status } = response;
    const where = { what: this.#what, method: 'POST', path, baseUrl } as const;
    const cause = answerError('Keystone', where, response, this.#resources.clock());
    if (status !== 401 && status !== 403) return cause;
    const what = `log on to Keystone as ${describeUser(this.#auth)}`;
    this.#refused = new CinderAuthError(what, { keystone: this.#url.href, status }, { cause });
    return this.#refused;
  }
}

/** Returns how long to use a token: at least half of its lifetime, so that a short-lived token is not always renewed. */
function usefulMs(lifetimeMs: number): number {
  return lifetimeMs - Math.min(RENEW_BEFORE_MS, lifetimeMs / 2);
}

function describeUser(auth: KeystoneAuth): string {
  if (auth.type === 'v3applicationcredential') return `application credential ${auth.id ?? `"${auth.name ?? ''}"`}`;
  const user = auth.username === undefined ? `user ${auth.userId ?? ''}` : `user "${auth.username}"`;
  return `${user} for project ${auth.projectName === undefined ? (auth.projectId ?? '(default)') : `"${auth.projectName}"`}`;
}

/** The fixed token of a Cinder with `auth_strategy = noauth`: `user:project`. Source: cinder api/middleware/auth.py. */
export function fixedToken(userId: string, projectId: string | undefined): TokenSource {
  const token: Token = {
    value: new Secret(`${userId}:${projectId ?? userId}`),
    user: userId,
    project: projectId === undefined ? undefined : { id: projectId, name: projectId },
    roles: [],
    catalog: [],
    expiresAt: undefined,
  };
  return {
    get: async ({ signal }) => {
      signal.throwIfAborted();
      return token;
    },
    discard: () => false,
  };
}
