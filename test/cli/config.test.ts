import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runDpm } from '../support/cli.ts';
import { settingsText } from '../support/settings.ts';

let cwd = '';

beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'dpm-config-'));
  writeFileSync(join(cwd, 'nova-dpm.conf'), settingsText(), { mode: 0o600 });
  writeFileSync(join(cwd, 'extra.conf'), '[dpm]\nmax_memory = 2048\n');
});

afterAll(() => {
  rmSync(cwd, { recursive: true, force: true });
});

describe('dpm config sample', () => {
  test('prints the file itself, in a pipe too, and needs no settings', async () => {
    const { code, stdout, stderr } = await runDpm(['config', 'sample'], { cwd: tmpdir() });

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    await expect(stdout).toMatchFileSnapshot('config-sample.conf');
  });

  test('prints the table of all settings for programs when a format is asked for', async () => {
    const { stdout } = await runDpm(['config', 'sample', '-f', 'json'], { cwd });

    expect(JSON.parse(stdout)).toContainEqual(
      expect.objectContaining({ option: 'dpm.boot_timeout', type: 'integer', required: false, default: '60' }),
    );
  });
});

describe('dpm config show', () => {
  test('shows each setting with its origin, and no secret', async () => {
    const env = { NOVA_DPM_DPM__BOOT_ATTEMPTS: '3' };
    const { code, stdout } = await runDpm(
      ['config', 'show', '--config-file', 'nova-dpm.conf', '--config-file', 'extra.conf'],
      { cwd, env },
    );

    const rows = JSON.parse(stdout) as unknown[];
    expect(code).toBe(0);
    expect(rows).toContainEqual({ option: 'dpm.max_memory', value: '2048', source: 'extra.conf:2' });
    expect(rows).toContainEqual({ option: 'dpm.boot_attempts', value: '3', source: 'NOVA_DPM_DPM__BOOT_ATTEMPTS' });
    expect(rows).toContainEqual({ option: 'dpm.hmc_password', value: '***', source: 'nova-dpm.conf:7' });
    expect(stdout).not.toContain('sentinel');
  });

  test('finds the file by NOVA_DPM_CONFIG and in the current directory', async () => {
    const here = await runDpm(['config', 'show', '-f', 'value', '-c', 'source'], { cwd });
    const named = await runDpm(['config', 'show', '-f', 'value', '-c', 'source'], {
      cwd: tmpdir(),
      env: { NOVA_DPM_CONFIG: join(cwd, 'nova-dpm.conf') },
    });

    expect(here.stdout.split('\n')).toContain('nova-dpm.conf:2');
    expect(named.stdout.split('\n')).toContain(`${join(cwd, 'nova-dpm.conf')}:2`);
  });

  test('names every setting that is wrong, and nothing else is printed', async () => {
    const env = { NOVA_DPM_DPM__MAX_MEMORY: 'lots', NOVA_DPM_CINDER__AUTH_TYPE: 'magic' };
    const { code, stdout, stderr } = await runDpm(['config', 'show', '-f', 'csv'], { cwd, env });

    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(
      'dpm.max_memory = "lots" (NOVA_DPM_DPM__MAX_MEMORY): expected a whole number of at least 512 (MiB)',
    );
    expect(stderr).toContain('cinder.auth_type = "magic" (NOVA_DPM_CINDER__AUTH_TYPE)');
  });
});
