import { parseForeignJson } from '../base/index.ts';
import type { Logger, Secret, Waiting } from '../base/index.ts';
import { HttpTransport, openTextSocket, redirectError, TransportError } from '../http/index.ts';
import type { TextSocket, TransportOptions, TransportRequest, TransportResponse } from '../http/index.ts';
import { uploadMs } from './policy.ts';
import { describePage, parseAnswer, refusalOf, stripImplementationErrors } from './answers.ts';
import { HmcConnectionError, HmcHttpError } from './errors/index.ts';
import type { HmcLevel } from './level.ts';
import type { HmcCall, HmcRequest, RawAnswer } from './requester.ts';

/** A session that an HMC has granted. */
export interface Grant {
  readonly endpoint: HmcEndpoint;
  readonly token: Secret;
  readonly level: HmcLevel;
  /** How to receive the notifications of the session. */
  readonly messages: MessageAccess | undefined;
}

/** Credentials and topics of a session at the message broker. */
export interface MessageAccess {
  readonly login: Secret;
  readonly passcode: Secret;
  readonly topics: readonly string[];
}

/** One HMC with its connections and the session that it has granted, if any. */
export class HmcEndpoint implements Disposable {
  readonly host: string;
  readonly baseUrl: string;
  readonly #options: TransportOptions;
  readonly #transport: HttpTransport;
  readonly #log: Logger;
  grant: Grant | undefined;

  constructor(options: TransportOptions) {
    this.host = new URL(options.baseUrl).host;
    this.baseUrl = options.baseUrl;
    this.#options = options;
    this.#transport = new HttpTransport(options);
    this.#log = options.log;
  }

  /**
   * Sends a request with the given session, or without one.
   *
   * @throws HmcConnectionError, HmcHttpError, HmcSchemaError
   */
  async exchange<T>(call: HmcCall<T>, token: Secret | undefined, w: Waiting): Promise<T> {
    const { body } = await this.sendRaw(call, token, w);
    return parseAnswer(call, body);
  }

  /** Like {@link exchange}, but does not check the form of the answer. */
  async sendRaw(call: HmcRequest, token: Secret | undefined, w: Waiting): Promise<RawAnswer> {
    const { method, uri, body, upload } = call;
    const headers = {
      // Also without a body, like every POST of python-zhmcclient (_session.py).
      ...(method === 'POST' ? { 'Content-Type': 'application/json' } : {}),
      ...(token === undefined ? {} : { 'X-API-Session': token.reveal() }),
    };
    const timeoutMs = upload === undefined ? undefined : uploadMs(upload);
    const request = { method, path: uri, headers, body, upload, timeoutMs, signal: w.signal };
    const response = await this.#send(call.what, request);
    const redirect = redirectError(response, { method, path: uri }, this.#transport.baseUrl);
    if (redirect !== undefined) throw this.#unreached(call.what, redirect);
    const isText = call.textType !== undefined && response.contentType.startsWith(call.textType);
    if (isText && response.status < 400) return { status: response.status, body: response.text };
    const parsed = parseJson(response);
    if (response.status >= 400) throw this.#refused(call, response, parsed);
    if (parsed === notJson || call.textType !== undefined) throw this.#damaged(call.what, response.text);
    return { status: response.status, body: stripImplementationErrors(parsed, call.operation, this.#log) };
  }

  /** Opens a WebSocket. The path has all the authentication. @throws HmcConnectionError */
  async openSocket(what: string, path: string, w: Waiting): Promise<TextSocket> {
    try {
      return await openTextSocket(this.#options, path, w.signal);
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      throw this.#unreached(what, error);
    }
  }

  [Symbol.dispose](): void {
    this.#transport[Symbol.dispose]();
  }

  async #send(what: string, request: TransportRequest): Promise<TransportResponse> {
    try {
      return await this.#transport.request(request);
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      throw this.#unreached(what, error);
    }
  }

  #unreached(what: string, { phase, sent, reason, cause }: TransportError): HmcConnectionError {
    const { host } = this;
    return new HmcConnectionError(`${what}: HMC ${host}: ${reason}`, { host, phase, sent }, cause);
  }

  #refused(call: HmcRequest, response: TransportResponse, parsed: unknown): HmcHttpError {
    const body = parsed === notJson ? response.text : parsed;
    const refusal = refusalOf({ status: response.status, body }, { method: call.method, uri: call.uri });
    const { operation, method, uri } = call;
    const { status, reason } = refusal;
    this.#log.debug({ event: 'hmc.refused', operation, method, uri, status, reason }, 'the HMC refused');
    return new HmcHttpError(call.what, { ...refusal, retryAfterMs: retryAfter(response.headers['retry-after']) });
  }

  /** The answer was damaged on its way, so the outcome of the request is unknown. */
  #damaged(what: string, text: string): HmcConnectionError {
    const where = { host: this.host, phase: 'receive', sent: true } as const;
    return new HmcConnectionError(`${what}: HMC ${this.host}: ${describePage(text)}`, where);
  }
}

const notJson = Symbol('not JSON');

function parseJson({ text }: TransportResponse): unknown {
  if (text === '') return undefined;
  try {
    return parseForeignJson(text);
  } catch {
    return notJson;
  }
}

/** Parses seconds; a date is not expected and ignored. */
function retryAfter(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) * 1_000 : undefined;
}
