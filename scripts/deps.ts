/*
 * The boundary rules of .dependency-cruiser.cjs. A checker that saw no file would report success too (it does so with a
 * TypeScript that it does not know), so the number of modules is checked as well.
 */
import { spawnSync } from 'node:child_process';
import { z } from 'zod';

const MIN_MODULES = 150;

const result = z.looseObject({
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

const { stdout, stderr } = spawnSync('depcruise', ['src', '--output-type', 'json'], {
  encoding: 'utf8',
  maxBuffer: 1 << 28,
});
if (stdout === '') throw new Error(`dependency-cruiser printed nothing: ${stderr}`);
const { summary } = result.parse(JSON.parse(stdout));
for (const { rule, from, to } of summary.violations) console.log(`${rule.severity} ${rule.name}: ${from} -> ${to}`);
const isBlind = summary.totalCruised < MIN_MODULES;
if (isBlind) console.log(`only ${summary.totalCruised} modules were seen, expected at least ${MIN_MODULES}`);
console.log(
  `deps: ${summary.totalCruised} modules, ${summary.totalDependenciesCruised} imports, ${summary.violations.length} violations`,
);
process.exitCode = isBlind || summary.violations.length > 0 ? 1 : 0;
