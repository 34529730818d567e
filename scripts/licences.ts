/*
 * npm run licences: fails if a package that users install has no licence, or one that is not on the list. The lock file
 * says which packages these are, and `npm run sbom` lists them with their versions.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** Licences that allow distribution with an Apache-2.0 program, and require only a notice. */
const allowed: ReadonlySet<string> = new Set(['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT']);

const lockFile = z.looseObject({
  packages: z.record(
    z.string(),
    z.looseObject({ version: z.string().optional(), license: z.string().optional(), dev: z.boolean().optional() }),
  ),
});

const text = readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8');
const { packages } = lockFile.parse(JSON.parse(text));
const installed = Object.entries(packages).filter(([path, { dev }]) => path !== '' && dev !== true);
const counts = new Map<string, number>();
for (const [path, { version = '', license = '(none)' }] of installed) {
  counts.set(license, (counts.get(license) ?? 0) + 1);
  if (isAllowed(license)) continue;
  console.log(`licences: ${path.replace(/^.*node_modules\//, '')} ${version} has ${license}`);
  process.exitCode = 1;
}
// Too few packages mean that the lock file was not read correctly.
if (installed.length < 10) {
  console.log(`licences: only ${installed.length} packages found`);
  process.exitCode = 1;
}
const summary = [...counts].map(([license, count]) => `${license} ${count}`).join(', ');
console.log(`licences: ${installed.length} packages that users install: ${summary}`);

/** Whether `MIT`, or one part of a choice such as `(MIT OR GPL-2.0)`, is allowed. */
function isAllowed(license: string): boolean {
  const choices = license.replaceAll(/[()]/g, '').split(' OR ');
  return choices.some((choice) => choice.split(' AND ').every((part) => allowed.has(part.trim())));
}
