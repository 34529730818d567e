import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { FakeGuest } from './fake-guest.ts';
import { layouts } from './layouts.ts';

const repository = join(import.meta.dirname, '..', '..');
const guest = join(repository, 'guest');
const isThere = (command: string) => spawnSync(command, ['--version']).status === 0;
const isRoot = process.getuid?.() === 0;
/** dpkg sets owners, which needs root or the semblance of it. */
const asRoot = isRoot ? [] : ['fakeroot'];
const canInstall = isThere('dpkg') && (isRoot || isThere('fakeroot'));
let out = '';

beforeAll(() => {
  out = mkdtempSync(join(tmpdir(), 'nova-dpm-packages-'));
  execFileSync(process.execPath, [join(repository, 'scripts', 'guest-packages.ts'), out]);
});

afterAll(() => {
  rmSync(out, { recursive: true, force: true });
});

const packageFile = (ending: string) => join(out, readdirSync(out).find((name) => name.endsWith(ending)) ?? '');

/** Every file and link below a directory. */
function filesIn(root: string): readonly string[] {
  if (!existsSync(root)) return [];
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => `/${relative(root, join(entry.parentPath, entry.name))}`)
    .toSorted();
}

function dpkg(root: string, ...args: readonly string[]): void {
  const options = ['--force-script-chrootless', '--force-not-root', '--log=/dev/null', `--root=${root}`];
  const [command = 'dpkg', ...rest] = [...asRoot, 'dpkg', ...options, ...args];
  execFileSync(command, rest, { stdio: 'pipe' });
}

it('the same sources give the same package, byte by byte', () => {
  const again = join(out, 'again');
  execFileSync(process.execPath, [join(repository, 'scripts', 'guest-packages.ts'), again]);

  for (const name of readdirSync(again)) {
    expect(readFileSync(join(again, name)).equals(readFileSync(join(out, name))), name).toBe(true);
  }
});

it.skipIf(!canInstall)(
  'the Debian package installs in a clean root, serves a partition from there, and goes without a trace',
  () => {
    const root = join(out, 'root');
    mkdirSync(join(root, 'var/lib/dpkg/updates'), { recursive: true });
    mkdirSync(join(root, 'var/lib/dpkg/info'));
    for (const file of ['status', 'available']) writeFileSync(join(root, 'var/lib/dpkg', file), '');

    dpkg(root, '--install', packageFile('.deb'));

    const status = readFileSync(join(root, 'var/lib/dpkg/status'), 'utf8');
    expect(status).toContain('Package: dpm-guest\nStatus: install ok installed');
    expect(existsSync(join(root, 'usr/lib/systemd/system/sysinit.target.wants/dpm-guest.service'))).toBe(true);
    using system = new FakeGuest(['dash'], layouts['debian-12'] ?? { devices: {} });
    expect(system.runInstalled(root, 'root').status).toBe(0);
    expect(system.paths.length).toBeGreaterThan(5);

    dpkg(root, '--purge', 'dpm-guest');
    expect(filesIn(join(root, 'usr'))).toEqual([]);
  },
);

it.skipIf(!isThere('rpmspec'))('the RPM spec is understood, and names files that the installation makes', () => {
  const spec = join(guest, 'rpm', 'dpm-guest.spec');
  const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as { version: string }; // npm's own

  expect(execFileSync('rpmspec', ['-q', '--qf', '%{name} %{version} %{arch}', spec], { encoding: 'utf8' })).toBe(
    `dpm-guest ${version} noarch`,
  );
});

it.skipIf(!isThere('rpmbuild'))('the RPM is built from the tarball', { timeout: 60_000 }, () => {
  const top = join(out, 'rpm');
  const define = [
    '--define',
    `_topdir ${top}`,
    '--define',
    `_sourcedir ${out}`,
    '--define',
    `_rpmdir ${top}`,
    '--define',
    `_dbpath ${top}/db`,
  ];

  execFileSync('rpmbuild', ['-bb', ...define, join(guest, 'rpm', 'dpm-guest.spec')], { stdio: 'pipe' });

  const built = filesIn(top).filter((file) => file.endsWith('.noarch.rpm'));
  expect(built).toHaveLength(1);
  const listed = execFileSync('rpm', ['-qlp', join(top, built[0] ?? '')], { encoding: 'utf8' });
  expect(listed).toContain('/usr/lib/dracut/modules.d/95dpm-guest/module-setup.sh\n');
  expect(listed).not.toContain('initramfs-tools');
});

