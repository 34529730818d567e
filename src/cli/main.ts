#!/usr/bin/env node
import { nodeProblem } from './node-version.ts';

const problem = nodeProblem(process.versions.node, process.execPath);
if (problem === undefined) {
  const { runProcess } = await import('./run-process.ts');
  await runProcess();
} else {
  process.stderr.write(`dpm: ${problem}\n`);
  process.exitCode = 2;
}
