import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { ended, main } from '../support/cli.ts';

/** A file of Linux on which every write fails as on a full disk. */
const FULL = '/dev/full';

/** @param full - which of its outputs is on a full disk */
async function runWith(full: 'stdout' | 'stderr', argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const fd = openSync(FULL, 'w');
  const stdio = full === 'stdout' ? (['ignore', fd, 'pipe'] as const) : (['ignore', 'pipe', fd] as const);
  try {
    return await ended(spawn(process.execPath, [main, ...argv], { cwd: tmpdir(), env, stdio: [...stdio] }));
  } finally {
    closeSync(fd);
  }
}

test.runIf(existsSync(FULL))('a log that cannot be written does not end a command in the middle', async () => {
  const env = { NOVA_DPM_DPM__HMC: 'http://hmc1' }; // refused, which standard error is told, and then the JSON

  const { code, stdout } = await runWith('stderr', ['--timeout', '9', 'hypervisor', 'show', '-f', 'json'], env);

  expect(code).toBe(2);
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'CONFIG' } });
});

test.runIf(existsSync(FULL))('a result that cannot be written is said, and is no success', async () => {
  const { code, stderr } = await runWith('stdout', ['config', 'sample']);

  expect(code).toBe(1);
  expect(stderr).toBe('dpm: the result cannot be written: ENOSPC: no space left on device, write\n');
});
