/*
 * Debian packages without Debian's tools: a .deb is an ar archive of two tarballs, see deb(5). Needs GNU tar. The same files
 * always give the same bytes.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';

interface DebianPackage {
  /** What is installed, with its paths from the root. */
  readonly root: string;
  /** A scratch directory for the control files. */
  readonly scratch: string;
  /** The text of the control file. `@SIZE@` stands for the installed size. */
  readonly control: string;
  /** Maintainer scripts and other control files. Scripts are named as in deb-postinst(5). */
  readonly files: readonly string[];
}

/** The time of every file, in seconds since the epoch: packages of the same sources are the same. */
export const buildTime = Date.UTC(2026, 0, 1) / 1000;

export function debianPackage({ root, scratch, control, files: controlFiles }: DebianPackage): Buffer {
  const files = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
  mkdirSync(scratch);
  const kibibytes = Math.ceil(files.reduce((sum, file) => sum + readFileSync(file).length, 0) / 1024);
  writeFileSync(join(scratch, 'control'), control.replace('@SIZE@', kibibytes.toString()));
  const sums = files.map(
    (file) => `${createHash('md5').update(readFileSync(file)).digest('hex')}  ${relative(root, file)}\n`,
  );
  writeFileSync(join(scratch, 'md5sums'), sums.join(''));
  for (const file of controlFiles) {
    const name = basename(file);
    cpSync(file, join(scratch, name));
    if (/^(?:pre|post)(?:inst|rm)$/.test(name)) chmodSync(join(scratch, name), 0o755);
  }
  return arArchive([
    ['debian-binary', Buffer.from('2.0\n')],
    ['control.tar.gz', tarball(scratch, '.')],
    ['data.tar.gz', tarball(root, '.')],
  ]);
}

/** Packs a file or directory of a directory, compressed. The owner of everything is root. */
export function tarball(directory: string, what: string): Buffer {
  const owner = ['--owner=0', '--group=0', '--numeric-owner'];
  const args = ['--format=ustar', '--sort=name', `--mtime=@${buildTime}`, ...owner, '-C', directory, '-cf', '-', what];
  return gzipSync(execFileSync('tar', args, { maxBuffer: 1024 * 1024 * 1024 }), { level: 9 });
}

/** The common ar format, as required by deb(5). */
function arArchive(members: readonly (readonly [name: string, content: Buffer])[]): Buffer {
  const parts = members.map(([name, content]) => {
    const fields = [name.padEnd(16), buildTime.toString().padEnd(12), '0'.padEnd(6), '0'.padEnd(6), '100644'.padEnd(8)];
    const header = `${fields.join('')}${content.length.toString().padEnd(10)}\`\n`;
    return Buffer.concat([Buffer.from(header), content, Buffer.alloc(content.length % 2, '\n')]);
  });
  return Buffer.concat([Buffer.from('!<arch>\n'), ...parts]);
}
