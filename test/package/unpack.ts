import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

/**
 * Builds and packs the package, and installs it in a project without asking a registry: beside it lie what it names as
 * dependencies, and what those bring, at the versions of the lock file; no development dependency but the types of Node.js.
 *
 * @returns the directory of the installed modules
 */
export function unpackPackage(project: string): string {
  execFileSync('npm', ['pack', '--silent', '--pack-destination', project], { cwd: root });
  const tarball = readdirSync(project).find((name) => name.endsWith('.tgz')) ?? '';
  const modules = join(project, 'node_modules');
  const target = join(modules, 'nova-dpm');
  mkdirSync(target, { recursive: true });
  execFileSync('tar', ['-xzf', join(project, tarball), '--strip-components=1', '-C', target]);
  for (const name of dependencies()) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
  return modules;
}

function dependencies(): readonly string[] {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: true }>;
  };
  const ours = Object.entries(lock.packages).flatMap(([path, { dev }]) => {
    const [, name = '', further] = path.split(/(?:^|\/)node_modules\//);
    return name !== '' && further === undefined && dev !== true ? [name] : [];
  });
  return [...ours, '@types/node', 'undici-types'];
}
