import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeInstallerImage } from '../../src/simulator/index.ts';

let file: string | undefined;

/** An ISO image that installs in the simulator; it exists as long as this process. */
export function installerFile(): string {
  if (file !== undefined) return file;
  const directory = mkdtempSync(join(tmpdir(), 'nova-dpm-iso-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  file = join(directory, 'install.iso');
  writeFileSync(file, makeInstallerImage());
  return file;
}
