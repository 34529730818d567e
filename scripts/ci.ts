/*
 * Runs the checks and tests of `.ci/run`. Continues after a failure, so that one run shows all failures. Ends with "N
 * passed, N failed", which counts each check and each test.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { z } from 'zod';

/** These checks change nothing and use one core each. As many run at once as there are cores, the longest first. */
const checks = ['lint', 'api', 'format', 'types', 'deps', 'unused', 'lint:shell', 'audit', 'licences'] as const;
/** Tests with real services of OpenStack. Where these are not available, they do not run. */
const serviceScripts = [['test:openstack'], ['real-openstack', '--', '--share'], ['test:install']] as const;
/** It measures time, so nothing else runs at the same time. */
const bench = 'bench';

const report = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string(),
      assertionResults: z.array(
        z.object({ fullName: z.string(), status: z.string(), failureMessages: z.array(z.string()).nullish() }),
      ),
    }),
  ),
});

const directory = mkdtempSync(join(tmpdir(), 'nova-dpm-ci-'));
const passed: string[] = [];
const failed: string[] = [];
/** Checks whose tool is missing. They count neither as passed nor as failed. */
const notRun: string[] = [];
const NOT_RUN = 3;
const waiting = [...checks];
await Promise.all(
  Array.from({ length: availableParallelism() }, async () => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) note(check, await quietly(check));
  }),
);
note(bench, npm('run', '--silent', bench));
// It builds, like the check of the API, so the two do not run at the same time.
note('oldest-node', npm('run', '--silent', 'oldest-node'));
const shortTests = await runTests('test');
// The services of OpenStack mostly wait, so they run beside the long tests.
const [proofs, services] = await Promise.all([runTests('proofs'), runServiceStages()]);
const tests = sumOf(shortTests, proofs);
rmSync(directory, { recursive: true, force: true });

for (const check of passed) console.log(`ok      ${check}`);
for (const check of notRun) console.log(`NOT RUN ${check}`);
for (const check of failed) console.log(`FAILED  ${check}`);
for (const failure of tests.failures) console.log(`FAILED  ${failure}`);
for (const { script, failures } of services)
  for (const failure of failures) console.log(`FAILED  ${script}: ${failure}`);
console.log(`tests   ${tests.passed} passed, ${tests.failed} failed, ${tests.skipped} skipped`);
for (const { script, counts } of services) console.log(`${script} ${counts.passed} passed, ${counts.failed} failed`);
const total = (count: 'passed' | 'failed') => services.reduce((sum, { counts }) => sum + counts[count], tests[count]);
const allPassed = passed.length + total('passed');
const allFailed = failed.length + total('failed');
console.log(`${allPassed} passed, ${allFailed} failed`);
process.exitCode = allFailed === 0 ? 0 : 1;

function note(check: string, status: number): void {
  (status === 0 ? passed : status === NOT_RUN ? notRun : failed).push(check);
}

/** Runs a check and prints its output when it has ended, so that outputs of parallel checks do not mix. */
async function quietly(check: string): Promise<number> {
  const { output, status, seconds } = await captured(check);
  process.stdout.write(`\n> npm run ${check}\n${output}\n  ${seconds} s\n`);
  return status;
}

function npm(...args: string[]): number {
  console.log(`\n> npm ${args.join(' ')}`);
  const startedAt = performance.now();
  const { status } = spawnSync('npm', args, { stdio: 'inherit' });
  console.log(`  ${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
  return status ?? 1;
}

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

interface TestCounts extends Counts {
  /** Lists each failed test with its file and reason, for the end of the output. */
  readonly failures: readonly string[];
}

/** @param script - a script of package.json; no test is in two of them */
async function runTests(script: 'test' | 'proofs'): Promise<TestCounts> {
  const file = join(directory, `${script}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  console.log(`\n> npm run ${script}`);
  const startedAt = performance.now();
  const child = spawn('npm', ['run', '--silent', script, '--', ...reporters], { stdio: 'inherit' });
  await once(child, 'close');
  const status = child.exitCode ?? 1;
  console.log(`  ${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
  // A run that fails without a failed test (a file that does not load, an unhandled rejection) counts as a failure.
  if (!existsSync(file))
    return { passed: 0, failed: 1, skipped: 0, failures: [`npm run ${script}: no report, exit ${status}`] };
  const counts = report.parse(JSON.parse(readFileSync(file, 'utf8')));
  const hidden = status !== 0 && counts.numFailedTests === 0 ? 1 : 0;
  const failures = failuresIn(counts);
  if (hidden > 0 && failures.length === 0)
    failures.push(`npm run ${script}: exit ${status} without a failed test; see its output`);
  const [passedTests, failedTests] = [counts.numPassedTests, counts.numFailedTests + hidden];
  return { passed: passedTests, failed: failedTests, skipped: counts.numPendingTests, failures };
}

function failuresIn({ testResults }: z.infer<typeof report>): string[] {
  return testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = relative(process.cwd(), name);
    const ofTests = assertionResults
      .filter((result) => result.status === 'failed')
      .map((result) => `${file}: ${result.fullName}\n${(result.failureMessages ?? []).join('\n')}`);
    return status === 'failed' && ofTests.length === 0 ? [`${file}: ${message}`] : ofTests;
  });
}

function sumOf(one: TestCounts, other: TestCounts): TestCounts {
  return {
    passed: one.passed + other.passed,
    failed: one.failed + other.failed,
    skipped: one.skipped + other.skipped,
    failures: [...one.failures, ...other.failures],
  };
}

interface ServiceStage {
  readonly script: string;
  /** Lines about what failed, for the end of the output. */
  readonly failures: readonly string[];
  readonly counts: Omit<Counts, 'skipped'>;
}

/** Runs the tests with real services, one after another. The last line of each has its counts, or says that it did not run. */
async function runServiceStages(): Promise<readonly ServiceStage[]> {
  const stages: ServiceStage[] = [];
  for (const [script, ...args] of serviceScripts) {
    const { output, status, seconds } = await captured(script, ...args);
    console.log(`\n> npm run ${script}\n${output}\n  ${seconds} s`);
    if (status === NOT_RUN) {
      notRun.push(`${script}: ${output.split('\n').at(-1) ?? ''}`);
      continue;
    }
    const counts = /^(\d+) passed, (\d+) failed$/m.exec(output);
    const failures = Number(counts?.[2] ?? 0);
    // The script failed without a failed check: it was interrupted, or is broken.
    const hidden = status !== 0 && failures === 0 ? 1 : 0;
    const failedLines = output.split('\n').filter((line) => line.startsWith('FAIL'));
    stages.push({
      script,
      failures: failedLines,
      counts: { passed: Number(counts?.[1] ?? 0), failed: failures + hidden },
    });
  }
  return stages;
}

/** Runs a script, and keeps its output. */
async function captured(script: string, ...args: readonly string[]) {
  const startedAt = performance.now();
  const child = spawn('npm', ['run', '--silent', script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(child, 'close');
  const output = Buffer.concat(chunks).toString().trimEnd();
  return { output, status: child.exitCode ?? 1, seconds: ((performance.now() - startedAt) / 1000).toFixed(0) };
}
