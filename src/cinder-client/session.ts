import type { z } from 'zod';
import { ConflictError } from '../base/index.ts';
import type { Waiting } from '../base/index.ts';
import type { HttpTransport, TransportRequest, TransportResponse } from '../http/index.ts';
import { answerError, exchange, readFault, readRequestId } from './answers.ts';
import { formatMicroversion, maximumOfRefusal, parseEndpoint, resourceRoot, since } from './endpoint.ts';
import type { Endpoint, Microversion } from './endpoint.ts';
import { CinderAuthError, unreachablePeer } from './errors.ts';
import { repeat } from './policy.ts';
import type { CallKind } from './policy.ts';
import type { Resources } from './resources.ts';
import { SingleFlight } from './single-flight.ts';
import type { Token, TokenSource } from './tokens.ts';
import { parseAnswer } from './wire/parse.ts';
import { readMaximum } from './wire/version.ts';

/** A call of Cinder's API. */
export interface Call {
  /** The operation and its resource, for the beginning of error messages. */
  readonly what: string;
  readonly kind: CallKind;
  readonly method: TransportRequest['method'];
  /** The path below the project, for example `/volumes/…`. */
  readonly path: string;
  readonly body?: unknown;
  /** The lowest microversion that supports the call. */
  readonly needs?: Microversion;
  /** The microversion to request if the server supports it, else the highest of the server, but at least `needs`. */
  readonly wants?: Microversion;
  readonly timeoutMs?: number | undefined;
}

interface Sources {
  readonly tokens: TokenSource;
  readonly serviceTokens: TokenSource | undefined;
  /** Returns Cinder's URL: configured, or from the token's catalog. */
  readonly findUrl: (token: Token) => string;
}

interface Ready {
  readonly endpoint: Endpoint;
  readonly transport: HttpTransport;
  readonly maximum: Microversion;
}

/** The default microversion, as in Nova: the first one in which the attachments flow is complete. Source: nova volume/cinder.py. */
const USUAL = since.attachmentComplete;

/**
 * Sends calls to Cinder with a token. Finds the endpoint and the microversion once, renews a refused token once, lowers the
 * microversion when the server demands it, and retries by policy.
 */
export class CinderSession {
  readonly resources: Resources;
  readonly #sources: Sources;
  readonly #flight: SingleFlight<Ready>;
  #ready: Ready | undefined;

  constructor(resources: Resources, sources: Sources) {
    this.resources = resources;
    this.#sources = sources;
    this.#flight = new SingleFlight(async (signal) => await this.#prepare(signal), resources.owner);
  }

  /** Returns the server's highest microversion. */
  async maximum(w: Waiting): Promise<Microversion> {
    return (await this.#get(w)).maximum;
  }

  /** Returns the v3 root in use. */
  async url(w: Waiting): Promise<string> {
    const { endpoint } = await this.#get(w);
    return `${endpoint.origin}${endpoint.root}`;
  }

  /** Returns the tokens in use, for a check. */
  async tokens(w: Waiting): Promise<{ user: Token; service: Token | undefined }> {
    return { user: await this.#sources.tokens.get(w), service: await this.#sources.serviceTokens?.get(w) };
  }

  /** Sends a call and parses the answer. */
  async read<T>(call: Call, schema: z.ZodType<T>, w: Waiting): Promise<T> {
    return parseAnswer(schema, await this.send(call, w), call.what);
  }

  /** Sends a call and returns the text of the answer. */
  async send(call: Call, w: Waiting): Promise<string> {
    const attempt = async () => await this.#attempt(call, w);
    return (await repeat({ ...call, ...w }, this.resources, attempt)).text;
  }

  async #attempt(call: Call, w: Waiting): Promise<TransportResponse> {
    const ready = await this.#get(w);
    const response = await this.#sendAt(ready, call, w);
    const { transport } = ready;
    if (response.status !== 406) return this.#accept(response, call, transport);
    // The server is older than it reported before: after a downgrade, or another server has the same address.
    const maximum = maximumOfRefusal(readFault(response).message);
    if (maximum === undefined || maximum >= ready.maximum) return this.#accept(response, call, transport);
    const lowered = formatMicroversion(maximum);
    this.resources.log.warn({ event: 'cinder.microversion', maximum: lowered }, 'microversion lowered');
    this.#ready = { ...ready, maximum };
    return this.#accept(await this.#sendAt(this.#ready, call, w), call, transport);
  }

  async #sendAt(ready: Ready, call: Call, w: Waiting): Promise<TransportResponse> {
    const { needs = since.base, wants = Math.max(USUAL, needs) } = call;
    if (ready.maximum < needs) {
      const speaks = formatMicroversion(ready.maximum);
      throw new ConflictError(
        `${call.what}: needs microversion ${formatMicroversion(needs)}, but the highest of Cinder is ${speaks}`,
      );
    }
    const { project } = await this.#sources.tokens.get(w);
    const path = `${resourceRoot(ready.endpoint, ready.maximum, project?.id)}${call.path}`;
    const version = `volume ${formatMicroversion(Math.min(wants, ready.maximum))}`;
    const { method, body, timeoutMs } = call;
    const headers = { 'OpenStack-API-Version': version };
    return await this.#exchange(call.what, ready.transport, { method, path, body, timeoutMs, headers }, w);
  }

