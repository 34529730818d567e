import { AxiosError } from 'axios';
import { TransportError } from './errors.ts';
import type { RequestPlace, TransportPhase } from './errors.ts';

/** Errors of sockets on which TLS was not yet established, so that nothing was sent. */
const unready = new WeakSet<Error>();

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

/** Codes of connection errors. Any other error before TLS is established is a TLS error. */
const ofSockets = new Set(['', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'ENETDOWN', 'ENETRESET']);

/** Translates an error of a request. An AxiosError never becomes the cause: its headers and body contain passwords. */
export function toTransportError(error: unknown, where: RequestPlace): TransportError {
  const [phase, sent] = classify(error);
  const cause = error instanceof AxiosError ? undefined : error;
  return new TransportError(phase, sent, explain(error, phase), where, cause);
}

/** Returns the phase in which a request failed, and whether the peer may have received it. */
function classify(error: unknown): [TransportPhase, boolean] {
  const code = codeOf(error);
  if (notSent.has(code)) return ['connect', false];
  if (/CERT|SSL|TLS|_VERIFY_|UNABLE_TO_|SELF_SIGNED|ALTNAME|EPROTO|HOSTNAME_MISMATCH/.test(code)) return ['tls', false];
  if (chainOf(error).some((each) => unready.has(each))) return [ofSockets.has(code) ? 'connect' : 'tls', false];
  return [error instanceof AxiosError && !hasResponse(error) ? 'send' : 'receive', true];
}

/** Returns an error and its causes; the first member of an AggregateError counts as its cause. */
function chainOf(error: unknown): readonly Error[] {
  const chain: Error[] = [];
  for (let current = error; chain.length < 5 && current instanceof Error;) {
    chain.push(current);
    current = current.cause ?? ('errors' in current && Array.isArray(current.errors) ? current.errors[0] : undefined);
  }
  return chain;
}

/** Returns whether a part of the response arrived. For a cut or too long response, only axios's message shows this. */
function hasResponse(error: AxiosError): boolean {
  return error.response !== undefined || /aborted|maxContentLength/.test(error.message);
}

function codeOf(error: unknown): string {
  const codes = chainOf(error).map((each) => ('code' in each && typeof each.code === 'string' ? each.code : undefined));
  return codes.find((code) => code !== undefined && !code.startsWith('ERR_BAD')) ?? '';
}

const unknownCa = 'the certificate is signed by an unknown CA; give that CA as the CA file of this peer';

const explanations: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'the host name is not known',
  EAI_AGAIN: 'the host name cannot be resolved now',
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
  CERT_REVOKED: 'the certificate has been revoked; create a new one for the peer',
  ERR_TLS_CERT_ALTNAME_INVALID:
    'the certificate is for another host name; use the name that it carries, or create one for this name',
};

/** TLS failures that OpenSSL describes only in its message, with the code EPROTO or UNSPECIFIED. First match wins. */
const patterns: readonly (readonly [RegExp, string])[] = [
  [
    /key too (?:weak|small)/i,
    'the key of its certificate, or of the CA that signed it, is too small; create a certificate for the peer with a larger key (2048 bits of RSA, or an elliptic curve)',
  ],
  [
    /(?:digest algorithm|md) too weak/i,
    'its certificate is signed with a digest that is too weak; create one for the peer that is signed with SHA-256 or better',
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

/** Explains a failure in words. Never quotes an axios message that can contain the data of the request. */
function explain(error: unknown, phase: TransportPhase): string {
  const code = codeOf(error);
  const known = explanations[code];
  if (known !== undefined) return known;
  const text = error instanceof Error ? error.message : 'it failed without an error';
  // The message of OpenSSL also contains memory addresses, which are left out.
  if (phase === 'tls') {
    const found = patterns.find(([pattern]) => pattern.test(text))?.[1];
    return found ?? `TLS failed (${code === 'UNSPECIFIED' ? text : code})`;
  }
  const limit = error instanceof AxiosError ? /maxContentLength size of (\d+) exceeded/.exec(text)?.[1] : undefined;
  return limit === undefined ? text : `the answer is longer than ${limit} bytes`;
}
