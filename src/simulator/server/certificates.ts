import { createHash, createPublicKey, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';

import {
  bitString,
  boolean,
  der,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  set,
  utcTime,
  utf8String,
} from './der.ts';

/**
 * What an HTTPS server needs, in PEM; `ca` is what a client has to trust.
 * @public
 */
export interface TlsMaterial {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

/**
 * Which certificate a server shows: a good one, or one that a careful client refuses.
 *
 * `self-signed` is what an HMC is delivered with; its `ca` is still the authority's certificate, which does not vouch for it.
 * `weak-key` has an RSA key of 1024 bits, which a server of today only shows with OpenSSL's security level lowered.
 * @public
 */
export type CertificateFlaw = 'none' | 'expired' | 'not-yet-valid' | 'wrong-host' | 'self-signed' | 'weak-key';

/** Object identifiers: RFC 5280 section 4.2, RFC 5758 and RFC 4055 (signatures), RFC 4519 (common name). */
const oid = {
  sha256WithRsa: '1.2.840.113549.1.1.11',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  commonName: '2.5.4.3',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
};

const dayMs = 86_400_000;

interface Identity {
  readonly name: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

interface Wanted {
  readonly subject: Identity;
  readonly issuer: Identity;
  readonly from: Date;
  readonly to: Date;
  readonly extensions: readonly Buffer[];
}

/**
 * A certificate authority that lives in memory and issues server certificates for loopback addresses.
 * @public
 */
export class CertificateAuthority {
  readonly #identity: Identity;
  /** The authority's own certificate in PEM: what a client is told to trust. */
  readonly pem: string;

  constructor(flaw: 'none' | 'weak-key' = 'none') {
    this.#identity = newIdentity('nova-dpm simulator CA', flaw === 'weak-key');
    const subject = this.#identity;
    const extensions = [
      extension(oid.basicConstraints, true, sequence(boolean(true))),
      extension(oid.keyUsage, true, bitString(Buffer.from([0x06]), 1)), // keyCertSign, cRLSign
      ...keyIdentifiers(subject, subject),
    ];
    this.pem = certificate({ subject, issuer: subject, ...around(Date.now()), extensions });
  }

  /** A new key and certificate for `localhost`, `127.0.0.1` and `::1`, with the flaw asked for. */
  issue(flaw: CertificateFlaw = 'none'): TlsMaterial {
    const subject = newIdentity('localhost', flaw === 'weak-key');
    const issuer = flaw === 'self-signed' ? subject : this.#identity;
    const names = flaw === 'wrong-host' ? altNames(['hmc.example.com'], []) : loopbackNames();
    const extensions = [
      extension(oid.basicConstraints, true, sequence()),
      extension(oid.keyUsage, true, bitString(Buffer.from([0x80]), 7)), // digitalSignature
      extension(oid.extendedKeyUsage, false, sequence(objectIdentifier(oid.serverAuth))),
      extension(oid.subjectAltName, false, names),
      ...keyIdentifiers(subject, issuer),
    ];
    const lateDays = flaw === 'expired' ? -400 : flaw === 'not-yet-valid' ? 400 : 0;
    const cert = certificate({ subject, issuer, ...around(Date.now() + lateDays * dayMs), extensions });
    return { cert, key: subject.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), ca: this.pem };
  }
}

/** A year that began yesterday: clocks of test machines differ. */
function around(now: number): { from: Date; to: Date } {
  return { from: new Date(now - dayMs), to: new Date(now + 364 * dayMs) };
}

function newIdentity(name: string, isWeak: boolean): Identity {
  const { privateKey } = isWeak
    ? generateKeyPairSync('rsa', { modulusLength: 1024 })
    : generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  return { name, privateKey, publicKey: createPublicKey(privateKey) };
}

function loopbackNames(): Buffer {
  const v6 = Buffer.alloc(16);
  v6[15] = 1;
  return altNames(['localhost'], [Buffer.from([127, 0, 0, 1]), v6]);
}

/** GeneralNames: tag 2 is a DNS name, tag 7 an IP address (RFC 5280 section 4.2.1.6). */
function altNames(hosts: readonly string[], addresses: readonly Buffer[]): Buffer {
  const names = hosts.map((host) => der(0x82, Buffer.from(host, 'latin1')));
  return sequence(...names, ...addresses.map((address) => der(0x87, address)));
}

function keyIdentifiers(subject: Identity, issuer: Identity): Buffer[] {
  return [
    extension(oid.subjectKeyIdentifier, false, octetString(keyIdentifier(subject))),
    extension(oid.authorityKeyIdentifier, false, sequence(der(0x80, keyIdentifier(issuer)))),
  ];
}

function keyIdentifier({ publicKey }: Identity): Buffer {
  return createHash('sha1').update(spki(publicKey)).digest();
}

function spki(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' });
}

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  return sequence(objectIdentifier(id), ...(critical ? [boolean(true)] : []), octetString(value));
}

function distinguishedName({ name }: Identity): Buffer {
  return sequence(set(sequence(objectIdentifier(oid.commonName), utf8String(name))));
}

/** Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signature }, RFC 5280 section 4.1. */
function certificate({ subject, issuer, from, to, extensions }: Wanted): string {
  const isRsa = issuer.privateKey.asymmetricKeyType === 'rsa';
  const algorithm = isRsa
    ? sequence(objectIdentifier(oid.sha256WithRsa), der(0x05, Buffer.alloc(0))) // with the NULL that RFC 4055 asks for
    : sequence(objectIdentifier(oid.ecdsaWithSha256));
  const toBeSigned = sequence(
    der(0xa0, integer(Buffer.from([2]))), // version 3
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])), // the leading 1 keeps the encoding minimal
    algorithm,
    distinguishedName(issuer),
    sequence(utcTime(from), utcTime(to)),
    distinguishedName(subject),
    spki(subject.publicKey),
    der(0xa3, sequence(...extensions)),
  );
  const signature = sign('sha256', toBeSigned, issuer.privateKey);
  return toPem(sequence(toBeSigned, algorithm, bitString(signature)));
}

function toPem(bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/gu) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
