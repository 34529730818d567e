import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDatabase } from '../../src/compute/database.ts';
import { InstanceStore } from '../../src/compute/instances.ts';
import { SqliteJournal } from '../../src/compute/sqlite-journal.ts';
import { main, runDpm, runFake } from '../support/cli.ts';
import { record } from '../support/state-database.ts';
import { toIni } from '../support/world.ts';
import { startSimulator } from '../../src/simulator/index.ts';

let directory = '';
let script = '';

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'dpm-complete-'));
  script = join(directory, 'dpm.bash');
  writeFileSync(script, (await runDpm(['complete', 'bash'])).stdout);
  const settings = [
    '[DEFAULT]',
    `state_path = ${directory}`,
    '[dpm]',
    'hmc = 127.0.0.1:9',
    '[cinder]',
    'auth_type = none',
  ];
  const nowhere = 'endpoint_override = http://127.0.0.1:9/v3';
  writeFileSync(join(directory, 'nova-dpm.conf'), [...settings, nowhere].join('\n'), { mode: 0o600 });
  const database = openDatabase(directory);
  const store = new InstanceStore(database);
  for (const [index, name] of ['web1', 'web two', '$(touch pwned)'].entries())
    store.create({ ...record, uuid: `${record.uuid.slice(0, -1)}${index}`, name }, [], () => undefined);
  const begun = { kind: 'flow-started', flow: 'build', input: {}, subject: record.uuid } as const;
  await new SqliteJournal(database).append('2e13aec6-0000-4000-8000-000000000000', begun);
  database.close();
});

afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

/** What bash offers for the last of these words. */
function offered(...words: string[]): readonly string[] {
  const ask = `
    source "$1"; shift
    main="$1"; shift
    dpm() { node "$main" "$@"; }
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
    _dpm
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const text = execFileSync('bash', ['--norc', '-c', ask, 'bash', script, main, 'dpm', ...words], {
    cwd: directory,
    encoding: 'utf8',
  });
  return text.split('\n').filter((word) => word !== '');
}

describe('in bash', () => {
  test.each<[string[], string[]]>([
    [['ser'], ['serve', 'server']],
    [
      ['server', 'st'],
      ['start', 'stats', 'stop'],
    ],
    [
      ['server', 'add', ''],
      ['network', 'volume'],
    ],
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

describe('names in bash', () => {
  test.each<[string[], string[]]>([
    [
      ['server', 'show', 'w'],
      ['web\\ two', 'web1'],
    ],
    [
      ['server', 'stop', 'web1', 'web'],
      ['web\\ two', 'web1'],
    ],
    [['server', 'add', 'volume', 'web1'], ['web1']],
    [['server', 'event', 'list', '$'], ['\\$\\(touch\\ pwned\\)']],
    [['get-connector', '--server', 'web1'], ['web1']],
    [['flow', 'show', '2'], ['2e13aec6-0000-4000-8000-000000000000']],
    [['server', 'list', '-c', 'power'], ['power_state']],
    [['flow', 'list', '--column', 'dur'], ['duration_ms']],
  ])('%j is completed to %j from the state directory', (words, wanted) => {
    expect(offered(...words)).toEqual(wanted);
    expect(existsSync(join(directory, 'pwned'))).toBe(false);
  });

  test('are none if Cinder or the HMC does not answer', () => {
    expect(offered('server', 'add', 'volume', 'web1', 'bo')).toEqual([]);
    expect(offered('get-connector', '--partition', 'Op')).toEqual([]);
  });

  test('of volumes and partitions are those of Cinder and the HMC', async () => {
    await using sim = await startSimulator({ machine: 'z16' });
    const cwd = mkdtempSync(join(directory, 'live-'));
    writeFileSync(join(cwd, 'nova-dpm.conf'), toIni(sim.settings(), { 'DEFAULT.state_path': cwd }), { mode: 0o600 });
    const size = ['--vcpus', '1', '--memory', '1024'];
    await runDpm(['server', 'create', 'web1', ...size, '--volume', 'boot-1'], { cwd });

    const volumes = await runDpm(['__complete', '--', 'local-attach', 'data-'], { cwd });
    const partitions = await runDpm(['__complete', '--', 'get-connector', '--partition', 'OpenStack-'], { cwd });

    expect(volumes.stdout).toBe('data-1\ndata-2\n');
    expect(partitions.stdout).toMatch(/^OpenStack-compute1-\S+\n$/);
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
