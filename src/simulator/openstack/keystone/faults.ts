import type { SimResponse } from '../../server/index.ts';

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  409: 'Conflict',
  413: 'Request Entity Too Large',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

const UNAUTHORIZED = 'The request you have made requires authentication.';

/** A refusal of Keystone: thrown by handlers, shaped in one place. */
export class IdentityFault extends Error {
  override readonly name = 'IdentityFault';
  readonly status: number;
  /** What Keystone adds about the way to authenticate. */
  readonly identity: unknown;

  constructor(status: number, message: string, identity?: unknown) {
    super(message);
    this.status = status;
    this.identity = identity;
  }
}

/** 401 for every wrong credential alike, so that nobody learns which part was wrong. */
export function unauthorized(): IdentityFault {
  return new IdentityFault(401, UNAUTHORIZED);
}

/** 400 for a request in which something is missing. */
export function malformed(expected: string): IdentityFault {
  const blame = 'The server could not comply with the request since it is either malformed or otherwise incorrect.';
  return new IdentityFault(400, `Expecting to find ${expected}. ${blame} The client is assumed to be in error.`);
}

/** Keystone's error body; 401 says where to authenticate. */
export function identityFaultResponse(
  { status, message, identity }: Pick<IdentityFault, 'status' | 'message' | 'identity'>,
  authUrl: string,
): SimResponse {
  const error = {
    code: status,
    message,
    title: TITLES[status] ?? 'Error',
    ...(identity !== undefined && { identity }),
  };
  const headers = status === 401 ? { 'www-authenticate': `Keystone uri="${authUrl}"` } : {};
  return { status, headers, body: { error } };
}
