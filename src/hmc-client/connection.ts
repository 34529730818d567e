import { ConflictError, describeError, toError, whileWanted } from '../base/index.ts';
import type { Logger, RetryPolicy, Waiting } from '../base/index.ts';
import type { TextSocket } from '../http/index.ts';
import type { Grant, HmcEndpoint } from './endpoint.ts';
import { classify, HmcConnectionError, HmcHttpError } from './errors/index.ts';
import type { HmcLevel } from './level.ts';
import { logOff } from './logon.ts';
import type { Logon } from './logon.ts';
import type { HmcCall, HmcRequest, RawAnswer } from './requester.ts';

interface ConnectionOptions {
  readonly logon: Logon;
  /** HMCs in order of preference. */
  readonly endpoints: readonly HmcEndpoint[];
  /** Retries of a lost logoff. */
  readonly logoff: RetryPolicy;
  readonly log: Logger;
}

/**
 * Manages the session with one of several redundant HMCs. Concurrent callers share one logon. A lost session is renewed
 * once and the request repeated once. If an HMC refuses connections, the next one is used.
 */
export class HmcConnection {
  readonly #options: ConnectionOptions;
  #current: HmcEndpoint;
  #logon: Promise<Grant> | undefined;
  #isClosed = false;
  readonly #listeners = new Set<() => void>();
  /** Ends a logon at `close`. */
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

  /** The session, if there is one now. */
  get grant(): Grant | undefined {
    return this.#current.grant;
  }

  /** Calls the listener when the session may have changed. Returns a function that ends this. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Renews a lost session by a cheap request. Logs a failure instead of throwing it. */
  async checkSession(w: Waiting): Promise<void> {
    const call = {
      operation: 'Get Notification Topics',
      what: 'get the notification topics',
      kind: 'read',
      method: 'GET',
      uri: '/api/sessions/operations/get-notification-topics',
    } as const;
    try {
      await this.exchange(call, w);
    } catch (error) {
      this.#options.log.debug({ event: 'hmc.session-check', error: describeError(error) }, 'cannot check the session');
    }
  }

  async level(w: Waiting): Promise<HmcLevel> {
    const grant = await this.granted(w);
    return grant.level;
  }

  /** Sends a request in the session. On 403.4 and 403.5, renews the session and sends the request once more. */
  async exchange(call: HmcRequest, w: Waiting): Promise<RawAnswer> {
    const grant = await this.granted(w);
    try {
      return await this.#through(grant, call, w);
    } catch (error) {
      if (classify(error) !== 'session-lost') throw error;
      this.#options.log.debug({ event: 'hmc.session-lost', host: grant.endpoint.host }, 'the HMC has lost the session');
      this.#forget(grant);
      return await this.#through(await this.granted(w), call, w);
    }
  }

  /** Opens a WebSocket at the HMC of the session. */
  async openSocket(what: string, path: string, w: Waiting): Promise<TextSocket> {
    const { endpoint } = await this.granted(w);
    return await endpoint.openSocket(what, path, w);
  }

  /** Sends a request that needs no session to the first HMC that answers. */
  async withoutSession<T>(call: HmcCall<T>, w: Waiting): Promise<T> {
    return await this.#atFirst(async (endpoint) => await endpoint.exchange(call, undefined, w), w);
  }

  /** Logs off from every HMC with a session. Returns failures instead of throwing them. */
  async close(w: Waiting): Promise<readonly Error[]> {
    this.#isClosed = true;
    // Aborting a logon would leave its session behind.
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
      this.#options.log.debug({ event: 'hmc.close', error: describeError(error) }, 'the pending logon failed');
    }
  }

  /** Returns the current session, or logs on. Callers share one logon; each may stop waiting for it. */
  async granted(w: Waiting): Promise<Grant> {
    if (this.#isClosed) throw closed();
    if (this.#current.grant !== undefined) return this.#current.grant;
    this.#logon ??= this.#logOnAnywhere().finally(() => {
      this.#logon = undefined;
    });
    return await whileWanted(this.#logon, w.signal);
  }

  async #through(grant: Grant, call: HmcRequest, w: Waiting): Promise<RawAnswer> {
    try {
      return await grant.endpoint.sendRaw(call, grant.token, w);
    } catch (error) {
      if (error instanceof HmcConnectionError && !error.sent && error.phase !== 'queue') this.#leave(grant.endpoint);
      throw error;
    }
  }

  /** Switches to the next HMC, and the session that it may still have. */
  #leave(endpoint: HmcEndpoint): void {
    const next = this.#inOrder(endpoint)[1];
    if (next === undefined || this.#current !== endpoint) return;
    this.#options.log.warn({ event: 'hmc.failover', from: endpoint.host, to: next.host }, 'trying the next HMC');
    this.#current = next;
    this.#tellChange();
  }

  #forget(grant: Grant): void {
    if (grant.endpoint.grant !== grant) return;
    grant.endpoint.grant = undefined;
    this.#tellChange();
  }

  /** Returns all HMCs, starting with the given one. */
  #inOrder(first: HmcEndpoint): readonly HmcEndpoint[] {
    const { endpoints } = this.#options;
    const at = endpoints.indexOf(first);
    return [...endpoints.slice(at), ...endpoints.slice(0, at)];
  }

  async #logOnAnywhere(): Promise<Grant> {
    const w = { signal: this.#lifetime.signal };
    const { logon } = this.#options;
    const grant = await this.#atFirst(async (endpoint) => endpoint.grant ?? (await logon.at(endpoint, w)), w);
    this.#current = grant.endpoint;
    this.#tellChange();
    return grant;
  }

  #tellChange(): void {
    for (const listener of this.#listeners) listener();
  }

  /**
   * Runs work at the first HMC, from the current one on, that gives a meaningful answer. If none does, the error says that
   * nothing was sent, because the caller's request never was.
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

/** Whether the connection failed, or what answered is not (yet) the Web Services API. */
function isOutOfReach(error: unknown): boolean {
  if (error instanceof HmcConnectionError) return error.phase !== 'queue';
  return error instanceof HmcHttpError && error.status >= 500;
}

function unreachable(endpoints: readonly HmcEndpoint[], failures: readonly Error[]): HmcConnectionError {
  const host = endpoints.map((endpoint) => endpoint.host).join(', ');
  const last = failures.at(-1);
  const phase = last instanceof HmcConnectionError ? last.phase : 'receive';
  const where = { host, phase, sent: false } as const;
  if (failures.length === 1) return new HmcConnectionError(`HMC ${host} is unreachable`, where, last);
  return new HmcConnectionError(`none of the HMCs ${host} answers`, where, new AggregateError(failures, 'of each HMC'));
}

function closed(): ConflictError {
  return new ConflictError('the HMC session is closed');
}
