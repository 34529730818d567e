import { accessSync, constants, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** What the reader of settings needs of a file system; tests give it one of their own. */
export interface FileAccess {
  /** The text of a file; undefined when there is none. Throws what forbids the reading. */
  readonly read: (path: string) => string | undefined;
  /** Permission bits, and whether it is a directory; undefined when there is nothing. */
  readonly info: (path: string) => { readonly mode: number; readonly directory: boolean } | undefined;
  /** Names in a directory, in order. */
  readonly list: (directory: string) => readonly string[];
  /** Could a directory of this name be written, or be made? */
  readonly writable: (directory: string) => boolean;
}

/** No settings file, certificate bundle or clouds.yaml of good faith is longer. */
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
