import { ConflictError, describeError, toError, whileWanted } from '../base/index.ts';
import type { Logger, RetryPolicy, Waiting } from '../base/index.ts';
import type { Grant, HmcEndpoint } from './endpoint.ts';
import { classify, HmcConnectionError, HmcHttpError } from './errors/index.ts';
import type { HmcLevel } from './level.ts';
import { logOff } from './logon.ts';
import type { Logon } from './logon.ts';
import type { HmcCall, ParsedAnswer } from './requester.ts';

/** What a connection is made of: the user, and the HMCs in order of preference. */
interface ConnectionOptions {
  readonly logon: Logon;
  readonly endpoints: readonly HmcEndpoint[];
  /** How often a lost logoff is sent again. */
  readonly logoff: RetryPolicy;
  readonly log: Logger;
}

/**
 * The session, and at which of the redundant HMCs it is: one logon for all who need it at a time, one renewal and one
 * replay when the HMC has lost it, the next HMC when this one does not take connections.
 */
export class HmcConnection {
  readonly #options: ConnectionOptions;
  #current: HmcEndpoint;
  #logon: Promise<Grant> | undefined;
  #isClosed = false;
  /** Ends a logon that nobody waits for any more. */
  readonly #lifetime = new AbortController();

  constructor(options: ConnectionOptions) {
    const [first] = options.endpoints;
    if (first === undefined) throw new ConflictError('a session needs the URL of an HMC');
    this.#options = options;
    this.#current = first;
  }

  get host(): string {
    return this.#current.host;
  }

  async level(w: Waiting): Promise<HmcLevel> {
    const grant = await this.#granted(w);
    return grant.level;
  }

  /** One exchange under the session. On 403.4 and 403.5 the session is renewed, and the request sent once more. */
  async exchange(call: Omit<HmcCall<unknown>, 'answer'>, w: Waiting): Promise<ParsedAnswer> {
    const grant = await this.#granted(w);
    try {
      return await this.#through(grant, call, w);
    } catch (error) {
      if (classify(error) !== 'session-lost') throw error;
      this.#options.log.debug({ event: 'hmc.session-lost', host: grant.endpoint.host }, 'the HMC has lost the session');
      this.#forget(grant);
      return await this.#through(await this.#granted(w), call, w);
    }
  }

  /** An exchange that needs no session, at the first HMC that takes it. */
  async withoutSession<T>(call: HmcCall<T>, w: Waiting): Promise<T> {
    return await this.#atFirst(async (endpoint) => await endpoint.exchange(call, undefined, w), w);
  }

  /** Logs off from every HMC that has granted a session. Failures are returned, not thrown. */
  async close(w: Waiting): Promise<readonly Error[]> {
    this.#isClosed = true;
    // A logon under way is waited for: broken off, it would leave its session behind.
    await this.#settled(w);
    this.#lifetime.abort(closed());
    const { endpoints, logoff: policy, log } = this.#options;
    const failures = await Promise.all(endpoints.map(async (endpoint) => await logOff(endpoint, { policy, log }, w)));
    for (const endpoint of endpoints) endpoint[Symbol.dispose]();
    return failures.flatMap((failure) => failure ?? []);
  }

  async #settled(w: Waiting): Promise<void> {
    try {
      if (this.#logon !== undefined) await whileWanted(this.#logon, w.signal);
    } catch (error) {
      this.#options.log.debug(
        { event: 'hmc.close', error: describeError(error) },
        'the logon under way came to nothing',
      );
    }
  }

  /** The current session, logged on if there is none. Many callers, one logon; each may stop waiting for it. */
  async #granted(w: Waiting): Promise<Grant> {
    if (this.#isClosed) throw closed();
    if (this.#current.grant !== undefined) return this.#current.grant;
    this.#logon ??= this.#logOnAnywhere().finally(() => {
      this.#logon = undefined;
    });
    return await whileWanted(this.#logon, w.signal);
  }

  async #through(grant: Grant, call: Omit<HmcCall<unknown>, 'answer'>, w: Waiting): Promise<ParsedAnswer> {
    try {
      return await grant.endpoint.answer(call, grant.token, w);
    } catch (error) {
      if (error instanceof HmcConnectionError && !error.sent && error.phase !== 'queue') this.#leave(grant.endpoint);
      throw error;
    }
  }

  /** This HMC takes no connections: the next one serves from now on, with the session it may still have. */
  #leave(endpoint: HmcEndpoint): void {
    const next = this.#inOrder(endpoint)[1];
    if (next === undefined || this.#current !== endpoint) return;
    this.#options.log.warn({ event: 'hmc.failover', from: endpoint.host, to: next.host }, 'trying the next HMC');
    this.#current = next;
  }

  #forget(grant: Grant): void {
    if (grant.endpoint.grant === grant) grant.endpoint.grant = undefined;
  }

  /** All HMCs, beginning with this one. */
  #inOrder(first: HmcEndpoint): readonly HmcEndpoint[] {
    const { endpoints } = this.#options;
    const at = endpoints.indexOf(first);
    return [...endpoints.slice(at), ...endpoints.slice(0, at)];
  }

  async #logOnAnywhere(): Promise<Grant> {
    const w = { signal: this.#lifetime.signal };
    const grant = await this.#atFirst(
      async (endpoint) => endpoint.grant ?? (await this.#options.logon.at(endpoint, w)),
      w,
    );
    this.#current = grant.endpoint;
    return grant;
  }

  /**
   * The first HMC, from the current one on, that gives an answer of substance. That none does is an error that says that
   * nothing was sent: the request for which this was done never was.
   */
  async #atFirst<T>(work: (endpoint: HmcEndpoint) => Promise<T>, w: Waiting): Promise<T> {
    const failures: Error[] = [];
    for (const endpoint of this.#inOrder(this.#current)) {
      try {
        return await work(endpoint);
      } catch (thrown) {
        w.signal.throwIfAborted();
        if (!isOutOfReach(thrown)) throw thrown;
        failures.push(toError(thrown));
      }
    }
    throw unreachable(this.#options.endpoints, failures);
  }
}

/** Not an answer of substance: the connection failed, or what answered is not (yet) the Web Services API. */
function isOutOfReach(error: unknown): boolean {
  if (error instanceof HmcConnectionError) return error.phase !== 'queue';
  return error instanceof HmcHttpError && error.status >= 500;
}

function unreachable(endpoints: readonly HmcEndpoint[], failures: readonly Error[]): HmcConnectionError {
  const host = endpoints.map((endpoint) => endpoint.host).join(', ');
  const last = failures.at(-1);
  const phase = last instanceof HmcConnectionError ? last.phase : 'receive';
  const where = { host, phase, sent: false } as const;
  if (failures.length === 1) return new HmcConnectionError(`HMC ${host} is out of reach`, where, last);
  return new HmcConnectionError(
    `none of the HMCs ${host} answers`,
    where,
    new AggregateError(failures, 'each for itself'),
  );
}

function closed(): ConflictError {
  return new ConflictError('the HMC session is closed');
}
