import { z } from 'zod';
import { parseForeignJson } from '../base/index.ts';
import { redirectError, TransportError } from '../http/index.ts';
import type { HttpTransport, TransportRequest, TransportResponse } from '../http/index.ts';
import { CinderConnectionError, CinderHttpError } from './errors.ts';
import type { Peer } from './errors.ts';

/** Sends one request. @throws CinderConnectionError, made from a TransportError */
export async function exchange(
  what: string,
  peer: Peer,
  transport: HttpTransport,
  request: TransportRequest,
): Promise<TransportResponse> {
  try {
    return await transport.request(request);
  } catch (error) {
    throw error instanceof TransportError ? new CinderConnectionError(what, peer, error) : error;
  }
}

interface Asked extends Pick<TransportRequest, 'method' | 'path'> {
  readonly what: string;
  readonly baseUrl: string;
}

/** Returns the error for a response that is a redirect or a refusal. */
export function answerError(
  peer: Peer,
  { what, baseUrl, method, path }: Asked,
  response: TransportResponse,
  nowMs: number,
): CinderConnectionError | CinderHttpError {
  const redirect = redirectError(response, { method, path }, baseUrl);
  if (redirect !== undefined) return new CinderConnectionError(what, peer, redirect);
  const requestId = readRequestId(response.headers);
  const retryAfterMs = readRetryAfterMs(response.headers['retry-after'], nowMs);
  const { status } = response;
  return new CinderHttpError({ what, peer, method, path, status, ...readFault(response), requestId, retryAfterMs });
}

/** `{"<fault>": {"code", "message"}}`: Cinder, and Keystone with the fault `error`. */
const fault = z.record(z.string(), z.looseObject({ message: z.string() }));
/** From Cinder's router: `{"message", "code": "404 Not Found", "title"}`. */
const routerFault = z.looseObject({ message: z.string(), title: z.string() });

/** Reads the body of an error response. The fault name is empty if the body does not come from the service itself. */
export function readFault({ text, contentType }: TransportResponse): { faultName: string; message: string } {
  const body = parseQuietly(text);
  const own = fault.safeParse(body);
  const [name, detail] = own.success ? (Object.entries(own.data)[0] ?? []) : [];
  if (name !== undefined && detail !== undefined) return { faultName: name, message: tidy(detail.message) };
  const router = routerFault.safeParse(body);
  if (router.success) return { faultName: '', message: tidy(router.data.message) };
  const type = contentType.split(';', 1)[0] ?? contentType;
  return { faultName: '', message: contentType === '' ? 'no text' : `an answer of type ${type}` };
}

function parseQuietly(text: string): unknown {
  try {
    return parseForeignJson(text);
  } catch {
    return undefined; // most likely a proxy's page
  }
}

/** Removes the markup from messages of the router, and limits their length for log lines. */
function tidy(text: string): string {
  return text
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, 600);
}

/** Reads `Retry-After`, in seconds or as a date, in milliseconds from now. */
function readRetryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}

/** Returns the request ID of the server. */
export function readRequestId(headers: Readonly<Record<string, string>>): string | undefined {
  return headers['x-openstack-request-id'] ?? headers['x-compute-request-id'];
}
