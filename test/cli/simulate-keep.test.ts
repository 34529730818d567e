import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { ended, runDpm, startDpm } from '../support/cli.ts';

async function firstLine(child: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: child.stdout! })) return line; // stdio is a pipe
  throw new Error('the simulator ended without a word');
}

test('a server survives kill -9 of the simulator, and its ports too', { timeout: 180_000 }, async () => {
  const cwd = mkdtempSync(join(tmpdir(), 'dpm-keep-'));
  const start = () => startDpm(['simulate', '-f', 'json', '--keep', 'kept', '--write-config', 'sim.conf'], { cwd });
  const env = { NOVA_DPM_CONFIG: 'sim.conf' };
  const dpm = (...argv: string[]) => runDpm(argv, { cwd, env });
  try {
    const first = start();
    const before = JSON.parse(await firstLine(first)) as { hmc_url: string; hmc_stomp_port: number };
    const argv = ['--vcpus', '1', '--memory', '4096', '--volume', 'boot-1'];
    const created = await dpm('server', 'create', 'web1', ...argv);
    expect(created.code, created.stderr).toBe(0);
    const gone = ended(first);
    first.kill('SIGKILL');
    await gone;

    const second = start();
    const after = JSON.parse(await firstLine(second)) as { hmc_url: string; hmc_stomp_port: number };
    const shown = await dpm('server', 'show', 'web1', '-f', 'json');
    const verified = await dpm('verify');
    const end = ended(second);
    second.kill('SIGTERM');

    expect((await end).code).toBe(0);
    expect(after.hmc_url).toBe(before.hmc_url);
    expect(after.hmc_stomp_port).toBe(before.hmc_stomp_port);
    expect(shown.code, shown.stderr).toBe(0);
    expect(JSON.parse(shown.stdout)).toMatchObject({
      name: 'web1',
      status: 'ACTIVE',
      power_state: 'running',
      id: (JSON.parse(created.stdout) as { id: string }).id,
    });
    expect(verified.code, verified.stdout).toBe(0);
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
});
