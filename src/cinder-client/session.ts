import type { z } from 'zod';
import { ConflictError, retry, toError } from '../base/index.ts';
import type { Logger, Outages, Waiting } from '../base/index.ts';
import { redirectError, TransportError } from '../http/index.ts';
import type { HttpTransport, TransportRequest, TransportResponse } from '../http/index.ts';
import { parseEndpoint, resourceRoot } from './endpoint.ts';
import type { Endpoint } from './endpoint.ts';
import { CinderAuthError, CinderConnectionError, CinderHttpError, lastAttempt, unreachablePeer } from './errors.ts';
import { formatMicroversion, maximumOfRefusal, since } from './microversion.ts';
import type { Microversion } from './microversion.ts';
import type { CinderPolicies } from './options.ts';
import { askedDelayMs, mayRepeat } from './policy.ts';
import type { CallKind } from './policy.ts';
import { SingleFlight } from './single-flight.ts';
import type { Token, TokenSource } from './tokens.ts';
import { readFault, readRequestId, readRetryAfterMs } from './wire/fault.ts';
import { parseAnswer } from './wire/parse.ts';
import { readMaximum } from './wire/version.ts';

/** One call of Cinder. */
export interface Call {
  /** What is being done, to which resource: begins every error's message. */
  readonly what: string;
  readonly kind: CallKind;
  readonly method: TransportRequest['method'];
  /** Below the project: `/volumes/…`. */
  readonly path: string;
  readonly body?: unknown;
  /** Least microversion that has the call. */
  readonly needs?: Microversion;
  /** Microversion to ask for where the server has it; the least one asked for is `needs`. */
  readonly wants?: Microversion;
  readonly timeoutMs?: number | undefined;
}

export interface SessionOptions {
  readonly tokens: TokenSource;
  readonly serviceTokens: TokenSource | undefined;
  /** From the token's catalog, or fixed. */
  readonly findUrl: (token: Token) => string;
  readonly openTransport: (origin: string) => HttpTransport;
  readonly policies: CinderPolicies;
  readonly outages: Outages;
  readonly clock: () => number;
  readonly requestId: (() => string) | undefined;
  readonly log: Logger;
  readonly owner: AbortSignal;
}

interface Ready {
  readonly endpoint: Endpoint;
  readonly transport: HttpTransport;
  readonly maximum: Microversion;
}

/**
 * What all calls ask for, unless they say otherwise: Nova's choice, at which both flows are whole. Source: nova
 * volume/cinder.py.
 */
const USUAL = since.attachmentComplete;

/**
 * One Cinder behind its tokens: finds the endpoint and the level once, sends calls, renews a refused token once, lowers
 * the microversion when the server says so, and repeats by policy.
 */
