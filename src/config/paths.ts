import { X509Certificate } from 'node:crypto';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { describeError, Secret } from '../base/index.ts';
import type { FileAccess } from './file-access.ts';
import { describeSource } from './layers.ts';
import type { Source } from './layers.ts';
import type { Environment, Findings } from './sources.ts';
import { readRequired } from './sources.ts';

/** Where the process stands. */
export interface Surroundings {
  readonly env: Environment;
  readonly cwd: string;
  readonly home: string;
  readonly files: FileAccess;
}

/** A path that a setting names, as it was written. */
export interface NamedPath {
  /** `dpm.hmc_ca_certs` */
  readonly option: string;
  readonly path: string;
  readonly source: Source;
}

/** The absolute path: `~` is the home directory, and what is relative counts from the file that says it. */
function absolutePath({ path, source }: NamedPath, around: Surroundings): string {
  if (path === '~' || path.startsWith('~/')) return join(around.home, path.slice(1));
  if (isAbsolute(path)) return path;
  const base =
    source.kind === 'file' || source.kind === 'cloud' ? dirname(resolve(around.cwd, source.path)) : around.cwd;
  return resolve(base, path);
}

/**
 * `DEFAULT.state_path`: as given; else `/var/lib/nova-dpm`, or, where that cannot be written, `nova-dpm` in the XDG
 * state directory.
 */
export function statePath(named: NamedPath, around: Surroundings): string {
  const path = absolutePath(named, around);
  if (named.source.kind !== 'default' || around.files.writable(path)) return path;
  const xdg = around.env.XDG_STATE_HOME;
  const base = xdg !== undefined && isAbsolute(xdg) ? xdg : join(around.home, '.local', 'state');
  return join(base, 'nova-dpm');
}

/** The password in a file: all of it but the line end. Warns when others can read it. */
export function readPasswordFile(named: NamedPath, around: Surroundings, findings: Findings): Secret | undefined {
  const path = absolutePath(named, around);
  const where = describeSource(named.source);
  const text = readRequired(path, named.option, around.files, findings, where);
  if (text === undefined) return undefined;
  const password = text.replace(/[\r\n]+$/, '');
  if (password === '' || /\p{Cc}/u.test(password)) {
    findings.problems.push({ option: named.option, value: path, expected: 'a file of one line, the password', where });
    return undefined;
  }
  if (((around.files.info(path)?.mode ?? 0) & 0o077) !== 0) {
    findings.warnings.push(`${path} (${named.option}) can be read by others than its owner: chmod 600 ${path}`);
  }
  return new Secret(password);
}

/** The certificates of a PEM file, or of all PEM files of a directory, as one text. */
export function readCertificates(named: NamedPath, around: Surroundings, findings: Findings): string | undefined {
  const path = absolutePath(named, around);
  const certificates = orExpected(() => certificatesAt(path, around.files));
  if (!('expected' in certificates)) return certificates.pem;
  const where = describeSource(named.source);
  findings.problems.push({ option: named.option, value: path, expected: certificates.expected, where });
  return undefined;
}

type Certificates = { readonly pem: string } | { readonly expected: string };

function orExpected(work: () => Certificates): Certificates {
  try {
    return work();
  } catch (error) {
    return { expected: `certificates in PEM form that can be read (${describeError(error)})` };
  }
}

function certificatesAt(path: string, files: FileAccess): Certificates {
  const info = files.info(path);
  if (info === undefined) return { expected: 'a file or directory that exists' };
  const texts = info.directory ? readDirectory(path, files) : [files.read(path) ?? ''];
  const certificates = texts.flatMap((text) => text.match(certificate) ?? []);
  if (certificates.length === 0) return { expected: 'certificates in PEM form (-----BEGIN CERTIFICATE-----)' };
  for (const pem of certificates) new X509Certificate(pem); // throws for what is none
  return { pem: `${certificates.join('\n')}\n` };
}

const certificate = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** Names as c_rehash makes them are links to the others: reading them too would double every certificate. */
function readDirectory(path: string, files: FileAccess): readonly string[] {
  const names = files.list(path).filter((name) => /\.(?:pem|crt|cer)$/i.test(name));
  return names.map((name) => files.read(join(path, name)) ?? '');
}
