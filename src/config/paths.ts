import { X509Certificate } from 'node:crypto';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { describeError, Secret } from '../base/index.ts';
import type { FileAccess } from './file-access.ts';
import { describeSource } from './layers.ts';
import type { Source } from './layers.ts';
import type { Findings } from './problems.ts';
import type { Environment } from './sources.ts';
import { readRequired } from './sources.ts';

/** The process environment. */
export interface Surroundings {
  readonly env: Environment;
  readonly cwd: string;
  readonly home: string;
  readonly files: FileAccess;
}

/** The path in a setting, as written. */
export interface NamedPath {
  /** `dpm.hmc_ca_certs` */
  readonly option: string;
  readonly path: string;
  readonly source: Source;
}

/** Returns the path of an option with the source of the option; undefined without a path. */
export function namedPath(
  option: string,
  path: string | undefined,
  sources: ReadonlyMap<string, Source>,
): NamedPath | undefined {
  return path === undefined ? undefined : { option, path, source: sources.get(option) ?? { kind: 'default' } };
}

/** Returns the absolute path: `~` is the home directory, and a relative path counts from the file with the setting. */
function absolutePath({ path, source }: NamedPath, around: Surroundings): string {
  if (path === '~' || path.startsWith('~/')) return join(around.home, path.slice(1));
  if (isAbsolute(path)) return path;
  const base =
    source.kind === 'file' || source.kind === 'cloud' ? dirname(resolve(around.cwd, source.path)) : around.cwd;
  return resolve(base, path);
}

/** Returns `DEFAULT.state_path`. If the default cannot be written, `nova-dpm` in the XDG state directory is used. */
export function statePath(named: NamedPath, around: Surroundings): string {
  const path = absolutePath(named, around);
  if (named.source.kind !== 'default' || around.files.writable(path)) return path;
  const xdg = around.env.XDG_STATE_HOME;
  const base = xdg !== undefined && isAbsolute(xdg) ? xdg : join(around.home, '.local', 'state');
  return join(base, 'nova-dpm');
}

/** Returns the password in a file, without the line end. Warns when others can read the file. */
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

/** Returns the certificates of a PEM file, or of all PEM files of a directory, as one text. */
export function readCertificates(named: NamedPath, around: Surroundings, findings: Findings): string | undefined {
  const path = absolutePath(named, around);
  let certificates: Certificates;
  try {
    certificates = certificatesAt(path, around.files);
  } catch (error) {
    certificates = { expected: `certificates in PEM form that can be read (${describeError(error)})` };
  }
  if ('pem' in certificates) return certificates.pem;
  const where = describeSource(named.source);
  findings.problems.push({ option: named.option, value: path, expected: certificates.expected, where });
  return undefined;
}

type Certificates = { readonly pem: string } | { readonly expected: string };

function certificatesAt(path: string, files: FileAccess): Certificates {
  const info = files.info(path);
  if (info === undefined) return { expected: 'a file or directory that exists' };
  const texts = info.directory ? readDirectory(path, files) : [files.read(path) ?? ''];
  const certificates = texts.flatMap((text) => text.match(certificate) ?? []);
  if (certificates.length === 0) return { expected: 'certificates in PEM form (-----BEGIN CERTIFICATE-----)' };
  for (const pem of certificates) new X509Certificate(pem); // throws if it is not a certificate
  return { pem: `${certificates.join('\n')}\n` };
}

const certificate = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** Skips the links that c_rehash makes, which would double every certificate. */
function readDirectory(path: string, files: FileAccess): readonly string[] {
  const names = files.list(path).filter((name) => /\.(?:pem|crt|cer)$/i.test(name));
  return names.map((name) => files.read(join(path, name)) ?? '');
}
