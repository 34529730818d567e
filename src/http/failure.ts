import { AxiosError } from 'axios';
import type { TransportPhase } from './errors.ts';

/** Errors of sockets on which TLS was not agreed on yet: whatever they are, nothing was sent. */
const unready = new WeakSet<Error>();

/** Notes an error of such a socket. */
export function markUnready(error: Error): void {
  unready.add(error);
}

const notSent = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'CONNECT_TIMEOUT',
  'ERR_INVALID_URL',
]);

/** What breaks a socket; any other error before TLS is agreed on is about TLS itself, whatever its code. */
const ofSockets = new Set(['', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'ENETDOWN', 'ENETRESET']);

/** In which phase it failed, and whether the peer may have got the request. Unsure counts as "may have". */
export function classifyFailure(error: unknown): [TransportPhase, boolean] {
  const code = codeOf(error);
  if (notSent.has(code)) return ['connect', false];
  if (isTlsFailure(code)) return ['tls', false];
  if (wasUnready(error)) return [ofSockets.has(code) ? 'connect' : 'tls', false];
  return [error instanceof AxiosError && !hasBegun(error) ? 'send' : 'receive', true];
}

function wasUnready(error: unknown): boolean {
  for (let current = error, depth = 0; current instanceof Error && depth < 5; depth += 1) {
    if (unready.has(current)) return true;
    current = current.cause;
  }
  return false;
}

/** Had the answer begun? axios says so in words only: for an answer that is cut off, and for one beyond the limit. */
function hasBegun(error: AxiosError): boolean {
  return error.response !== undefined || /aborted|maxContentLength/.test(error.message);
}

function isTlsFailure(code: string): boolean {
  return /CERT|SSL|TLS|_VERIFY_|UNABLE_TO_|SELF_SIGNED|ALTNAME|EPROTO|HOSTNAME_MISMATCH/.test(code);
}

function codeOf(error: unknown): string {
  let current = error;
  for (let depth = 0; depth < 5 && current instanceof Error; depth += 1) {
    if ('code' in current && typeof current.code === 'string' && !current.code.startsWith('ERR_BAD'))
      return current.code;
    current = current.cause ?? ('errors' in current && Array.isArray(current.errors) ? current.errors[0] : undefined);
  }
  return '';
}

const unknownCa = 'the certificate is signed by an unknown CA; give that CA as the CA file of this peer';

const explanations: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'the host name is not known',
  EAI_AGAIN: 'the host name cannot be looked up now',
  ECONNRESET: 'the connection was reset',
  DEPTH_ZERO_SELF_SIGNED_CERT:
    'the certificate is self-signed; give it, or the CA that signed it, as the CA file of this peer',
  SELF_SIGNED_CERT_IN_CHAIN: unknownCa,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownCa,
  UNABLE_TO_GET_ISSUER_CERT: unknownCa,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownCa,
  CERT_UNTRUSTED: unknownCa,
  CERT_HAS_EXPIRED: 'the certificate has expired; have it renewed on the peer (if the clock of this host is right)',
  CERT_NOT_YET_VALID: 'the certificate is not valid yet; compare the clocks',
  CERT_REVOKED: 'the certificate has been revoked; have a new one made for the peer',
  ERR_TLS_CERT_ALTNAME_INVALID:
    'the certificate is for another host name; use the name that it carries, or have one made for this name',
};

/** OpenSSL tells these in words only: the code is EPROTO, or UNSPECIFIED. The first that fits counts. */
const inWords: readonly (readonly [RegExp, string])[] = [
  [
    /key too (?:weak|small)/i,
    'the key of its certificate, or of the CA that signed it, is too small; have a certificate made on the peer with a larger key (2048 bits of RSA, or an elliptic curve)',
  ],
  [
    /(?:digest algorithm|md) too weak/i,
    'its certificate is signed with a digest that is too weak; have one made on the peer that is signed with SHA-256 or better',
  ],
  [
    /alert protocol version|unsupported protocol|version too low/i,
    'the peer speaks only versions of TLS before 1.2; enable TLS 1.2 or later on it',
  ],
  [
    /wrong version number|packet length too long|http request/i,
    'the peer does not speak TLS on this port; check the port',
  ],
  [/certificate required/i, 'the peer asks for a certificate of this client, which cannot be given'],
  [
    /handshake failure|no shared cipher|no protocols available/i,
    'the peer has no TLS cipher in common with this host, or asks for a certificate of this client; look at its TLS settings',
  ],
];

/** Never axios's own text for a request that carried data: it can quote what was sent. */
export function explainFailure(error: unknown): string {
  const code = codeOf(error);
  const known = explanations[code];
  if (known !== undefined) return known;
  const text = error instanceof Error ? error.message : '';
  if (classifyFailure(error)[0] === 'tls') {
    const worded = inWords.find(([pattern]) => pattern.test(text))?.[1];
    // Only the words of OpenSSL: what surrounds them are addresses within it.
    return worded ?? `TLS failed (${code === 'UNSPECIFIED' ? text : code})`;
  }
  if (error instanceof AxiosError) {
    const [, limit] = /maxContentLength size of (\d+) exceeded/.exec(error.message) ?? [];
    return limit === undefined ? error.message : `the answer is longer than ${limit} bytes`;
  }
  return error instanceof Error ? error.message : 'it failed without an error';
}

/** An AxiosError carries headers and body, passwords among them: it never leaves this file, not even as a cause. */
export function cleanCause(error: unknown): unknown {
  if (error instanceof AxiosError) return undefined;
  return error;
}
