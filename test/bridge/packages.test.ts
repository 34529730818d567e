import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

const repository = join(import.meta.dirname, '..', '..');
const python = '/usr/bin/python3';
const isThere = (command: string, ...args: readonly string[]) => spawnSync(command, args).status === 0;
const hasNova = isThere(python, '-c', 'import nova.virt.driver');
const hasPip = isThere(python, '-m', 'pip', '--version');
const hasDpkg = isThere('dpkg-deb', '--version');
for (const [name, present] of Object.entries({ 'python3-nova': hasNova, 'python3-pip': hasPip, dpkg: hasDpkg }))
  if (!present) console.log(`packages of the bridge: NOT RUN in part: there is no ${name} here`);
let out = '';

beforeAll(() => {
  out = mkdtempSync(join(tmpdir(), 'nova-dpm-bridge-'));
  build(out);
});

afterAll(() => {
  rmSync(out, { recursive: true, force: true });
});

function build(directory: string): void {
  execFileSync(process.execPath, [join(repository, 'scripts', 'bridge-packages.ts'), directory], { stdio: 'pipe' });
}

function packageFile(name: string): string {
  const found = readdirSync(out).find((file) => file.startsWith(name));
  return join(out, found ?? name);
}

/** Unpacks a Debian package into a directory of its own. */
function unpack(name: string): string {
  const root = join(out, `${name}.root`);
  execFileSync('dpkg-deb', ['--extract', packageFile(`${name}_`), root]);
  return root;
}

/** Runs Python with a directory of packages as if it were installed beside Nova. */
function runPython(site: string, code: string): string {
  const prelude =
    'import sys; sys.path.insert(0, sys.argv[1]); import nova.virt; nova.virt.__path__.append(sys.argv[1] + "/nova/virt")';
  return execFileSync(python, ['-B', '-W', 'ignore', '-c', `${prelude}\n${code}`, site], { encoding: 'utf8' });
}

const loadsDriver = `
import nova.conf
from nova.virt import driver, virtapi
nova.conf.CONF([], default_config_files=[])
nova.conf.CONF.set_override('compute_driver', 'dpm.DPMDriver')
print(type(driver.load_compute_driver(virtapi.VirtAPI())).__module__)
from importlib import metadata
print(sorted(each.name for each in metadata.distribution('nova-dpm').entry_points))
`;
const loaded = "nova.virt.dpm.driver\n['dpm', 'neutron_dpm', 'nova_dpm']\n";

it('the same sources give the same packages, byte by byte', () => {
  const again = join(out, 'again');
  build(again);

  expect(readdirSync(again)).toHaveLength(4);
  for (const name of readdirSync(again))
    expect(readFileSync(join(again, name)).equals(readFileSync(join(out, name))), name).toBe(true);
});

it.skipIf(!hasDpkg || !hasNova)('Nova loads the driver from the Debian package by its usual setting', () => {
  const root = unpack('python3-nova-dpm');

  expect(runPython(join(root, 'usr/lib/python3/dist-packages'), loadsDriver)).toBe(loaded);
});

it.skipIf(!hasPip || !hasNova)('Nova loads the driver from the wheel', () => {
  const site = join(out, 'site');
  const options = ['--quiet', '--no-index', '--no-deps', '--no-compile', '--target', site];
  execFileSync(python, ['-m', 'pip', 'install', ...options, packageFile('nova_dpm-')], { stdio: 'pipe' });

  expect(runPython(site, loadsDriver)).toBe(loaded);
});

it.skipIf(!hasDpkg)('the package of the service has the command, its units and its directory of settings', () => {
  const root = unpack('nova-dpm');
  const main = join(root, 'usr/lib/nova-dpm/dist/cli/main.js');

  expect(execFileSync(process.execPath, [main, '--version'], { encoding: 'utf8' })).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect(readdirSync(join(root, 'etc'))).toEqual(['nova-dpm']);
  expect(readdirSync(join(root, 'usr/lib/systemd/system'))).toEqual(['nova-dpm.service', 'nova-dpm.socket']);
  expect(readFileSync(join(root, 'usr/bin/dpm'), 'utf8')).toContain('/usr/lib/nova-dpm/dist/cli/main.js "$@"');
  const fields = execFileSync('dpkg-deb', ['--field', packageFile('nova-dpm_'), 'Depends'], { encoding: 'utf8' });
  expect(fields).toBe('nova-dpm-node | nodejs (>= 22.13), adduser\n');
});
