import type { SimResponse } from '../../server/index.ts';

// cinder/api/openstack/wsgi.py, Fault: every other status is a computeFault, 406 among them.
const FAULT_NAMES: Readonly<Record<number, string>> = {
  400: 'badRequest',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'itemNotFound',
  405: 'badMethod',
  409: 'conflictingRequest',
  413: 'overLimit',
  415: 'badMediaType',
  429: 'overLimit',
  501: 'notImplemented',
  503: 'serviceUnavailable',
};

/** What webob says where Cinder gives no reason of its own. */
export const GENERIC_500 = 'The server has either erred or is incapable of performing the requested operation.';
export const GENERIC_404 = 'The resource could not be found.';
export const GENERIC_400 =
  'The server could not comply with the request since it is either malformed or otherwise incorrect.';

/** A refusal that the client is told: thrown by handlers, turned into Cinder's error body in one place. */
export class ApiFault extends Error {
  override readonly name = 'ApiFault';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Cinder's error body; 413 carries `retryAfter` and the header `Retry-After: 0`. */
export function faultResponse(status: number, message: string): SimResponse {
  const name = FAULT_NAMES[status] ?? 'computeFault';
  const isLimit = name === 'overLimit';
  const fault = { code: status, message, ...(isLimit && { retryAfter: '0' }) };
  return { status, body: { [name]: fault }, ...(isLimit && { headers: { 'retry-after': '0' } }) };
}

/** What Cinder's router answers itself: another body than the API's faults, and HTML unless JSON was asked for. */
export function routerNotFound(accept: string | undefined): SimResponse {
  const text = 'The resource could not be found.<br /><br />\n\n\n';
  if (accept?.includes('application/json')) {
    return { status: 404, body: { message: text, code: '404 Not Found', title: 'Not Found' } };
  }
  const title = '404 Not Found';
  const data = `<html>\n <head>\n  <title>${title}</title>\n </head>\n <body>\n  <h1>${title}</h1>\n  ${text}\n </body>\n</html>`;
  return { status: 404, raw: { contentType: 'text/html; charset=UTF-8', data } };
}
