import { TransportError } from './errors.ts';
import type { TransportRequest, TransportResponse } from './transport.ts';

const redirecting: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * The error of an answer that sends us elsewhere, undefined of any other. Nothing of ours asks for what is redirected, and
 * who follows hands session or token to whoever is named: over plain http, for one.
 *
 * @param baseUrl - of the peer that was asked
 */
export function redirectError(
  response: Pick<TransportResponse, 'status' | 'headers'>,
  { method, path }: Pick<TransportRequest, 'method' | 'path'>,
  baseUrl: string,
): TransportError | undefined {
  if (!redirecting.has(response.status)) return undefined;
  const { host } = new URL(baseUrl);
  const place = URL.parse(response.headers.location ?? '', baseUrl)?.origin ?? 'another place';
  const reason = `it redirects to ${place} (${response.status}), which is not followed: the settings have to name the peer itself`;
  return new TransportError('redirect', false, reason, { host, method, path: path.replace(/\?.*$/s, '') });
}
