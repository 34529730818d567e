import { mkdirSync, statSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { dirname, join } from 'node:path';
import type { Environment } from '../config/index.ts';

/** Makes Node.js cache the compiled modules for later processes. `NODE_COMPILE_CACHE` takes precedence. */
export function cacheModules(): void {
  const directory = moduleCache(process.env, process.geteuid?.() ?? 0);
  if (directory !== undefined) enableCompileCache(directory);
}

/**
 * Returns the directory for compiled modules, `$XDG_CACHE_HOME/nova-dpm` or `~/.cache/nova-dpm`, and creates it if needed.
 * A short command spends much of its time on compiling. The cache contains code that is executed, so this returns undefined
 * if another user could write to the directory. A root shell with the home directory of another user has no cache.
 *
 * @param uid - the effective user ID of this process
 */
export function moduleCache({ XDG_CACHE_HOME: xdg, HOME: home }: Environment, uid: number): string | undefined {
  const caches = xdg?.startsWith('/') ? xdg : home?.startsWith('/') ? join(home, '.cache') : undefined;
  if (caches === undefined) return undefined;
  const own = join(caches, 'nova-dpm');
  try {
    for (const directory of [dirname(caches), caches, own]) {
      if (directory !== dirname(caches)) mkdirSync(directory, { recursive: true, mode: 0o700 });
      const { uid: owner, mode } = statSync(directory);
      if ((owner !== uid && owner !== 0) || (mode & 0o022) !== 0) return undefined;
    }
    return own;
  } catch {
    return undefined; // the home directory is missing or read-only
  }
}
