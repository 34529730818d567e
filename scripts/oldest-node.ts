/*
 * npm run oldest-node: starts every command of the packed package with the oldest Node.js that package.json accepts,
 * which comes from the npm registry. If it is not available, says so and exits with 3, which the CI counts neither as
 * passed nor as failed.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { arch, platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

const NOT_RUN = 3;

const { engines } = z
  .looseObject({ engines: z.looseObject({ node: z.string() }) })
  .parse(JSON.parse(readFileSync('package.json', 'utf8')));
const version = /\d+\.\d+\.\d+/.exec(engines.node)?.[0] ?? '';
const directory = mkdtempSync(join(tmpdir(), 'nova-dpm-oldest-node-'));
try {
  process.exitCode = run(`node-${platform()}-${arch()}@${version}`);
} finally {
  rmSync(directory, { recursive: true, force: true });
}

function run(name: string): number {
  const packed = spawnSync('npm', ['pack', '--silent', '--pack-destination', directory, name], { encoding: 'utf8' });
  if (packed.status !== 0) {
    console.log(`oldest-node: NOT RUN: ${name} cannot be had from the npm registry`);
    return NOT_RUN;
  }
  spawnSync('tar', ['-xzf', join(directory, packed.stdout.trim()), '-C', directory], { stdio: 'inherit' });
  const program = join(directory, 'package', 'bin', 'node');
  const found = spawnSync(program, ['--version'], { encoding: 'utf8' }).stdout.trim();
  console.log(`oldest-node: every command of the package with Node.js ${found}`);
  if (found !== `v${version}`) throw new Error(`${name} holds Node.js ${found}`);
  const file = join(directory, 'report.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const args = ['run', 'test/package/packed.test.ts', '--testNamePattern', 'runs every command', ...reporters];
  const { status } = spawnSync('vitest', args, { stdio: 'inherit', env: { ...process.env, DPM_NODE: program } });
  // vitest also succeeds if no name matches the pattern.
  const { numPassedTests } = z
    .looseObject({ numPassedTests: z.number() })
    .parse(JSON.parse(readFileSync(file, 'utf8')));
  return status === 0 && numPassedTests === 1 ? 0 : 1;
}
