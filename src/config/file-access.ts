import { accessSync, constants, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** The file system operations that reading settings needs. */
export interface FileAccess {
  /** Returns the text of a file; undefined if it does not exist. Throws other errors. */
  readonly read: (path: string) => string | undefined;
  /** Returns the permission bits, and whether the path is a directory; undefined if it does not exist. */
  readonly info: (path: string) => { readonly mode: number; readonly directory: boolean } | undefined;
  /** Returns the names in a directory, sorted. */
  readonly list: (directory: string) => readonly string[];
  /** Returns whether the directory can be written, or created. */
  readonly writable: (directory: string) => boolean;
}

/** Longer than any reasonable settings file, certificate bundle or clouds.yaml. */
const MAX_FILE_BYTES = 4 * 1024 * 1024;

function isAbsent(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

function orUndefined<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

function canWrite(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK | constants.X_OK);
    return true;
  } catch (error) {
    const parent = dirname(directory);
    return isAbsent(error) && parent !== directory && canWrite(parent);
  }
}

/** The file system of this machine. */
export const nodeFiles: FileAccess = {
  read: (path) =>
    orUndefined(() => {
      if (statSync(path).size > MAX_FILE_BYTES) throw new Error(`the file is longer than ${MAX_FILE_BYTES} bytes`);
      return readFileSync(path, 'utf8');
    }),
  info: (path) =>
    orUndefined(() => {
      const stats = statSync(path);
      return { mode: stats.mode & 0o777, directory: stats.isDirectory() };
    }),
  list: (directory) => readdirSync(directory).sort(),
  writable: canWrite,
};
