/*
 * npm run build: writes the package to dist/, JavaScript and types, and the manual page to man/.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, rmSync } from 'node:fs';
import { z } from 'zod';
import { bundle } from './bundle.ts';

// Deletes the last build first: otherwise the package would contain files of deleted modules.
rmSync('dist', { recursive: true, force: true });
await bundle('dist');
// The conformance kit imports the package by its name, as its users do, so the package is declared first.
for (const project of ['tsconfig.build.json', 'tsconfig.conformance.json']) {
  const { status, error } = spawnSync('tsc', ['-p', project], { stdio: 'inherit' });
  if (error !== undefined) throw new Error('tsc cannot be run: start this with npm run build', { cause: error });
  if (status !== 0) process.exit(1);
}

const man = spawnSync(process.execPath, ['scripts/man.ts'], { stdio: 'inherit' });
if (man.status !== 0) process.exit(1);

// npm makes the command executable only when it links or installs the package, not after a later build.
const { bin } = z
  .looseObject({ bin: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync('package.json', 'utf8')));
for (const file of Object.values(bin)) chmodSync(file, 0o755);
