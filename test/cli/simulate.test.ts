import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ended, runDpm, startDpm } from '../support/cli.ts';
import type { Ran } from '../support/cli.ts';

interface Ready {
  readonly ready: true;
  readonly hmc_url: string;
  readonly cinder_url: string;
  readonly keystone_url: string;
  readonly cpc: string;
  readonly config_file: string;
  readonly ca_file: string;
  readonly volumes: readonly {
    readonly id: string;
    readonly name: string;
    readonly size: number;
    readonly bootable: boolean;
  }[];
}

/** Each command is a process, and the machine may have more to do. */
const PATIENCE_MS = 180_000;

let cwd = '';

beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'dpm-simulate-test-'));
});

afterAll(() => {
  rmSync(cwd, { recursive: true, force: true });
});

/** A simulator in a process of its own; gone when disposed of. */
interface Simulating extends AsyncDisposable {
  readonly line: string;
  readonly stop: (signal: NodeJS.Signals) => Promise<Ran>;
}

async function simulate(...argv: string[]): Promise<Simulating> {
  const child = startDpm(['simulate', ...argv], { cwd });
  const end = ended(child);
  const line = await Promise.race([firstLine(child), end.then(({ stderr }) => Promise.reject(new Error(stderr)))]);
  const stop = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    return await end;
  };
  return {
    line,
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop('SIGTERM');
    },
  };
}

async function firstLine(child: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: child.stdout! })) return line; // stdio is a pipe
  throw new Error('the simulator ended without a word');
}

const dpm = (...argv: string[]) => runDpm(argv, { cwd });