export class CinderSession {
  readonly #options: SessionOptions;
  readonly #flight: SingleFlight<Ready>;
  #ready: Ready | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#flight = new SingleFlight(async (signal) => await this.#prepare(signal), options.owner);
  }

  /** The server's highest microversion. */
  async maximum(w: Waiting): Promise<Microversion> {
    return (await this.#get(w)).maximum;
  }

  /** The v3 root that is in use. */
  async url(w: Waiting): Promise<string> {
    const { endpoint } = await this.#get(w);
    return `${endpoint.origin}${endpoint.root}`;
  }

  /** The tokens in use, for a check. */
  async tokens(w: Waiting): Promise<{ user: Token; service: Token | undefined }> {
    return { user: await this.#options.tokens.get(w), service: await this.#options.serviceTokens?.get(w) };
  }

  /** Sends a call and reads its answer. */
  async read<T>(call: Call, schema: z.ZodType<T>, w: Waiting): Promise<T> {
    return parseAnswer(schema, await this.send(call, w), call.what);
  }

  /** Sends a call; answers with the text of the answer. */
  async send(call: Call, w: Waiting): Promise<string> {
    const { text } = await this.#patiently(call, w.signal, async () => await this.#attempt(call, w));
    return text;
  }

  /** Repeats by policy; and all of it again for as long as Cinder or Keystone is away. */
  async #patiently<T>(
    { what, kind }: Pick<Call, 'what' | 'kind'>,
    signal: AbortSignal,
    attempt: () => Promise<T>,
  ): Promise<T> {
    const { policies, outages, log } = this.#options;
    const isRepeatable = (error: Error) => mayRepeat(kind, error);
    const repeat = { what, policy: policies[kind], signal, isRetryable: isRepeatable, askedDelayMs, log };
    return await outages.through(async () => await retry(attempt, repeat), {
      policy: policies.outage,
      signal,
      peerOf: unreachablePeer,
      isRepeatable: (error) => isRepeatable(toError(lastAttempt(error))),
      askedDelayMs,
    });
  }

  async #attempt(call: Call, w: Waiting): Promise<TransportResponse> {
    const ready = await this.#get(w);
    const response = await this.#sendAt(ready, call, w);
    const { transport } = ready;
    if (response.status !== 406) return this.#accept(response, call, transport);
    // The server has become older than it said: a downgrade, or another one behind the same address.
    const maximum = maximumOfRefusal(readFault(response).message);
    if (maximum === undefined || maximum >= ready.maximum) return this.#accept(response, call, transport);
    this.#options.log.warn(
      { event: 'cinder.microversion', maximum: formatMicroversion(maximum) },
      'microversion lowered',
    );
    this.#ready = { ...ready, maximum };
    return this.#accept(await this.#sendAt(this.#ready, call, w), call, transport);
  }

  async #sendAt(ready: Ready, call: Call, w: Waiting): Promise<TransportResponse> {
    const { needs = since.base, wants = Math.max(USUAL, needs) } = call;
    if (ready.maximum < needs) {
      const speaks = formatMicroversion(ready.maximum);
      throw new ConflictError(`${call.what}: needs microversion ${formatMicroversion(needs)}, Cinder speaks ${speaks}`);
    }
    const { project } = await this.#options.tokens.get(w);
    const path = `${resourceRoot(ready.endpoint, ready.maximum, project?.id)}${call.path}`;
    const version = `volume ${formatMicroversion(Math.min(wants, ready.maximum))}`;
    const { method, body, timeoutMs } = call;
    const headers = { 'OpenStack-API-Version': version };
    return await this.#exchange(call.what, ready.transport, { method, path, body, timeoutMs, headers }, w);
  }

  /**
   * One exchange; a refused token is renewed once, and the request sent once more. Source: keystoneauth1 identity/v3
   * and session.py.
   */
  async #exchange(what: string, transport: HttpTransport, request: Request, w: Waiting): Promise<TransportResponse> {
    const first = await this.#sendWithTokens(what, transport, request, w);
    if (first.response.status !== 401 || !first.discard()) return this.#refuse401(first.response, what);
    return this.#refuse401((await this.#sendWithTokens(what, transport, request, w)).response, what);
  }

  async #sendWithTokens(what: string, transport: HttpTransport, request: Request, w: Waiting): Promise<Sent> {
    const { tokens, serviceTokens, requestId } = this.#options;
    const [token, serviceToken] = await Promise.all([tokens.get(w), serviceTokens?.get(w)]);
    const headers = {
      Accept: 'application/json',
      'X-Auth-Token': token.value.reveal(),
      ...(serviceToken === undefined ? {} : { 'X-Service-Token': serviceToken.value.reveal() }),
      ...(requestId === undefined ? {} : { 'X-OpenStack-Request-ID': requestId() }),
      ...request.headers,
    };
    try {
      const response = await transport.request({ ...request, headers, signal: w.signal });
      // A 503 is looked at where it is made an error.
      if (response.status < 500) this.#options.outages.answered('Cinder');
      // Which of the two was refused, Cinder does not say.
      const discard = () => {
        if (serviceToken !== undefined) serviceTokens?.discard(serviceToken);
        return tokens.discard(token);
      };
      return { response, discard };
    } catch (error) {
      if (error instanceof TransportError) throw this.#noted(new CinderConnectionError(what, 'Cinder', error));
      throw error;
    }
  }

  /** Notes who does not answer. */
  #noted<E extends CinderConnectionError | CinderHttpError>(error: E): E {
    const peer = unreachablePeer(error);
    if (peer !== undefined) this.#options.outages.failed(peer);
    return error;
  }

  #refuse401(response: TransportResponse, what: string): TransportResponse {
    if (response.status !== 401) return response;
    // A service token without the role counts as none at all, and the whole request is refused (observed.md 1).
    const service = this.#options.serviceTokens === undefined ? '' : ', or that of the service user (has it the role?)';
    const facts = { status: 401, requestId: readRequestId(response.headers) };
    throw new CinderAuthError(`${what}: Cinder refuses the token${service}`, facts);
  }

  #accept(response: TransportResponse, call: Call, transport: HttpTransport): TransportResponse {
    if (response.status >= 200 && response.status < 300) return response;
    const redirect = redirectError(response, call, transport.baseUrl);
    if (redirect !== undefined) throw new CinderConnectionError(call.what, 'Cinder', redirect);
    const refusal = new CinderHttpError({
      what: call.what,
      peer: 'Cinder',
      method: call.method,
      path: call.path.replace(/\?.*$/s, ''),
      status: response.status,
      ...readFault(response),
      requestId: readRequestId(response.headers),
      retryAfterMs: readRetryAfterMs(response.headers['retry-after'], this.#options.clock()),
    });
    throw this.#noted(refusal);
  }

  async #get(w: Waiting): Promise<Ready> {
    return this.#ready ?? (await this.#flight.run(w.signal));
  }

  async #prepare(signal: AbortSignal): Promise<Ready> {
    const endpoint = parseEndpoint(this.#options.findUrl(await this.#options.tokens.get({ signal })));
    const transport = this.#options.openTransport(endpoint.origin);
    this.#ready = { endpoint, transport, maximum: await this.#discover(endpoint, transport, signal) };
    return this.#ready;
  }

  /**
   * Below a token there is `/v3/`; some sites hide it, or have only the list before it. An answer that cannot be read is
   * no reason to assume an old Cinder: what was reserved in the flow of today would not be found in that of old.
   */
  async #discover(endpoint: Endpoint, transport: HttpTransport, signal: AbortSignal): Promise<Microversion> {
    const places = [`${endpoint.root}/`, endpoint.root.replace(/v3$/, '')];
    for (const path of places) {
      const text = await this.#readDocument(transport, path, signal);
      const maximum = text === undefined ? undefined : readMaximum(text, `${readVersions} at ${path}`);
      if (maximum !== undefined) return maximum;
    }
    this.#options.log.warn({ event: 'cinder.version', places }, 'no version document of Cinder found, 3.0 is assumed');
    return 0;
  }

  /** @returns undefined where there is no document, but somebody else's page or nothing */
  async #readDocument(transport: HttpTransport, path: string, signal: AbortSignal): Promise<string | undefined> {
    const what = readVersions;
    const call: Call = { what, kind: 'read', method: 'GET', path };
    const read = async () => {
      const response = await this.#exchange(what, transport, { method: 'GET', path }, { signal });
      return isListOfVersions(response) || hasNoDocument.has(response.status)
        ? response
        : this.#accept(response, call, transport);
    };
    const { text, status, headers } = await this.#patiently(call, signal, read);
    const isPage = headers['content-type']?.startsWith('text/html') === true;
    return hasNoDocument.has(status) || isPage ? undefined : text;
  }
}

const readVersions = 'read the versions of Cinder';

/** Cinder answers 300 where it lists its versions. Source: recorded from Cinder 21.3.1. */
function isListOfVersions({ status }: TransportResponse): boolean {
  return status === 300;
}

type Request = Omit<TransportRequest, 'signal'>;
interface Sent {
  readonly response: TransportResponse;
  /** Discards the tokens that were sent; true when others can be had. */
  readonly discard: () => boolean;
}

/** These send us to look in the other place. */
const hasNoDocument: ReadonlySet<number> = new Set([301, 302, 403, 404, 405]);
