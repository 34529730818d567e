/**
 * The phase in which a request failed: waiting in the queue of this process, connecting, negotiating TLS, sending, or
 * receiving the response. `redirect`: the peer answered with a redirect and did not run the request.
 */
export type TransportPhase = 'queue' | 'connect' | 'tls' | 'send' | 'receive' | 'redirect';

/** The peer and the request, without the query. */
export interface RequestPlace {
  readonly host: string;
  readonly method: string;
  readonly path: string;
}

/**
 * The peer did not send a usable response. `sent` is false if the peer cannot have received the request, so that a retry
 * is safe. The clients translate this error into their own connection errors.
 */
export class TransportError extends Error {
  readonly phase: TransportPhase;
  readonly sent: boolean;
  readonly host: string;
  readonly reason: string;

  constructor(phase: TransportPhase, sent: boolean, reason: string, where: RequestPlace, cause?: unknown) {
    super(`${where.method} ${where.path} at ${where.host}: ${reason}`, { cause });
    this.name = 'TransportError';
    this.phase = phase;
    this.sent = sent;
    this.host = where.host;
    this.reason = reason;
  }
}

/** Returns the peer, method and path of a request, without its query, for errors and logs. */
export function placeOf(baseUrl: string, { method, path }: { method: string; path: string }): RequestPlace {
  return { host: new URL(baseUrl).host, method, path: path.replace(/\?.*$/s, '') };
}

const redirecting: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Returns an error if the response is a redirect. This program never follows redirects: it would send the session or
 * token to any server that the peer names, perhaps over plain http.
 *
 * @param baseUrl - of the peer that answered
 */
export function redirectError(
  { status, headers }: { readonly status: number; readonly headers: Readonly<Record<string, string>> },
  request: { readonly method: string; readonly path: string },
  baseUrl: string,
): TransportError | undefined {
  if (!redirecting.has(status)) return undefined;
  const place = URL.parse(headers.location ?? '', baseUrl)?.origin ?? 'another place';
  const reason = `it redirects to ${place} (${status}), which is not followed: the settings have to name the peer itself`;
  return new TransportError('redirect', false, reason, placeOf(baseUrl, request));
}