describe('one simulator and several commands', { timeout: PATIENCE_MS }, () => {
  let simulator: Simulating;
  let ready: Ready;

  beforeAll(async () => {
    simulator = await simulate('-f', 'json', '--write-config', 'nova-dpm.conf');
    ready = JSON.parse(simulator.line) as Ready;
  });

  afterAll(async () => {
    await simulator[Symbol.asyncDispose]();
  });

  test('the line that says ready has the addresses and two bootable and two empty volumes', () => {
    expect(ready).toMatchObject({
      ready: true,
      cpc: expect.any(String) as unknown,
      config_file: join(cwd, 'nova-dpm.conf'),
    });
    for (const url of [ready.hmc_url, ready.cinder_url, ready.keystone_url])
      expect(url).toMatch(/^https:\/\/127\.0\.0\.1:\d+/);
    expect(ready.volumes.map(({ bootable }) => bootable)).toEqual([true, true, false, false]);
    expect(readFileSync(ready.ca_file, 'utf8')).toContain('BEGIN CERTIFICATE');
  });

  test('the settings are complete and for their owner alone', async () => {
    expect(statSync(ready.config_file).mode & 0o777).toBe(0o600);
    const { code, stdout, stderr } = await dpm('config', 'show', '-f', 'csv');

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('dpm.hmc_ca_certs');
  });

  test('doctor finds nothing', async () => {
    const { code, stdout } = await dpm('doctor');

    const lines = JSON.parse(stdout) as { status: string; check: string }[];
    expect(lines.filter(({ status }) => status !== 'ok')).toEqual([]);
    expect(lines.map(({ check }) => check.split(' ')[0])).toEqual(
      expect.arrayContaining(['hmc', 'user', 'cpc', 'adapter', 'keystone', 'cinder']),
    );
    expect(code).toBe(0);
  });

  test('what one command creates others list, change and delete', async () => {
    const [boot, , data] = ready.volumes;
    const created = await dpm('server', 'create', 'web1', '--vcpus', '2', '--memory', '4096', '--volume', boot!.name);
    expect(created.code, created.stderr).toBe(0);
    expect(created.stderr).toMatch(/^done +web1: starting the partition/m);
    const web1 = JSON.parse(created.stdout) as Record<string, unknown>;
    expect(web1).toMatchObject({ name: 'web1', status: 'ACTIVE', power_state: 'running', vcpus: 2, memory_mb: 4096 });

    const listed = JSON.parse((await dpm('server', 'list')).stdout) as Record<string, unknown>[];
    expect(listed).toHaveLength(1);
    expect(Object.keys(listed[0]!)).toEqual([
      'id',
      'name',
      'status',
      'task_state',
      'power_state',
      'host',
      'partition',
      'created_at',
      'vcpus',
      'memory_mb',
      'boot_volume',
      'address',
    ]);
    expect(web1).toMatchObject(listed[0]!);

    const attached = await dpm('server', 'add', 'volume', 'web1', data!.id);
    expect((JSON.parse(attached.stdout) as { volumes: unknown[] }).volumes).toHaveLength(2);
    const connector = JSON.parse((await dpm('get-connector', '--partition', String(web1.partition))).stdout) as unknown;
    expect(connector).toEqual(web1.connector);
    expect((await dpm('partition', 'list', '-f', 'value', '-c', 'name')).stdout).toBe(`${String(web1.partition)}\n`);
    expect(JSON.parse((await dpm('hypervisor', 'show')).stdout)).toMatchObject({ vcpus_used: 2, memory_mb_used: 4096 });
    expect((await dpm('server', 'remove', 'volume', 'web1', data!.name)).code).toBe(0);
    expect((await dpm('server', 'stop', 'web1', '-f', 'value', '-c', 'status')).stdout).toBe('SHUTOFF\n');
    expect((await dpm('server', 'start', 'web1', '-f', 'value', '-c', 'status')).stdout).toBe('ACTIVE\n');

    const flows = JSON.parse((await dpm('flow', 'list')).stdout) as Record<string, unknown>[];
    expect(flows.every(({ state }) => state === 'completed')).toBe(true);
    const flow = JSON.parse((await dpm('flow', 'show', String(flows[0]!.id))).stdout) as { events: unknown[] };
    expect(flow.events).toContainEqual(expect.objectContaining({ event: 'flow-ended', outcome: 'completed' }));

    expect((await dpm('server', 'delete', 'web1')).code).toBe(0);
    expect((await dpm('server', 'delete', 'web1')).code).toBe(3);
    expect((await dpm('server', 'delete', 'web1', '--if-exists')).code).toBe(0);
    expect((await dpm('partition', 'list', '--all', '-f', 'value')).stdout).toBe('');
  });

  test('no secret is in the log of a whole spawn, at the level that tells most', async () => {
    const argv = ['server', 'create', 'web2', '--vcpus', '1', '--memory', '2048', '--volume', ready.volumes[0]!.name];
    const created = await dpm(...argv, '--log-level', 'trace', '--log-file', 'dpm.log', '--debug');
    const deleted = await dpm('server', 'delete', 'web2', '--log-level', 'trace');

    const log = readFileSync(join(cwd, 'dpm.log'), 'utf8');
    expect(statSync(join(cwd, 'dpm.log')).mode & 0o777).toBe(0o600);
    expect(log.split('\n').length).toBeGreaterThan(20);
    const settings = readFileSync(ready.config_file, 'utf8');
    const secrets = [...settings.matchAll(/^\w*password = (.*)$/gm)].map(([, secret]) => secret!);
    expect(secrets.length).toBeGreaterThanOrEqual(2);
    for (const secret of secrets) {
      for (const text of [log, created.stdout, created.stderr, deleted.stderr]) expect(text).not.toContain(secret);
    }
    expect(deleted.stderr).toContain(' DEBUG ');
  });

  test('a rejected password ends with 5 and is not shown', async () => {
    const env = { NOVA_DPM_DPM__HMC_PASSWORD: 'wrong-sesame' };
    const { code, stdout, stderr } = await runDpm(['server', 'list'], { cwd, env });

    expect(code).toBe(5);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'HMC_AUTH' } });
    expect(stdout + stderr).not.toContain('sesame');
  });

  test('an HMC with a certificate of somebody else ends with 5, and doctor says what to do', async () => {
    const other = await simulate('-f', 'json');
    await using _ = other;
    const env = { NOVA_DPM_DPM__HMC_CA_CERTS: (JSON.parse(other.line) as Ready).ca_file };
    const list = await runDpm(['server', 'list'], { cwd, env });
    const doctor = await runDpm(['doctor'], { cwd, env });

    expect(list.code).toBe(5);
    expect(doctor.code).toBe(5);
    const lines = JSON.parse(doctor.stdout) as { check: string; status: string; advice: string }[];
    expect(lines.find(({ check }) => check.startsWith('hmc'))).toMatchObject({
      status: 'fail',
      advice: expect.stringContaining('dpm.hmc_ca_certs') as unknown,
    });
  });
});

