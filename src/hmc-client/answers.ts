import { z } from 'zod';
import type { Logger } from '../base/index.ts';
import { HmcSchemaError } from './errors.ts';
import type { Refusal } from './errors.ts';
import { REASON_API_DISABLED, REASON_UNREADABLE } from './wire/reasons.ts';

/** Key of any JSON answer under which an HMC reports on itself. Source: python-zhmcclient _session.py. */
const IMPLEMENTATION_ERRORS = '@@implementation-errors';

const errorBody = z.looseObject({ reason: z.int(), message: z.string().nullish() });

/**
 * What a refusal says; a body without a reason that can be read gets one of our own. Source: python-zhmcclient
 * _session.py; python-zhmcclient _exceptions.py.
 */
export function refusalOf(
  answer: { readonly status: number; readonly body?: unknown },
  request: { readonly method: string; readonly uri: string },
): Refusal {
  const { status } = answer;
  const parsed = errorBody.safeParse(answer.body);
  if (parsed.success) {
    return { ...request, status, reason: parsed.data.reason, hmcMessage: parsed.data.message ?? '' };
  }
  const isDisabled = typeof answer.body === 'string' && /web services.{0,80}not.{0,20}enabled/is.test(answer.body);
  return isDisabled
    ? { ...request, status, reason: REASON_API_DISABLED, hmcMessage: 'the Web Services API is not enabled on this HMC' }
    : { ...request, status, reason: REASON_UNREADABLE, hmcMessage: 'the answer is not from the Web Services API' };
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
