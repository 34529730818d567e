import { z } from 'zod';
import type { Logger } from '../base/index.ts';
import { HmcSchemaError } from './errors/index.ts';
import type { Refusal } from './errors/index.ts';
import { REASON_API_DISABLED, REASON_UNREADABLE, reasonMeaning } from './wire/reasons.ts';

/** Key under which an HMC reports its own errors in any JSON answer (python-zhmcclient _session.py). */
const IMPLEMENTATION_ERRORS = '@@implementation-errors';

/** Proxies before an HMC send the reason as text. Either field may be missing. */
const errorBody = z.looseObject({
  reason: z.union([z.int(), z.string()]).nullish(),
  message: z.string().nullish(),
});

/**
 * Describes a refusal. Without a readable reason, it gets a reason of this client. A text body is one that is not JSON
 * (python-zhmcclient _session.py, _exceptions.py).
 */
export function refusalOf(
  answer: { readonly status: number; readonly body?: unknown },
  request: { readonly method: string; readonly uri: string },
): Refusal {
  const { status, body } = answer;
  if (typeof body === 'string') return { ...request, status, ...readPage(body) };
  const unreadable = (hmcMessage: string) => ({ ...request, status, reason: REASON_UNREADABLE, hmcMessage });
  if (body === undefined) return unreadable('the answer is empty');
  const parsed = errorBody.safeParse(body);
  if (!parsed.success) return unreadable('the answer is JSON, but not an error of the Web Services API');
  const { reason } = parsed.data;
  const message = parsed.data.message ?? '';
  const code = typeof reason === 'string' && /^\d{1,6}$/.test(reason) ? Number(reason) : reason;
  if (typeof code !== 'number') {
    const why = typeof code === 'string' ? `reason "${oneLine(code)}"` : 'no reason is given';
    return unreadable(message === '' ? why : `${message}; ${why}`);
  }
  return {
    ...request,
    status,
    reason: code,
    hmcMessage: message === '' ? (reasonMeaning(status, code) ?? '') : message,
  };
}

/** Removes the HMC's report of its own errors from an answer, and logs it. */
export function stripImplementationErrors(body: unknown, operation: string, log: Logger): unknown {
  if (body === null || typeof body !== 'object' || !(IMPLEMENTATION_ERRORS in body)) return body;
  const { [IMPLEMENTATION_ERRORS]: reported, ...rest } = body;
  log.warn({ event: 'hmc.implementation-errors', operation, reported }, 'the HMC reports errors of its own');
  return rest;
}

/** @throws HmcSchemaError with the paths at which the answer differs from its documented form */
export function parseAnswer<T>(
  call: { readonly operation: string; readonly what: string; readonly uri: string; readonly answer: z.ZodType<T> },
  body: unknown,
): T {
  const parsed = call.answer.safeParse(body);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(
    ({ path, message }) => `${path.map(String).join('.') || '(answer)'}: ${message}`,
  );
  throw new HmcSchemaError(call.what, { operation: call.operation, uri: call.uri, issues });
}

/** Characters of foreign text that are shown. */
const MAX_SHOWN = 120;

/**
 * Describes an answer that is not JSON. An HMC or a proxy answers some 5xx with an HTML page; the HMC also when its Web
 * Services API is disabled (python-zhmcclient _session.py, `_result_object`). Shows only the title of a page, because
 * other text may repeat the request.
 */
function readPage(text: string): { readonly reason: number; readonly hmcMessage: string } {
  if (/web services.{0,80}not.{0,20}enabled/is.test(text)) {
    return { reason: REASON_API_DISABLED, hmcMessage: 'the Web Services API is not enabled on this HMC' };
  }
  return { reason: REASON_UNREADABLE, hmcMessage: describePage(text) };
}

/** Describes an answer that is not JSON in a few words. */
export function describePage(text: string): string {
  if (!/<(?:!doctype\s+html|html|head|title|body)\b/i.test(text)) return 'the answer is not JSON';
  const [, title = ''] = /<title[^>]*>([^<]*)<\/title>/i.exec(text) ?? [];
  const words = oneLine(title);
  return words === '' ? 'the answer is an HTML page without a title' : `the answer is an HTML page: "${words}"`;
}

/** Returns foreign text on one line, truncated. */
function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length <= MAX_SHOWN ? line : `${line.slice(0, MAX_SHOWN)}…`;
}
