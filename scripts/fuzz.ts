/*
 * npm run fuzz: gives the clients generated answers of HMC, Keystone and Cinder, and flows in which one answer is
 * corrupted. None may cause a crash, an unhandled rejection, a hang, a change of a prototype, a request to another
 * peer, a write outside of the state directory, the start of a program, or a partial change that no output names.
 *
 *   npm run fuzz -- [--bodies N] [--flows N] [--seed N]
 *
 * The seed is printed; the same seed and numbers give the same answers. A second process does the work. Node.js permits
 * it to write only its state directories, and to start no process, so that an attempt is an error.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fuzzBodies } from '../test/fuzz/bodies.ts';
import { fuzzFlows } from '../test/fuzz/flows.ts';

const { values } = parseArgs({
  options: {
    bodies: { type: 'string', default: '100000' },
    flows: { type: 'string', default: '480' },
    seed: { type: 'string', default: String(Date.now() % 0x7fff_ffff) },
  },
});

if (!process.execArgv.includes('--permission')) process.exitCode = runConfined();
else process.exitCode = await fuzz(Number(values.bodies), Number(values.flows), Number(values.seed));

function runConfined(): number {
  const directory = mkdtempSync(join(tmpdir(), 'nova-dpm-fuzz-'));
  // State directories are on a disk in memory, if there is one.
  const writable = [directory, '/dev/shm/nova-dpm-test-*'].map((path) => `--allow-fs-write=${path}`);
  const fence = ['--permission', '--allow-fs-read=*', ...writable, '--disable-warning=SecurityWarning'];
  const args = Object.entries(values).flatMap(([name, value]) => [`--${name}`, value]);
  try {
    const env = { ...process.env, TMPDIR: directory };
    return (
      spawnSync(process.execPath, [...fence, import.meta.filename, ...args], { stdio: 'inherit', env }).status ?? 1
    );
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function fuzz(bodies: number, flows: number, seed: number): Promise<number> {
  console.log(`seed ${seed}: ${bodies} bodies, ${flows} flows`);
  const startedAt = performance.now();
  const read = await fuzzBodies({ bodies, seed });
  printCounts(read.operations);
  console.log(`ended as ${inOneLine(read.ends)}`);
  const run = await fuzzFlows({ flows, seed });
  printCounts(run.ends);
  const problems = [...read.problems, ...run.problems];
  for (const problem of problems) console.log(`PROBLEM: ${problem}`);
  const total = (counts: ReadonlyMap<string, number>) => [...counts.values()].reduce((sum, each) => sum + each, 0);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  console.log(
    `fuzz: ${total(read.operations)} bodies in ${read.operations.size} operations, ${total(run.ends)} flows, ${problems.length} problems, ${seconds} s, seed ${seed}`,
  );
  return problems.length === 0 ? 0 : 1;
}

function printCounts(counts: ReadonlyMap<string, number>): void {
  for (const [name, number] of [...counts].sort()) console.log(`${String(number).padStart(7)}  ${name}`);
}

function inOneLine(counts: ReadonlyMap<string, number>): string {
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  return sorted.map(([name, number]) => `${name} ${number}`).join(', ');
}
