import type { FileAccess } from '../../config/index.ts';

/** Returns the files with one more file, which exists in memory only. */
export function overlay(files: FileAccess, path: string, text: string): FileAccess {
  return {
    read: (other) => (other === path ? text : files.read(other)),
    info: (other) => (other === path ? { mode: 0o600, directory: false } : files.info(other)),
    list: (directory) => files.list(directory),
    writable: (directory) => files.writable(directory),
  };
}
