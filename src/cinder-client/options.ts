import type { Logger, OutagePolicy, Outages, RetryPolicy, Secret } from '../base/index.ts';
import type { TlsOptions } from '../http/index.ts';

/**
 * The supported ways to authenticate, named as in keystoneauth.
 *
 * @remarks Sources: keystoneauth1 loading; cinder api/middleware/auth.py (noauth).
 * @public
 */
export type CinderAuth = PasswordAuth | ApplicationCredentialAuth | NoAuth;

/** A user by ID, or by name and domain. @public */
export interface UserAuth {
  /** With or without the trailing `/v3`. */
  readonly authUrl: string;
  readonly username?: string | undefined;
  readonly userId?: string | undefined;
  readonly userDomainName?: string | undefined;
  readonly userDomainId?: string | undefined;
}

/** Keystone v3 with user, password and project. @public */
export interface PasswordAuth extends UserAuth {
  readonly type: 'password';
  readonly password: Secret;
  readonly projectName?: string | undefined;
  readonly projectId?: string | undefined;
  readonly projectDomainName?: string | undefined;
  readonly projectDomainId?: string | undefined;
}

/** Keystone v3 with an application credential, which determines the project: by ID, or by name and user. @public */
export interface ApplicationCredentialAuth extends UserAuth {
  readonly type: 'v3applicationcredential';
  readonly id?: string | undefined;
  readonly name?: string | undefined;
  readonly secret: Secret;
}

/** A Cinder with `auth_strategy = noauth`. @public */
export interface NoAuth {
  readonly type: 'none';
  /** URL of Cinder, for example `http://cinder:8776/v3`. */
  readonly endpoint: string;
  readonly userId?: string | undefined;
  /** Hexadecimal, as Cinder's router requires. Default: the project in the endpoint, or none in the path. */
  readonly projectId?: string | undefined;
}

/** Deadlines, in milliseconds. @public */
export interface CinderTimeouts {
  readonly connectMs: number;
  readonly requestMs: number;
  /** For the calls that wait for the storage array: connect, disconnect. */
  readonly backendMs: number;
}

/** Retry policies, by the effect of a repeated call. @public */
export interface CinderPolicies {
  /** Reads, and requests for a token. */
  readonly read: RetryPolicy;
  /** Idempotent calls: update, complete and delete of an attachment, terminate, detach, unreserve. */
  readonly repeatable: RetryPolicy;
  /** All other calls: retried only if Cinder did not receive the call, or asked to try again later. */
  readonly once: RetryPolicy;
  /** How long to wait for an unreachable Cinder or Keystone. */
  readonly outage: OutagePolicy;
}

/** Options of {@link openCinder}. @public */
export interface CinderOptions {
  readonly auth: CinderAuth;
  /** A user with the role `service`. Its token is sent as `X-Service-Token`. */
  readonly serviceUser?: CinderAuth | undefined;
  /** URL of Cinder; overrides the catalog. */
  readonly endpointOverride?: string | undefined;
  /** `type:name:interface`, default `volumev3::publicURL`. */
  readonly catalogInfo?: string | undefined;
  readonly regionName?: string | undefined;
  /** `public`, `internal` or `admin`, or several in order of preference with commas; overrides the one in catalogInfo. */
  readonly interface?: string | undefined;
  readonly tls?: TlsOptions | undefined;
  readonly timeouts?: Partial<CinderTimeouts> | undefined;
  /** Requests in flight at once (default: 16). */
  readonly maxConcurrent?: number | undefined;
  readonly policies?: Partial<CinderPolicies> | undefined;
  /** Records unreachable peers (default: a new record). */
  readonly outages?: Outages | undefined;
  readonly log?: Logger | undefined;
  /** Milliseconds since the epoch. */
  readonly clock?: (() => number) | undefined;
  /** Returns `req-<uuid>` of the current work, sent as `X-OpenStack-Request-ID`. */
  readonly requestId?: (() => string) | undefined;
}
