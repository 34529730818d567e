import { z } from 'zod';
import { parseForeignJson } from '../../base/index.ts';
import type { TransportResponse } from '../../http/index.ts';

/** `{"<fault>": {"code", "message"}}`: Cinder, and Keystone with the fault `error`. */
const fault = z.record(z.string(), z.looseObject({ message: z.string() }));
/** The router's own: `{"message", "code": "404 Not Found", "title"}`. */
const routerFault = z.looseObject({ message: z.string(), title: z.string() });

/** What an answer with an error status says of itself. The name is empty when the body is not the service's own. */
export function readFault(response: TransportResponse): { faultName: string; message: string } {
  const body = parseQuietly(response.text);
  const own = fault.safeParse(body);
  const [name, detail] = own.success ? (Object.entries(own.data)[0] ?? []) : [];
  if (name !== undefined && detail !== undefined) return { faultName: name, message: tidy(detail.message) };
  const router = routerFault.safeParse(body);
  if (router.success) return { faultName: '', message: tidy(router.data.message) };
  return { faultName: '', message: describeForeign(response) };
}

function parseQuietly(text: string): unknown {
  try {
    return parseForeignJson(text);
  } catch {
    return undefined; // a proxy's page, most likely: described by its type
  }
}

function describeForeign({ contentType }: TransportResponse): string {
  return contentType === '' ? 'no text' : `an answer of type ${contentType.split(';', 1)[0] ?? contentType}`;
}

/** The router's texts carry markup; and no text of a peer fills a log line. */
function tidy(text: string): string {
  return text
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, 600);
}

/** `Retry-After` in seconds or as a date, in milliseconds from now. */
export function readRetryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}

/** The server's own id of the request. */
export function readRequestId(headers: Readonly<Record<string, string>>): string | undefined {
  return headers['x-openstack-request-id'] ?? headers['x-compute-request-id'];
}
