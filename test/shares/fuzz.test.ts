import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { ended } from '../support/cli.ts';

const script = fileURLToPath(new URL('../../scripts/fuzz.ts', import.meta.url));

it('a small share of the fuzzing, with a fixed seed, finds nothing', { timeout: 300_000 }, async () => {
  const args = [script, '--bodies', '500', '--flows', '6', '--seed', '20261121'];

  const { code, stdout, stderr } = await ended(spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] }));

  expect(stdout.split('\n').filter((line) => line.startsWith('PROBLEM'))).toEqual([]);
  expect(code, stderr).toBe(0);
  expect(stdout).toMatch(/^fuzz: 500 bodies in \d{2,} operations, 6 flows, 0 problems/m);
});
