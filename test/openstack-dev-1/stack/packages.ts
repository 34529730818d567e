import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Nothing can be tested on this machine. */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError';
}

/** Libraries of the services, without their units, users and settings. */
const packages = [
  'python3-keystone',
  'python3-placement',
  'python3-cinder',
  'python3-glance',
  'python3-nova',
  'python3-neutron',
  'python3-openstackclient',
  'rabbitmq-server',
  'mariadb-server-core',
  'mariadb-client-core',
  'python3-pymysql',
  'qemu-utils',
];

/** Files of packages that would also install a service: they are only unpacked. */
const stockFiles = [
  { from: 'cinder-common', path: 'usr/share/cinder-common/api-paste.ini', to: 'cinder-api-paste.ini' },
  { from: 'cinder-common', path: 'etc/cinder/resource_filters.json', to: 'cinder-resource-filters.json' },
  { from: 'nova-common', path: 'usr/share/nova-common/api-paste.ini', to: 'nova-api-paste.ini' },
  { from: 'glance-common', path: 'usr/share/glance-common/glance-api-paste.ini', to: 'glance-api-paste.ini' },
  { from: 'neutron-common', path: 'usr/share/neutron-common/api-paste.ini', to: 'neutron-api-paste.ini' },
];

const policyFile = '/usr/sbin/policy-rc.d';

/**
 * Installs missing Debian packages, and unpacks the stock files into `stock`.
 *
 * @param extra - further packages
 * @returns the versions of the packages, which identify the content of the databases
 * @throws UnavailableError when they cannot be installed
 */
export function installPackages(stock: string, extra: readonly string[] = []): string {
  const wanted = [...packages, ...extra];
  const missing = wanted.filter((name) => versionOf(name) === undefined);
  if (missing.length > 0) install(missing);
  unpackStock(stock);
  return wanted.map((name) => `${name}=${versionOf(name) ?? ''}`).join('\n');
}

function install(missing: readonly string[]): void {
  const hadPolicy = existsSync(policyFile);
  try {
    // 101: no service is started. Source: Debian's invoke-rc.d policy.
    if (!hadPolicy) writeFileSync(policyFile, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
    run('apt-get', ['update', '-qq']);
    run('apt-get', ['-o', 'DPkg::Lock::Timeout=550', 'install', '-y', '-qq', '--no-install-recommends', ...missing]);
  } catch (error) {
    if (error instanceof UnavailableError) throw error;
    throw new UnavailableError(`Debian's packages need root: ${String(error)}`);
  } finally {
    if (!hadPolicy) rmSync(policyFile, { force: true });
  }
}

function unpackStock(stock: string): void {
  mkdirSync(stock, { recursive: true });
  const missing = stockFiles.filter(({ to }) => !existsSync(join(stock, to)));
  if (missing.length === 0) return;
  const work = mkdtempSync(join(tmpdir(), 'nova-dpm-packages-'));
  try {
    run('apt-get', ['download', ...new Set(missing.map(({ from }) => from))], work);
    for (const file of readdirSync(work)) run('dpkg-deb', ['-x', file, 'unpacked'], work);
    for (const { path, to } of missing) copyFileSync(join(work, 'unpacked', path), join(stock, to));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function versionOf(name: string): string | undefined {
  const { stdout } = spawnSync('dpkg-query', ['-W', '-f', '${db:Status-Status} ${Version}', name], {
    encoding: 'utf8',
  });
  const [status, version] = (stdout ?? '').split(' ');
  return status === 'installed' ? version : undefined;
}

function run(command: string, args: readonly string[], cwd = '/'): void {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const { status, stderr, error } = spawnSync(command, args, { cwd, env, encoding: 'utf8' });
  if (status === 0) return;
  const reason = error?.message ?? stderr.trim().split('\n').slice(-3).join('; ');
  throw new UnavailableError(`${command} ${args[0] ?? ''} of Debian's packages failed: ${reason}`);
}
