/**
 * How far a request got: waiting in our own queue, connecting, negotiating TLS, sending, reading the answer; or it was
 * redirected, and the peer did nothing else.
 */
export type TransportPhase = 'queue' | 'connect' | 'tls' | 'send' | 'receive' | 'redirect';

/** The peer and the request, without its query. */
export interface RequestPlace {
  readonly host: string;
  readonly method: string;
  readonly path: string;
}

/**
 * No usable answer came. `sent` is false if the peer cannot have received the request, so that it may be repeated. The
 * clients translate it into their own connection errors.
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

/** Returns where a request goes. Errors and logs never contain its query. */
export function placeOf(baseUrl: string, { method, path }: { method: string; path: string }): RequestPlace {
  return { host: new URL(baseUrl).host, method, path: path.replace(/\?.*$/s, '') };
}

const redirecting: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Returns the error of a redirect; undefined for any other answer. Redirects are never followed: the session or token
 * would go to any server that the peer names, perhaps over plain http.
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
