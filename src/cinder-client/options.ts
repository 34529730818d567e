import type { Logger, OutagePolicy, Outages, RetryPolicy, Secret } from '../base/index.ts';
import type { TlsOptions } from '../http/index.ts';

/**
 * Who speaks to Cinder, in keystoneauth's three ways that matter here.
 *
 * @remarks Sources: keystoneauth1 loading; cinder api/middleware/auth.py (noauth).
 * @public
 */
export type CinderAuth = PasswordAuth | ApplicationCredentialAuth | NoAuth;

/** Keystone v3, a user and a project. One of each pair of name and id is needed; names need their domain. @public */
export interface PasswordAuth {
  readonly type: 'password';
  /** With or without the trailing `/v3`. */
  readonly authUrl: string;
  readonly username?: string | undefined;
  readonly userId?: string | undefined;
  readonly password: Secret;
  readonly userDomainName?: string | undefined;
  readonly userDomainId?: string | undefined;
  readonly projectName?: string | undefined;
  readonly projectId?: string | undefined;
  readonly projectDomainName?: string | undefined;
  readonly projectDomainId?: string | undefined;
}

/** Keystone v3, an application credential: by id, or by name together with its user. The project comes with it. @public */
export interface ApplicationCredentialAuth {
  readonly type: 'v3applicationcredential';
  readonly authUrl: string;
  readonly id?: string | undefined;
  readonly name?: string | undefined;
  readonly secret: Secret;
  readonly username?: string | undefined;
  readonly userId?: string | undefined;
  readonly userDomainName?: string | undefined;
  readonly userDomainId?: string | undefined;
}

/** A Cinder with `auth_strategy = noauth`. @public */
export interface NoAuth {
  readonly type: 'none';
  /** Where Cinder is, for example `http://cinder:8776/v3`. */
  readonly endpoint: string;
  readonly userId?: string | undefined;
  /** Hexadecimal: Cinder's router takes nothing else. Left out: the one in the endpoint, or none in the path. */
  readonly projectId?: string | undefined;
}

/** Deadlines, in milliseconds. @public */
export interface CinderTimeouts {
  readonly connectMs: number;
  readonly requestMs: number;
  /** For the calls that wait for the storage array: connect, disconnect. */
  readonly backendMs: number;
}

/**
 * How often a call is made again, by what a repeat can do.
 *
 * @public
 */
export interface CinderPolicies {
  /** Reads, and requests for a token. */
  readonly read: RetryPolicy;
  /** Calls whose repeat is harmless: update, complete and delete of an attachment, terminate, detach, unreserve. */
  readonly repeatable: RetryPolicy;
  /** The rest: repeated only when Cinder cannot have seen the call, or said "not now". */
  readonly once: RetryPolicy;
  /** How long a Cinder or Keystone that has answered before is waited for, when it stops answering. */
  readonly outage: OutagePolicy;
}

/** Everything that {@link openCinder} needs. @public */
export interface CinderOptions {
  readonly auth: CinderAuth;
  /** A user with the role `service`: its token goes along as `X-Service-Token`. */
  readonly serviceUser?: CinderAuth | undefined;
  /** Cinder's URL instead of the catalog's. */
  readonly endpointOverride?: string | undefined;
  /** `type:name:interface`, default `volumev3::publicURL`. */
  readonly catalogInfo?: string | undefined;
  readonly regionName?: string | undefined;
  /** `public`, `internal` or `admin`, or several in order of preference with commas; wins over catalogInfo's. */
  readonly interface?: string | undefined;
  readonly tls?: TlsOptions | undefined;
  readonly timeouts?: Partial<CinderTimeouts> | undefined;
  readonly maxConcurrent?: number | undefined;
  readonly policies?: Partial<CinderPolicies> | undefined;
  /** Where it is noted that a peer does not answer; default: one of the client's own. */
  readonly outages?: Outages | undefined;
  readonly log?: Logger | undefined;
  /** Milliseconds since the epoch. */
  readonly clock?: (() => number) | undefined;
  /** `req-<uuid>` of the work in hand, sent as `X-OpenStack-Request-ID`. */
  readonly requestId?: (() => string) | undefined;
}
