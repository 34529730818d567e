/*
 * npm run guest:packages [-- DIR]: builds the guest tools as a Debian package, and as the tarball for the RPM spec.
 * Needs sh and GNU tar, no dpkg: a .deb is an ar archive of two tarballs. The same sources always give the same bytes.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { z } from 'zod';

const repository = join(import.meta.dirname, '..');
const guest = join(repository, 'guest');
const manifest = z.looseObject({ version: z.string() });
const { version } = manifest.parse(JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')));
const out = process.argv[2] ?? join(repository, 'dist-guest');

process.umask(0o022);
mkdirSync(out, { recursive: true });
const scratch = mkdtempSync(join(tmpdir(), 'dpm-guest-'));
try {
  write(`dpm-guest_${version}_all.deb`, debianPackage());
  write(`dpm-guest-${version}.tar.gz`, sourceTarball());
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

function write(name: string, content: Buffer): void {
  writeFileSync(join(out, name), content);
  console.log(join(out, name));
}

function debianPackage(): Buffer {
  const root = join(scratch, 'root');
  execFileSync('sh', [join(guest, 'install.sh'), '--destdir', root, '--initramfs', 'both']);
  const docs = join(root, 'usr/share/doc/dpm-guest');
  mkdirSync(docs, { recursive: true });
  cpSync(join(guest, 'README.md'), join(docs, 'README.md'));
  cpSync(join(repository, 'LICENSE'), join(docs, 'copyright'));
  const files = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
  const control = join(scratch, 'control');
  mkdirSync(control);
  const kibibytes = Math.ceil(files.reduce((sum, file) => sum + readFileSync(file).length, 0) / 1024);
  const fields = readFileSync(join(guest, 'deb', 'control'), 'utf8');
  writeFileSync(join(control, 'control'), fields.replace('@VERSION@', version).replace('@SIZE@', kibibytes.toString()));
  const sums = files.map(
    (file) => `${createHash('md5').update(readFileSync(file)).digest('hex')}  ${relative(root, file)}\n`,
  );
  writeFileSync(join(control, 'md5sums'), sums.join(''));
  for (const script of ['postinst', 'postrm']) {
    cpSync(join(guest, 'deb', script), join(control, script));
    chmodSync(join(control, script), 0o755);
  }
  return arArchive([
    ['debian-binary', Buffer.from('2.0\n')],
    ['control.tar.gz', tarball(control, '.')],
    ['data.tar.gz', tarball(root, '.')],
  ]);
}

function sourceTarball(): Buffer {
  const name = `dpm-guest-${version}`;
  cpSync(guest, join(scratch, name), { recursive: true });
  cpSync(join(repository, 'LICENSE'), join(scratch, name, 'LICENSE'));
  return tarball(scratch, name);
}

function tarball(directory: string, what: string): Buffer {
  const owner = ['--owner=0', '--group=0', '--numeric-owner'];
  const args = ['--format=ustar', '--sort=name', '--mtime=@0', ...owner, '-C', directory, '-cf', '-', what];
  return gzipSync(execFileSync('tar', args, { maxBuffer: 64 * 1024 * 1024 }), { level: 9 });
}

/** The common ar format, as required by deb(5). */
function arArchive(members: readonly (readonly [name: string, content: Buffer])[]): Buffer {
  const parts = members.map(([name, content]) => {
    const fields = [name.padEnd(16), '0'.padEnd(12), '0'.padEnd(6), '0'.padEnd(6), '100644'.padEnd(8)];
    const header = `${fields.join('')}${content.length.toString().padEnd(10)}\`\n`;
    return Buffer.concat([Buffer.from(header), content, Buffer.alloc(content.length % 2, '\n')]);
  });
  return Buffer.concat([Buffer.from('!<arch>\n'), ...parts]);
}
