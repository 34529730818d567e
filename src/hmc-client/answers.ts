import { z } from 'zod';
import type { Logger } from '../base/index.ts';
import { HmcSchemaError } from './errors/index.ts';
import type { Refusal } from './errors/index.ts';
import { oneLine, readPage } from './error-page.ts';
import { REASON_UNREADABLE, reasonMeaning } from './wire/reasons.ts';

/** Key of any JSON answer under which an HMC reports on itself (python-zhmcclient _session.py). */
const IMPLEMENTATION_ERRORS = '@@implementation-errors';

/** A reason is a number; as text it was seen from what stands before an HMC. Either field may be missing. */
const errorBody = z.looseObject({
  reason: z.union([z.int(), z.string()]).nullish(),
  message: z.string().nullish(),
});

/**
 * What a refusal says; one without a reason that can be read gets one of our own. A body that is text is one that is not
 * JSON (python-zhmcclient _session.py, _exceptions.py).
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
  const { reason, message } = parsed.data;
  const code = typeof reason === 'string' && /^\d{1,6}$/.test(reason) ? Number(reason) : reason;
  if (typeof code !== 'number') {
    const why = typeof code === 'string' ? `reason "${oneLine(code)}"` : 'no reason is given';
    return unreadable([message, why].filter((text) => text !== undefined && text !== null && text !== '').join('; '));
  }
  const said = message === undefined || message === null || message === '' ? reasonMeaning(status, code) : message;
  return { ...request, status, reason: code, hmcMessage: said ?? '' };
}

/** Takes the HMC's report on itself out of an answer, and logs it. */
export function stripImplementationErrors(body: unknown, operation: string, log: Logger): unknown {
  if (body === null || typeof body !== 'object' || !(IMPLEMENTATION_ERRORS in body)) return body;
  const { [IMPLEMENTATION_ERRORS]: reported, ...rest } = body;
  log.warn({ event: 'hmc.implementation-errors', operation, reported }, 'the HMC reports errors of its own');
  return rest;
}

/** @throws HmcSchemaError naming the paths at which the answer differs from what is documented */
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