  /** Sends a request; after a 401 once more with new tokens. Source: keystoneauth1 identity/v3 and session.py. */
  async #exchange(what: string, transport: HttpTransport, request: Request, w: Waiting): Promise<TransportResponse> {
    const send = async () => await this.#sendWithTokens(what, transport, request, w);
    const first = await send();
    const { response } = first.response.status === 401 && first.discard() ? await send() : first;
    if (response.status !== 401) return response;
    // Cinder also answers 401 if the service user lacks the role `service` (observed.md 1).
    const service =
      this.#sources.serviceTokens === undefined
        ? ''
        : ', or the token of the service user (does that user have the role "service"?)';
    const facts = { status: 401, requestId: readRequestId(response.headers) };
    throw new CinderAuthError(`${what}: Cinder refuses the token${service}`, facts);
  }

  async #sendWithTokens(what: string, transport: HttpTransport, request: Request, w: Waiting) {
    const { tokens, serviceTokens } = this.#sources;
    const { outages, options } = this.resources;
    const [token, serviceToken] = await Promise.all([tokens.get(w), serviceTokens?.get(w)]);
    const headers = {
      Accept: 'application/json',
      'X-Auth-Token': token.value.reveal(),
      ...(serviceToken === undefined ? {} : { 'X-Service-Token': serviceToken.value.reveal() }),
      ...(options.requestId === undefined ? {} : { 'X-OpenStack-Request-ID': options.requestId() }),
      ...request.headers,
    };
    try {
      const response = await exchange(what, 'Cinder', transport, { ...request, headers, signal: w.signal });
      // #accept decides whether a 5xx is an outage.
      if (response.status < 500) outages.answered('Cinder');
      // Discards both tokens, because Cinder does not say which one it refused. Returns whether new tokens are possible.
      const discard = () => {
        if (serviceToken !== undefined) serviceTokens?.discard(serviceToken);
        return tokens.discard(token);
      };
      return { response, discard };
    } catch (error) {
      if (unreachablePeer(error) !== undefined) outages.failed('Cinder');
      throw error;
    }
  }

  #accept(response: TransportResponse, call: Call, transport: HttpTransport): TransportResponse {
    if (response.status >= 200 && response.status < 300) return response;
    const path = call.path.replace(/\?.*$/s, '');
    const where = { what: call.what, method: call.method, path, baseUrl: transport.baseUrl };
    const error = answerError('Cinder', where, response, this.resources.clock());
    if (unreachablePeer(error) !== undefined) this.resources.outages.failed('Cinder');
    throw error;
  }

  async #get(w: Waiting): Promise<Ready> {
    return this.#ready ?? (await this.#flight.run(w.signal));
  }

  async #prepare(signal: AbortSignal): Promise<Ready> {
    const endpoint = parseEndpoint(this.#sources.findUrl(await this.#sources.tokens.get({ signal })));
    const transport = this.resources.transport(endpoint.origin);
    this.#ready = { endpoint, transport, maximum: await this.#discover(endpoint, transport, signal) };
    return this.#ready;
  }

  /**
   * Finds the highest microversion: at `/v3/`, which requires a token, or in the list of versions at `/`, for sites that hide
   * `/v3/`. An unreadable response is an error and never taken for an old Cinder, because the legacy flow does not find
   * attachments of the attachments flow.
   */
  async #discover(endpoint: Endpoint, transport: HttpTransport, signal: AbortSignal): Promise<Microversion> {
    const places = [`${endpoint.root}/`, endpoint.root.replace(/v3$/, '')];
    for (const path of places) {
      const text = await this.#readDocument(transport, path, signal);
      const maximum = text === undefined ? undefined : readMaximum(text, `${readVersions} at ${path}`);
      if (maximum !== undefined) return maximum;
    }
    this.resources.log.warn({ event: 'cinder.version', places }, 'found no version document of Cinder; assuming 3.0');
    return 0;
  }

  /** Returns a version document. Undefined if the path has none, or has a web page. */
  async #readDocument(transport: HttpTransport, path: string, signal: AbortSignal): Promise<string | undefined> {
    const call: Call = { what: readVersions, kind: 'read', method: 'GET', path };
    const { text, status, headers } = await repeat({ ...call, signal }, this.resources, async () => {
      const response = await this.#exchange(readVersions, transport, { method: 'GET', path }, { signal });
      // Cinder answers 300 with its list of versions. Source: recorded from Cinder 21.3.1.
      const isKnown = response.status === 300 || hasNoDocument.has(response.status);
      return isKnown ? response : this.#accept(response, call, transport);
    });
    const isPage = headers['content-type']?.startsWith('text/html') === true;
    return hasNoDocument.has(status) || isPage ? undefined : text;
  }
}

const readVersions = 'read the versions of Cinder';

type Request = Omit<TransportRequest, 'signal'>;

/** Statuses of a path without a version document. */
const hasNoDocument: ReadonlySet<number> = new Set([301, 302, 403, 404, 405]);
