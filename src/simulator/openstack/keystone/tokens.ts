import { randomBytes } from 'node:crypto';
import type { Now } from '../clock.ts';
import type { Project, User } from './directory.ts';

/** What a token is for. */
export type Scope = { readonly project: Project } | { readonly system: true } | undefined;

/** An issued token. Times are milliseconds since the epoch, whole seconds as Keystone has them. */
export interface Token {
  readonly id: string;
  readonly user: User;
  readonly scope: Scope;
  readonly roles: readonly string[];
  readonly methods: readonly string[];
  /** The application credential that it was issued for. */
  readonly credential: { readonly id: string; readonly name: string } | undefined;
  readonly auditIds: readonly string[];
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** What a new token is made of; `expiresAt` only for a token made from another, which never lives longer. */
export type TokenRequest = Pick<Token, 'user' | 'scope' | 'roles' | 'methods' | 'credential'> & {
  readonly expiresAt?: number;
  readonly parentAuditIds?: readonly string[];
};

/** Issued tokens: Keystone answers from here, and Cinder's middleware asks here. */
export class Tokens {
  readonly #now: Now;
  readonly #lifetimeMs: number;
  readonly #tokens = new Map<string, Token>();

  constructor(now: Now, lifetimeMs: number) {
    this.#now = now;
    this.#lifetimeMs = lifetimeMs;
  }

  issue(request: TokenRequest): Token {
    const issuedAt = Math.floor(this.#now() / 1000) * 1000;
    const { user, scope, roles, methods, credential, parentAuditIds = [] } = request;
    const token: Token = {
      // Looks like a Fernet token: clients must not rely on a length or on hex digits.
      id: `gAAAAA${randomBytes(96).toString('base64url')}`,
      user,
      scope,
      roles,
      methods,
      credential,
      auditIds: [randomBytes(16).toString('base64url'), ...parentAuditIds.slice(-1)],
      issuedAt,
      expiresAt: request.expiresAt ?? issuedAt + this.#lifetimeMs,
    };
    this.#tokens.set(token.id, token);
    return token;
  }

  /** The token, unless it was never issued, has been revoked or has run out. */
  findValid(id: string | undefined): Token | undefined {
    const token = id === undefined ? undefined : this.#tokens.get(id);
    return token && token.expiresAt > this.#now() ? token : undefined;
  }

  /** Ends a token; unknown ones are ignored. */
  revoke(id: string): void {
    this.#tokens.delete(id);
  }

  /** Ends all tokens. */
  revokeAll(): void {
    this.#tokens.clear();
  }
}
