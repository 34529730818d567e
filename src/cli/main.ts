#!/usr/bin/env node
import { nodeProblem, quietAboutSqlite } from './node-version.ts';

const problem = nodeProblem(process.versions.node, process.execPath);
if (problem === undefined) {
  process.emitWarning = quietAboutSqlite(process.emitWarning.bind(process));
  const { cacheModules } = await import('./module-cache.ts');
  cacheModules();
  const { runProcess } = await import('./node-io.ts');
  await runProcess();
} else {
  process.stderr.write(`dpm: ${problem}\n`);
  process.exitCode = 2;
}