function install(...args: readonly string[]): void {
  execFileSync('sh', [join(guest, 'install.sh'), ...args]);
}

it('the install script takes away what it has put there', () => {
  const root = join(out, 'image');

  install('--destdir', root);
  const installed = filesIn(root);
  install('--destdir', root, '--uninstall');

  expect(installed).toContain('/usr/share/initramfs-tools/hooks/dpm-guest');
  expect(installed).toContain('/usr/lib/dracut/modules.d/95dpm-guest/module-setup.sh');
  expect(filesIn(root)).toEqual([]);
});

it('the install script follows the initramfs generator of the image', () => {
  const root = join(out, 'dracut-image');
  mkdirSync(join(root, 'usr/lib/dracut/modules.d'), { recursive: true });

  install('--destdir', root);

  expect(filesIn(root).some((file) => file.includes('initramfs-tools'))).toBe(false);
  expect(filesIn(root)).toContain('/usr/lib/dracut/modules.d/95dpm-guest/module-setup.sh');
});

it('below another prefix, command, unit and initramfs name the places where things are', () => {
  const root = join(out, 'local');

  install('--destdir', root, '--prefix', '/usr/local');

  const read = (path: string) => readFileSync(join(root, path), 'utf8');
  expect(read('usr/local/bin/dpm-guest')).toContain('/usr/local/lib/dpm-guest}');
  expect(read('etc/systemd/system/dpm-guest.service')).toContain('ExecStart=/usr/local/bin/dpm-guest apply');
  expect(read('etc/initramfs-tools/hooks/dpm-guest')).toContain('/usr/local/lib/dpm-guest/*.sh');
  expect(filesIn(root).filter((file) => read(file).includes('/usr/bin/dpm-guest'))).toEqual([]);
});

it('the hook of initramfs-tools takes the command, its library and the modules along', () => {
  const root = join(out, 'hooked');
  install('--destdir', root);
  // The functions that initramfs-tools gives to hooks, as they are called.
  const functions = join(root, 'hook-functions');
  writeFileSync(functions, 'manual_add_modules() { echo "module $1"; }\ncopy_file() { echo "$1 $2"; }\n');
  const hook = readFileSync(join(root, 'usr/share/initramfs-tools/hooks/dpm-guest'), 'utf8')
    .replace('/usr/share/initramfs-tools/hook-functions', functions)
    .replaceAll('/usr/lib/dpm-guest', join(root, 'usr/lib/dpm-guest'));
  writeFileSync(join(root, 'hook'), hook);

  const output = execFileSync('sh', [join(root, 'hook')], { encoding: 'utf8' })
    .trim()
    .split('\n');

  expect(output.slice(0, 5)).toEqual([
    'module zfcp',
    'module scsi_dh_alua',
    'module scsi_dh_rdac',
    'module scsi_dh_emc',
    'script /usr/bin/dpm-guest',
  ]);
  expect(output.slice(5)).toHaveLength(readdirSync(join(guest, 'lib')).length);
});

it('the dracut module is for this architecture only, and installs two hooks that are there', () => {
  const module = join(guest, 'dracut', '95dpm-guest');
  const script = `
    moddir=${module}
    inst_multiple() { :; }; inst_simple() { :; }; instmods() { echo "modules $*"; }
    inst_hook() { [ -x "$3" ] && echo "hook $1 $2"; }
    . ${module}/module-setup.sh
    DRACUT_ARCH=x86_64 check || echo not here
    DRACUT_ARCH=s390x check && echo here
    installkernel; install`;

  const output = execFileSync('bash', ['-c', script], { encoding: 'utf8' }).trim().split('\n');

  expect(output).toEqual([
    'not here',
    'here',
    'modules zfcp scsi_dh_alua scsi_dh_rdac scsi_dh_emc',
    'hook pre-trigger 60',
    'hook initqueue/settled 60',
  ]);
});
