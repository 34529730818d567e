import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes the state directory and those above it, for their owner alone; one that is there stays as it is.
 *
 * Node's own `recursive` never ends where the file system says ENOENT of a directory whose parent exists, as /proc and the
 * mount points of autofs do.
 *
 * @throws what the file system says
 */
export function makeStateDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (isDirectory(path)) return;
    const lacksParent = isSystemError(error, 'ENOENT') && !isDirectory(dirname(path));
    if (!lacksParent || dirname(path) === path) throw error;
    makeStateDirectory(dirname(path));
    makeStateDirectory(path);
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function isSystemError(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