test(
  'an interrupted spawn is rolled back, exits with 130, and leaves nothing behind',
  { timeout: PATIENCE_MS },
  async () => {
    // The start is never answered, so the signal always comes in the middle.
    const rule = { id: 'mute', server: 'hmc', operation: 'Start Partition', kind: { type: 'delay', ms: 3_600_000 } };
    writeFileSync(join(cwd, 'mute.json'), JSON.stringify([rule]));
    await using _ = await simulate('-f', 'json', '--faults', 'mute.json', '--write-config', 'mute.conf');
    const settings = ['--config-file', 'mute.conf'];
    const create = ['server', 'create', 'web1', '--vcpus', '1', '--memory', '2048', '--volume', 'boot-1'];
    const child = startDpm([...create, ...settings], { cwd });
    const end = ended(child);
    await new Promise<void>((resolve) => {
      child.stderr?.on('data', (text: string) => {
        if (text.includes('mapping the volumes')) resolve();
      });
      child.on('close', resolve);
    });
    child.kill('SIGINT');
    const { code, stdout, stderr } = await end;

    expect(code, stderr).toBe(130);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'INTERRUPTED', left_behind: [] } });
    expect(stderr).toContain('dpm: SIGINT: rolling back');
    expect(stderr).toMatch(/^done +web1: deleting the partition/m);
    expect(stderr).toMatch(/^undone +web1: building the server/m);
    expect((await dpm('partition', 'list', '--all', '-f', 'value', ...settings)).stdout).toBe('');
  },
);

test.each(['SIGINT', 'SIGTERM'] as const)(
  '%s ends the simulator well, and its state goes with it',
  { timeout: PATIENCE_MS },
  async (signal) => {
    const simulator = await simulate(
      '--write-config',
      'gone.conf',
      '-f',
      'value',
      '--machine',
      'z13',
      '--no-tls',
      '--auth',
      'noauth',
    );
    const settings = readFileSync(join(cwd, 'gone.conf'), 'utf8');
    const state = dirname(/^state_path = (.*)$/m.exec(settings)![1]!);

    expect(simulator.line).toMatch(
      /^ready hmc_url=http:\/\/127\.0\.0\.1:\d+ cinder_url=.* volumes: .*\(20 GiB, bootable\)/,
    );
    expect(simulator.line).not.toContain('keystone_url');
    expect(existsSync(state)).toBe(true);
    expect((await simulator.stop(signal)).code).toBe(0);
    expect(existsSync(state)).toBe(false);
  },
);

test('faults from a file strike, and rules that are none are refused', { timeout: PATIENCE_MS }, async () => {
  const rule = {
    id: 'r1',
    server: 'hmc',
    operation: 'Create Partition',
    kind: { type: 'refuse', status: 409, reason: 1 },
  };
  writeFileSync(join(cwd, 'faults.json'), JSON.stringify([rule]));
  writeFileSync(join(cwd, 'bad-faults.yaml'), '- id: r1\n  server: toaster\n');
  await using _ = await simulate('--faults', 'faults.json', '--write-config', 'faulty.conf');

  const create = [
    'server',
    'create',
    'web1',
    '--vcpus',
    '1',
    '--memory',
    '2048',
    '--volume',
    'boot-1',
    '--config-file',
    'faulty.conf',
  ];
  const failed = await dpm(...create);
  const bad = await dpm('simulate', '--faults', 'bad-faults.yaml');
  const shape = await dpm('simulate', '--shape', 'floppy');
  const unwritable = await dpm('simulate', '--write-config', '/dev/null/x.conf');

  expect(failed.code, failed.stderr).toBe(1);
  expect(failed.stdout).toContain('409.1');
  expect([bad.code, shape.code, unwritable.code]).toEqual([2, 2, 2]);
  expect(bad.stderr).toContain('option --faults: expected a list of fault rules');
  expect(shape.stderr).toContain('option --shape = "floppy": expected one of ');
  expect(unwritable.stderr).toContain('option --write-config');
});
