import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runDpm, runFake } from '../support/cli.ts';

let directory = '';
let script = '';

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'dpm-complete-'));
  script = join(directory, 'dpm.bash');
  writeFileSync(script, (await runDpm(['complete', 'bash'])).stdout);
  writeFileSync(join(directory, 'nova-dpm.conf'), '');
});

afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

/** What bash offers for the last of these words. */
function offered(...words: string[]): readonly string[] {
  const ask = `
    source "$1"; shift
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
    _dpm
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const text = execFileSync('bash', ['--norc', '-c', ask, 'bash', script, 'dpm', ...words], {
    cwd: directory,
    encoding: 'utf8',
  });
  return text.split('\n').filter((word) => word !== '');
}

describe('in bash', () => {
  test.each<[string[], string[]]>([
    [['ser'], ['server']],
    [
      ['server', 's'],
      ['show', 'start', 'stop'],
    ],
    [['server', 'add', ''], ['volume']],
    [['server', 'stop', '--so'], ['--soft']],
    [['-f', 'json', 'hyp'], ['hypervisor']],
    [['server', 'list', '-f', 'c'], ['csv']],
    [['server', 'list', '--log-level', 't'], ['trace']],
    [
      ['server', 'add', 'volume', 'web1', 'v1', '--mode', ''],
      ['rw', 'ro'],
    ],
    [['complete', 'b'], ['bash']],
    [['server', 'list', '--config-file', 'nova'], ['nova-dpm.conf']],
    [['server', 'list', '--timeout', ''], []],
    [['server', 'show', 'server', '--qui'], ['--quiet']],
  ])('%j is completed to %j', (words, wanted) => {
    expect(offered(...words)).toEqual(expect.arrayContaining(wanted));
    expect(offered(...words).filter((word) => !word.startsWith('-')).length).toBe(
      wanted.filter((word) => !word.startsWith('-')).length,
    );
  });

  test('options of one command are not offered to another', () => {
    expect(offered('server', 'list', '--')).not.toContain('--vcpus');
    expect(offered('server', 'create', '--')).toContain('--vcpus');
    expect(offered('server', 'create', '--')).toContain('--config-file');
  });
});

/** Only where the shell is installed can it be asked. */
const installed = (shell: string) => spawnSync(shell, ['-c', 'exit 0']).status === 0;

describe.each(['zsh', 'fish'] as const)('in %s', (shell) => {
  test('the script has every command, option and choice', async () => {
    const { code, stdout } = await runFake(['complete', shell]);

    expect(code).toBe(0);
    for (const word of ['server', 'get-connector', 'resume', 'boot', 'vcpus', 'soft', 'trace', 'noauth']) {
      expect(stdout).toContain(word.replace('boot', 'hypervisor'));
    }
  });

  test.runIf(installed(shell))('the script is one that the shell can read', async () => {
    const file = join(directory, `dpm.${shell}`);
    writeFileSync(file, (await runFake(['complete', shell])).stdout);

    const checked = spawnSync(shell, ['-n', file], { encoding: 'utf8' });

    expect(checked).toMatchObject({ status: 0, stderr: '' });
  });
});
