/*
 * The checks and tests of `.ci/run`: all of them run even when one fails, so that one look shows everything. Ends with
 * "N passed, N failed", where a check counts as one and a test file's tests as what they are.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { z } from 'zod';

/** They only read, each by itself on one core: as many at once as there are cores, the long ones first. */
const checks = ['lint', 'api', 'format', 'types', 'deps', 'unused', 'lint:shell', 'audit', 'licences'] as const;
/** It times: nothing runs beside it. */
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
/** A tool was missing: neither passed nor failed, and said so. */
const notRun: string[] = [];
const NOT_RUN = 3;
const waiting = [...checks];
await Promise.all(
  Array.from({ length: availableParallelism() }, async () => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) note(check, await quietly(check));
  }),
);
note(bench, npm('run', '--silent', bench));
// It builds, as the check of the API does: not at the same time.
note('oldest-node', npm('run', '--silent', 'oldest-node'));
const tests = sumOf(runTests('test'), runTests('proofs'));
const openstack = runRealOpenstack();
rmSync(directory, { recursive: true, force: true });

for (const check of passed) console.log(`ok      ${check}`);
for (const check of notRun) console.log(`NOT RUN ${check}`);
for (const check of failed) console.log(`FAILED  ${check}`);
for (const failure of tests.failures) console.log(`FAILED  ${failure}`);
console.log(`tests   ${tests.passed} passed, ${tests.failed} failed, ${tests.skipped} skipped`);
if (openstack !== undefined) console.log(`real-openstack ${openstack.passed} passed, ${openstack.failed} failed`);
const allPassed = passed.length + tests.passed + (openstack?.passed ?? 0);
const allFailed = failed.length + tests.failed + (openstack?.failed ?? 0);
console.log(`${allPassed} passed, ${allFailed} failed`);
process.exitCode = allFailed === 0 ? 0 : 1;

function note(check: string, status: number): void {
  (status === 0 ? passed : status === NOT_RUN ? notRun : failed).push(check);
}

/** What it prints comes as one piece when it ends, not mixed with that of its neighbours. */
async function quietly(check: string): Promise<number> {
  const startedAt = performance.now();
  const child = spawn('npm', ['run', '--silent', check], { stdio: ['ignore', 'pipe', 'pipe'] });
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(child, 'close');
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  process.stdout.write(`\n> npm run ${check}\n${Buffer.concat(chunks).toString()}  ${seconds} s\n`);
  return child.exitCode ?? 1;
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
  /** Each failed test with its file and why, for the end of the output. */
  readonly failures: readonly string[];
}

/** @param script - of package.json: no test is in both */
function runTests(script: 'test' | 'proofs'): TestCounts {
  const file = join(directory, `${script}.json`);
  const status = npm(
    'run',
    '--silent',
    script,
    '--',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${file}`,
  );
  // A run that ended badly without a failed test (a file that does not load, an unhandled rejection) is a failure too.
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

/** Against real Keystone and Cinder, where they can be had. It says so in its last line, or how many of its checks held. */
function runRealOpenstack(): Omit<Counts, 'skipped'> | undefined {
  const script = 'real-openstack';
  console.log(`\n> npm run ${script}`);
  const startedAt = performance.now();
  const options = { encoding: 'utf8', maxBuffer: 1 << 28 } as const;
  const { status, stdout, stderr } = spawnSync('npm', ['run', '--silent', script], options);
  const output = `${stdout}${stderr}`.trim();
  console.log(`${output}\n  ${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
  if (status === NOT_RUN) {
    notRun.push(`${script}: ${output.split('\n').at(-1) ?? ''}`);
    return undefined;
  }
  const counts = /^(\d+) passed, (\d+) failed$/m.exec(stdout);
  const failures = Number(counts?.[2] ?? 0);
  // It ended badly without a failed check: interrupted, or broken.
  const hidden = status !== 0 && failures === 0 ? 1 : 0;
  return { passed: Number(counts?.[1] ?? 0), failed: failures + hidden };
}
