/* Two terminals share one state directory: each sees and changes the servers of the other. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { main } from '../support/cli.ts';

const directory = mkdtempSync(join(tmpdir(), 'nova-dpm-terminals-'));
const config = join(directory, 'nova-dpm.conf');
const env = { ...process.env, NOVA_DPM_CONFIG: config, NOVA_DPM_DEFAULT__STATE_PATH: join(directory, 'state') };

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function dpm(...args: string[]): Promise<Ended> {
  const child = spawn(process.execPath, [main, ...args, '-f', 'json'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })));
}

const names = z.array(z.looseObject({ name: z.string(), status: z.string() }));
const simulator = spawn(process.execPath, [main, 'simulate', '--write-config', config, '-f', 'json'], {
  stdio: ['ignore', 'pipe', 'inherit'],
});

beforeAll(async () => {
  await new Promise<void>((resolve) =>
    simulator.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (text.includes('"ready":true')) resolve();
    }),
  );
});

afterAll(async () => {
  simulator.kill('SIGINT');
  await new Promise((resolve) => simulator.once('close', resolve));
  rmSync(directory, { recursive: true, force: true });
});

it(
  'one terminal lists, shows and deletes a server of the other, also while both work',
  { timeout: 300_000 },
  async () => {
    const both = await Promise.all([
      dpm('server', 'create', 'web1', '--vcpus', '1', '--memory', '1024', '--volume', 'boot-1'),
      dpm('server', 'create', 'web2', '--vcpus', '1', '--memory', '1024', '--volume', 'boot-2'),
    ]);
    const listed = await dpm('server', 'list');
    const shown = await dpm('server', 'show', 'web1');
    const twice = await Promise.all([
      dpm('server', 'delete', 'web1', '--if-exists'),
      dpm('server', 'delete', 'web1', 'web2', '--if-exists'),
    ]);
    const empty = await dpm('server', 'list');
    const gone = await dpm('server', 'delete', 'web1');

    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect(
      names
        .parse(JSON.parse(listed.stdout))
        .map(({ name, status }) => `${name} ${status}`)
        .sort(),
    ).toEqual(['web1 ACTIVE', 'web2 ACTIVE']);
    expect(JSON.parse(shown.stdout)).toMatchObject({ name: 'web1', partition_status: 'active' });
    expect(twice.map(({ code }) => code)).toEqual([0, 0]);
    expect(JSON.parse(empty.stdout)).toEqual([]);
    expect(gone.code).toBe(3);
    expect(JSON.parse(gone.stdout)).toMatchObject({ error: { code: 'NOT_FOUND', left_behind: [] } });
  },
);

it('an unreachable HMC ends with exit code 5 and one readable line', { timeout: 300_000 }, async () => {
  const child = await new Promise<Ended>((resolve) => {
    const process_ = spawn(process.execPath, [main, 'server', 'list', '-f', 'json'], {
      env: { ...env, NOVA_DPM_DPM__HMC: 'https://127.0.0.1:1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    process_.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    process_.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    process_.once('close', (code) => resolve({ code, stdout, stderr }));
  });

  expect(child.code).toBe(5);
  expect(child.stderr).toMatch(/connection refused/);
});
