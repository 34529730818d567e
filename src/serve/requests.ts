import { randomUUID } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ConflictError } from '../base/index.ts';
import { ServiceError } from './service-error.ts';

/** Returns a signal that fires when the client closes its connection before it has the answer. */
export function goneSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.on('close', () => {
    if (!reply.raw.writableFinished) gone.abort(new ConflictError('the client has left'));
  });
  return gone.signal;
}

/** Returns the request id of Nova, or a new one if the client sent none in Nova's form. */
export function requestIdOf(header: string | string[] | undefined): string {
  return typeof header === 'string' && /^req-[A-Za-z0-9-]{1,64}$/.test(header) ? header : `req-${randomUUID()}`;
}

/** @throws ServiceError for a key of another form, or if there is none and the method needs one */
export function idempotencyKeyOf({ headers }: FastifyRequest, isNeeded: boolean): string | undefined {
  const key = headers['idempotency-key'];
  const expected = '1 to 128 letters, digits, ".", "_" or "-"';
  if (key === undefined && !isNeeded) return undefined;
  if (key === undefined)
    throw new ServiceError('INVALID_REQUEST', `the header Idempotency-Key is missing: expected ${expected}`);
  if (typeof key === 'string' && isIdempotencyKey(key)) return key;
  throw new ServiceError('INVALID_REQUEST', `the header Idempotency-Key has another form: expected ${expected}`);
}

export function isIdempotencyKey(text: string): boolean {
  return /^[A-Za-z0-9._-]{1,128}$/.test(text);
}

/** The longest deadline that a timer of Node.js can keep, in seconds. */
const MAX_SECONDS = 2_000_000;

/** @throws ServiceError for another form than a positive number of seconds */
export function deadlineMsOf({ headers }: FastifyRequest): number | undefined {
  const text = headers['x-deadline-seconds'];
  if (text === undefined) return undefined;
  const seconds = typeof text === 'string' && /^\d{1,9}(?:\.\d{1,6})?$/.test(text) ? Number(text) : 0;
  if (seconds > 0 && seconds <= MAX_SECONDS) return Math.ceil(seconds * 1000);
  const expected = `a positive number of seconds, at most ${MAX_SECONDS}`;
  throw new ServiceError('INVALID_REQUEST', `the header X-Deadline-Seconds has another form: expected ${expected}`);
}
