/*
 * npm run guest:packages [-- DIR]: builds the guest tools as a Debian package, and as the tarball for the RPM spec.
 * Needs sh and GNU tar, no dpkg. The same sources always give the same bytes.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { debianPackage, tarball } from './deb.ts';

const repository = join(import.meta.dirname, '..');
const guest = join(repository, 'guest');
const manifest = z.looseObject({ version: z.string() });
const { version } = manifest.parse(JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')));
const out = process.argv[2] ?? join(repository, 'dist-guest');

process.umask(0o022);
mkdirSync(out, { recursive: true });
const scratch = mkdtempSync(join(tmpdir(), 'dpm-guest-'));
try {
  write(`dpm-guest_${version}_all.deb`, guestPackage());
  write(`dpm-guest-${version}.tar.gz`, sourceTarball());
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

function write(name: string, content: Buffer): void {
  writeFileSync(join(out, name), content);
  console.log(join(out, name));
}

function guestPackage(): Buffer {
  const root = join(scratch, 'root');
  execFileSync('sh', [join(guest, 'install.sh'), '--destdir', root, '--initramfs', 'both']);
  const docs = join(root, 'usr/share/doc/dpm-guest');
  mkdirSync(docs, { recursive: true });
  cpSync(join(guest, 'README.md'), join(docs, 'README.md'));
  cpSync(join(repository, 'LICENSE'), join(docs, 'copyright'));
  const fields = readFileSync(join(guest, 'deb', 'control'), 'utf8');
  return debianPackage({
    root,
    scratch: join(scratch, 'control'),
    control: fields.replace('@VERSION@', version),
    files: ['postinst', 'postrm'].map((script) => join(guest, 'deb', script)),
  });
}

function sourceTarball(): Buffer {
  const name = `dpm-guest-${version}`;
  cpSync(guest, join(scratch, name), { recursive: true });
  cpSync(join(repository, 'LICENSE'), join(scratch, name, 'LICENSE'));
  return tarball(scratch, name);
}
