import { ConfigError, InterruptedError, isReadableOnTheWay, Outages, silentLogger } from '../base/index.ts';
import type { RetryPolicy } from '../base/index.ts';
import { HttpTransport } from '../http/index.ts';
import { volumeActions } from './actions.ts';
import { Attachments } from './attachments.ts';
import { checkAuth, checkServiceUser } from './auth-check.ts';
import { findEndpoint, readCatalogInfo } from './catalog.ts';
import { check } from './check.ts';
import { parseEndpoint } from './endpoint.ts';
import { formatMicroversion, since } from './microversion.ts';
import type { CinderAuth, CinderOptions, CinderPolicies } from './options.ts';
import { defaultPolicies, defaultTimeouts } from './policy.ts';
import { CinderSession } from './session.ts';
import { FixedToken, KeystoneTokens } from './tokens.ts';
import type { Token, TokenSource } from './tokens.ts';
import type { CinderClient } from './types.ts';
import { volumeVerbs } from './volumes.ts';

/** Nova's default. */
const DEFAULT_CATALOG_INFO = 'volumev3::publicURL';
const DEFAULT_CONCURRENT = 16;
const MAX_QUEUED = 2_000;
/** A page of volumes stays under one megabyte, and a catalog under a quarter. */
const MAX_RESPONSE_BYTES = 8 * 1024 * 1024;

/**
 * Opens a Cinder. No request is made: tokens, endpoint and level are fetched when first needed. Dispose of it when done.
 *
 * @throws ConfigError when the options cannot be used
 * @public
 */
export function openCinder(options: CinderOptions): CinderClient {
  checkAuth(options.auth);
  checkServiceUser(options.serviceUser);
  const resources = new Resources(options);
  const session = new CinderSession({
    tokens: resources.tokens(options.auth),
    serviceTokens: options.serviceUser === undefined ? undefined : resources.tokens(options.serviceUser),
    findUrl: urlFinder(options),
    openTransport: (origin) => resources.transport(origin),
    policies: resources.policies,
    outages: resources.outages,
    clock: resources.clock,
    requestId: options.requestId,
    log: resources.log,
    owner: resources.signal,
  });
  return assemble(session, resources, options.auth);
}

function assemble(session: CinderSession, resources: Resources, auth: CinderAuth): CinderClient {
  const { log, policies, timeouts } = resources;
  const { backendMs } = timeouts;
  const actions = volumeActions(session, backendMs);
  return {
    ...volumeVerbs(session),
    attachments: new Attachments({ session, policy: throughOutage(policies), backendMs, actions, log }),
    actions,
    level: async (w) => {
      const maximum = await session.maximum(w);
      return { microversion: formatMicroversion(maximum), hasAttachments: maximum >= since.attachmentComplete };
    },
    check: async (w) => await check(session, auth, w),
    [Symbol.dispose]: () => resources.close(),
  };
}

/** Between two of its attempts it is looked up what came of the first, and the look may wait until Cinder is back. */
function throughOutage({ once, outage }: CinderPolicies): RetryPolicy {
  return { ...once, budgetMs: once.budgetMs + outage.budgetMs };
}

/** Where the token says that Cinder is, or where we are told. Unusable settings show at once, not at the first call. */
function urlFinder(options: CinderOptions): (token: Token) => string {
  const fixed = options.endpointOverride ?? (options.auth.type === 'none' ? options.auth.endpoint : undefined);
  if (fixed !== undefined) {
    parseEndpoint(fixed);
    return () => fixed;
  }
  const wish = readCatalogInfo(options.catalogInfo ?? DEFAULT_CATALOG_INFO, options.regionName, options.interface);
  return (token) => {
    const url = findEndpoint(token.catalog, wish);
    refuseDowngrade(url, options);
    return url;
  };
}

/**
 * The catalog is a peer's word: it may not lead from TLS to where the token can be read on the way.
 *
 * @throws ConfigError
 */
function refuseDowngrade(url: string, { auth, tls }: CinderOptions): void {
  if (tls?.insecure === true || auth.type === 'none' || !URL.canParse(url)) return;
  if (!isReadableOnTheWay(url) || isReadableOnTheWay(auth.authUrl)) return;
  throw new ConfigError(
    `the catalog of Keystone has ${new URL(url).origin} for Cinder, which is plain http: expected https; have the catalog corrected, or set cinder.endpoint_override`,
    { option: 'cinder.endpoint_override' },
  );
}

/** What a client owns: one transport per peer, and the work that its callers share. */
class Resources {
  readonly log;
  readonly clock: () => number;
  readonly policies;
  readonly outages: Outages;
  readonly timeouts;
  readonly #options: CinderOptions;
  readonly #owner = new AbortController();
  readonly #transports = new Map<string, HttpTransport>();

  constructor(options: CinderOptions) {
    this.#options = options;
    this.log = options.log ?? silentLogger;
    this.clock = options.clock ?? Date.now;
    this.policies = { ...defaultPolicies, ...options.policies };
    this.outages = options.outages ?? new Outages();
    this.timeouts = { ...defaultTimeouts, ...options.timeouts };
  }

  get signal(): AbortSignal {
    return this.#owner.signal;
  }

  transport(origin: string): HttpTransport {
    const known = this.#transports.get(origin);
    if (known !== undefined) return known;
    const transport = new HttpTransport({
      baseUrl: origin,
      tls: this.#options.tls,
      connectTimeoutMs: this.timeouts.connectMs,
      requestTimeoutMs: this.timeouts.requestMs,
      maxConcurrent: this.#options.maxConcurrent ?? DEFAULT_CONCURRENT,
      maxQueued: MAX_QUEUED,
      maxResponseBytes: MAX_RESPONSE_BYTES,
      log: this.log,
    });
    this.#transports.set(origin, transport);
    return transport;
  }

  tokens(auth: CinderAuth): TokenSource {
    if (auth.type === 'none') {
      // A catalog's form of the endpoint carries the project.
      const projectId = auth.projectId ?? parseEndpoint(this.#options.endpointOverride ?? auth.endpoint).project;
      return new FixedToken(auth.userId ?? 'admin', projectId);
    }
    return new KeystoneTokens({
      auth,
      transport: this.transport(new URL(auth.authUrl).origin),
      policies: this.policies,
      outages: this.outages,
      clock: this.clock,
      log: this.log,
      owner: this.#owner.signal,
    });
  }

  close(): void {
    this.#owner.abort(new InterruptedError('the Cinder client is closed'));
    for (const transport of this.#transports.values()) transport[Symbol.dispose]();
    this.#transports.clear();
  }
}
