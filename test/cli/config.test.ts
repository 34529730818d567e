import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fakeIo, runDpm, runFake } from '../support/cli.ts';
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

describe('the password of the HMC', () => {
  const withoutPassword = { 'nova-dpm.conf': settingsText({ 'dpm.hmc_password': undefined }) };
  const list = async () => [];

  test('is asked for at a terminal when no setting has it, once, and never shown', async () => {
    const asked: string[] = [];
    let given: string | undefined;
    const io = fakeIo({
      files: withoutPassword,
      manager: { list },
      onOpen: (_options, settings) => (given = settings.dpm.hmcPassword.reveal()),
      askSecret: async (question) => {
        asked.push(question);
        return 'typed-at-the-terminal';
      },
    });

    const { code, stdout, stderr } = await runFake(['server', 'list', '--debug'], io);

    expect([code, stdout]).toEqual([0, '[]\n']);
    expect(asked).toEqual(['Password of the HMC user: ']);
    expect(given).toBe('typed-at-the-terminal');
    expect(stdout + stderr).not.toContain('typed-at');
  });

  test('is missed where nobody can be asked, where more is wrong, and where nothing is typed', async () => {
    const askSecret = async () => '';
    const more = { 'nova-dpm.conf': settingsText({ 'dpm.hmc_password': undefined, 'dpm.max_memory': 'lots' }) };

    const nobody = await runFake(['server', 'list'], fakeIo({ files: withoutPassword }));
    const wrong = await runFake(
      ['server', 'list'],
      fakeIo({ files: more, askSecret: () => Promise.reject(new Error()) }),
    );
    const nothing = await runFake(['server', 'list'], fakeIo({ files: withoutPassword, askSecret }));

    for (const { code, stderr } of [nobody, wrong, nothing]) {
      expect(code).toBe(2);
      expect(stderr).toContain('dpm.hmc_password is missing');
    }
  });
});
