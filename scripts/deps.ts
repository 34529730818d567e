/*
 * Checks the boundary rules of .dependency-cruiser.cjs. dependency-cruiser reports success even if it reads no file
 * (with an unknown version of TypeScript), so this script also checks the number of modules.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { z } from 'zod';

const MIN_MODULES = 150;

/** The modules that `src/spawn` loads, including its own. */
const verbs = { entry: 'src/spawn/index.ts', maxFiles: 60, maxLines: 5_000 };

const result = z.looseObject({
  modules: z.array(
    z.looseObject({
      source: z.string(),
      dependencies: z.array(z.looseObject({ resolved: z.string(), dependencyTypes: z.array(z.string()) })),
    }),
  ),
  summary: z.looseObject({
    totalCruised: z.number(),
    totalDependenciesCruised: z.number(),
    violations: z.array(
      z.looseObject({
        from: z.string(),
        to: z.string(),
        rule: z.looseObject({ name: z.string(), severity: z.string() }),
      }),
    ),
  }),
});

const { stdout, stderr } = spawnSync('depcruise', ['src', 'conformance', '--output-type', 'json'], {
  encoding: 'utf8',
  maxBuffer: 1 << 28,
});
if (stdout === '') throw new Error(`dependency-cruiser printed nothing: ${stderr}`);
const { modules, summary } = result.parse(JSON.parse(stdout));
for (const { rule, from, to } of summary.violations) console.log(`${rule.severity} ${rule.name}: ${from} -> ${to}`);
const isBlind = summary.totalCruised < MIN_MODULES;
if (isBlind) console.log(`only ${summary.totalCruised} modules were seen, expected at least ${MIN_MODULES}`);
console.log(
  `deps: ${summary.totalCruised} modules, ${summary.totalDependenciesCruised} imports, ${summary.violations.length} violations`,
);

const loads = new Map(
  modules.map(({ source, dependencies }) => [
    source,
    dependencies
      .filter(({ dependencyTypes }) => !dependencyTypes.includes('type-only'))
      .map(({ resolved }) => resolved),
  ]),
);
const behind = new Set([verbs.entry]);
for (const file of behind)
  for (const loaded of loads.get(file) ?? []) if (loaded.startsWith('src/')) behind.add(loaded);
const lines = (files: Iterable<string>) =>
  [...files].reduce((sum, file) => sum + readFileSync(file, 'utf8').split('\n').length - 1, 0);
const behindLines = lines(behind);
console.log(`verbs: ${behind.size} files with ${behindLines} lines are loaded by ${verbs.entry}`);
const isTooMuch = behind.size > verbs.maxFiles || behindLines > verbs.maxLines;
if (isTooMuch) console.log(`expected at most ${verbs.maxFiles} files with ${verbs.maxLines} lines behind the verbs`);

const sources = [...loads.keys()].filter(
  (file) => /^(src\/(?!simulator\/)|conformance\/)/.test(file) && !file.endsWith('.test.ts'),
);
const size = sources.reduce((sum, file) => sum + (readFileSync(file, 'utf8').match(/^.*\S.*$/gm)?.length ?? 0), 0);
console.log(`size: ${sources.length} files with ${size} lines that are not empty, without the simulator and tests`);

process.exitCode = isBlind || isTooMuch || summary.violations.length > 0 ? 1 : 0;
