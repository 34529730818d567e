/*
 * npm run bridge:packages [-- DIR] [--node]: builds what a compute host needs, without a package registry:
 * - nova_dpm-VERSION-py3-none-any.whl and python3-nova-dpm_VERSION_all.deb: the Python drivers for Nova and Neutron
 * - nova-dpm_VERSION_all.deb: the command dpm and the service dpm serve
 * - nova-compute-dpm_VERSION_all.deb: what Debian's nova-compute needs to choose the driver
 * - with --node: nova-dpm-node_VERSION_ARCH.deb, the Node.js that runs this script, for hosts without a new enough one
 * Needs GNU tar and python3, no dpkg. The same sources always give the same bytes.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { z } from 'zod';
import { bundleCommand } from './bundle.ts';
import { buildTime, debianPackage } from './deb.ts';

/** The Python packages of the bridge, by their folders; each is installed where Python's other packages are. */
const pythonFolders = ['nova/virt/dpm', 'neutron_dpm'];

const repository = join(import.meta.dirname, '..');
const bridge = join(repository, 'bridge');
const manifest = z.looseObject({ version: z.string() });
const { version } = manifest.parse(JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')));
const { values, positionals } = parseArgs({ options: { node: { type: 'boolean' } }, allowPositionals: true });
const distInfo = `nova_dpm-${version}.dist-info`;
const out = positionals[0] ?? join(repository, 'dist-bridge');

process.umask(0o022);
mkdirSync(out, { recursive: true });
const scratch = mkdtempSync(join(tmpdir(), 'dpm-bridge-'));
try {
  write(`nova_dpm-${version}-py3-none-any.whl`, wheel());
  write(`python3-nova-dpm_${version}_all.deb`, pythonPackage());
  write(`nova-dpm_${version}_all.deb`, await servicePackage());
  write(`nova-compute-dpm_${version}_all.deb`, computePackage());
  if (values.node === true) write(`nova-dpm-node_${version}_${debianArchitecture()}.deb`, nodePackage());
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

function write(name: string, content: Buffer): void {
  writeFileSync(join(out, name), content);
  console.log(join(out, name));
}

/** Reads a file of the packages' own files, with the version. */
function text(file: string): string {
  return readFileSync(join(bridge, 'deb', file), 'utf8').replaceAll('@VERSION@', version);
}

function put(root: string, path: string, content: string | Buffer, mode = 0o644): void {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  chmodSync(file, mode);
}

/** Copies the Python packages and their metadata to where Python looks for packages. */
function putPython(site: string): void {
  for (const folder of pythonFolders) {
    const sources = readdirSync(join(bridge, folder), { recursive: true, encoding: 'utf8' });
    for (const file of sources.filter((name) => name.endsWith('.py')))
      put(site, join(folder, file), readFileSync(join(bridge, folder, file)));
  }
  const info = join(site, distInfo);
  put(info, 'METADATA', text('python3-nova-dpm/METADATA'));
  put(info, 'entry_points.txt', text('python3-nova-dpm/entry_points.txt'));
}

/** Source of the form: Python packaging specifications, "Binary distribution format". */
function wheel(): Buffer {
  const root = join(scratch, 'wheel');
  putPython(root);
  put(root, join(distInfo, 'LICENSE'), readFileSync(join(repository, 'LICENSE')));
  const facts = ['Wheel-Version: 1.0', 'Generator: nova-dpm', 'Root-Is-Purelib: true', 'Tag: py3-none-any'];
  put(root, join(distInfo, 'WHEEL'), `${facts.join('\n')}\n`);
  const files = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .toSorted();
  const lines = files.map((file) => {
    const content = readFileSync(join(root, file));
    return `${file},sha256=${createHash('sha256').update(content).digest('base64url')},${content.length}`;
  });
  const record = join(distInfo, 'RECORD');
  put(root, record, `${[...lines, `${record},,`].join('\n')}\n`);
  for (const path of ['', ...readdirSync(root, { recursive: true, encoding: 'utf8' })])
    utimesSync(join(root, path), buildTime, buildTime);
  const archive = join(scratch, 'nova_dpm.whl');
  const env = { ...process.env, TZ: 'UTC' };
  execFileSync('python3', ['-m', 'zipfile', '-c', archive, ...readdirSync(root).toSorted()], { cwd: root, env });
  return readFileSync(archive);
}

function pythonPackage(): Buffer {
  const name = 'python3-nova-dpm';
  const root = join(scratch, name);
  putPython(join(root, 'usr/lib/python3/dist-packages'));
  return packed(name, root, ['postinst', 'prerm']);
}

async function servicePackage(): Promise<Buffer> {
  const name = 'nova-dpm';
  const root = join(scratch, name);
  await bundleCommand(join(root, 'usr/lib/nova-dpm'));
  put(root, 'usr/bin/dpm', text('nova-dpm/dpm'), 0o755);
  for (const unit of ['nova-dpm.service', 'nova-dpm.socket'])
    put(root, join('usr/lib/systemd/system', unit), text(join('nova-dpm', unit)));
  mkdirSync(join(root, 'etc/nova-dpm'), { recursive: true });
  const manual = join(scratch, 'dpm.1');
  execFileSync(process.execPath, [join(repository, 'scripts', 'man.ts'), manual]);
  put(root, 'usr/share/man/man1/dpm.1.gz', gzipSync(readFileSync(manual), { level: 9 }));
  return packed(name, root, ['postinst', 'prerm', 'postrm']);
}

/** Like Debian's nova-compute-kvm: a hypervisor for the package nova-compute. */
function computePackage(): Buffer {
  const name = 'nova-compute-dpm';
  const root = join(scratch, name);
  put(root, 'etc/nova/nova-compute.conf', text(join(name, 'nova-compute.conf')));
  return packed(name, root, ['conffiles', 'postinst']);
}

function nodePackage(): Buffer {
  const name = 'nova-dpm-node';
  const root = join(scratch, name);
  put(root, 'usr/lib/nova-dpm-node/bin/node', readFileSync(process.execPath), 0o755);
  const control = text(`${name}/control`).replace('@ARCHITECTURE@', debianArchitecture());
  return packed(name, root, [], control.replaceAll('@NODE@', process.versions.node));
}

/** Adds the documents that each package has. */
function packed(name: string, root: string, scripts: readonly string[], control = text(join(name, 'control'))): Buffer {
  const docs = join('usr/share/doc', name);
  const own = join(bridge, 'deb', name, 'copyright');
  put(root, join(docs, 'copyright'), existsSync(own) ? readFileSync(own) : text('copyright'));
  put(root, join(docs, 'README.md'), readFileSync(join(bridge, 'README.md')));
  put(root, join(docs, 'CHANGELOG.md'), readFileSync(join(repository, 'CHANGELOG.md')));
  put(root, join(docs, 'changelog.gz'), gzipSync(text('changelog'), { level: 9 }));
  const files = scripts.map((script) => join(bridge, 'deb', name, script));
  return debianPackage({ root, scratch: join(scratch, `${name}-control`), control, files });
}

/** Source of the names: dpkg, cputable. */
function debianArchitecture(): string {
  const names: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64', s390x: 's390x', ppc64: 'ppc64el' };
  const name = names[process.arch];
  if (name === undefined) throw new Error(`--node: no Debian architecture is known for ${process.arch}`);
  return name;
}
