import type { SimRequest, SimResponse } from '../server/index.ts';
import { isObject, type Json, type Props } from './model/json.ts';

/** Names of fields that hold secrets: an error body does not repeat them. */
const secretField = /password|-pw$|credential|session/iu;

/** The error body of an HMC. Secrets of the request are left out. */
export function errorBody(
  status: number,
  reason: number,
  message: string,
  req: SimRequest,
  userid?: string,
): SimResponse {
  const body: Props = {
    'http-status': status,
    reason,
    message,
    'request-method': req.method,
    'request-uri': req.path,
    'request-query-parms': [...req.query].map(([name, value]) => ({ name, value })),
    'request-headers': withoutSecrets(req.headers) as Json,
    'request-body': withoutSecrets(req.body ?? null) as Json,
    'error-details': null,
  };
  if (userid !== undefined) body['request-authenticated-as'] = userid;
  if (status >= 500) body.stack = message;
  return { status, body };
}

function withoutSecrets(value: unknown): unknown {
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => !secretField.test(name)));
}
