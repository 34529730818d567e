import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Creates the state directory and its parents, accessible only to their owner. Existing directories are not changed.
 *
 * Node's own `recursive` never ends if the file system reports ENOENT for a directory whose parent exists, as /proc and the
 * mount points of autofs do.
 *
 * @throws the error of the file system
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
