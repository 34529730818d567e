import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startSimulator } from '../../src/simulator/index.ts';
import type { FaultRule, SimulatorOptions } from '../../src/simulator/index.ts';
import { runDpm } from '../support/cli.ts';
import { toIni } from '../support/world.ts';

/** Runs commands on a server that runs. @returns what the last one says, and which requests it sent to the partition */
async function onServer(options: SimulatorOptions, line: string) {
  await using sim = await startSimulator(options);
  const directory = mkdtempSync(join(tmpdir(), 'nova-dpm-soft-'));
  try {
    const env = { NOVA_DPM_CONFIG: join(directory, 'nova-dpm.conf') };
    writeFileSync(env.NOVA_DPM_CONFIG, toIni(sim.settings(), { 'DEFAULT.state_path': join(directory, 'state') }), {
      mode: 0o600,
    });
    const dpm = async (words: string) => await runDpm(words.split(' '), { env });
    expect(await dpm('server create web1 --vcpus 1 --memory 1024 --volume boot-1')).toMatchObject({ code: 0 });
    sim.log.clear();
    const { code, stdout, stderr } = await dpm(line);
    const acts = sim.log.entries.map(({ operation }) => operation);
    const powers = acts.filter((operation) =>
      ['Send OS Command', 'Stop Partition', 'Start Partition'].includes(operation),
    );
    return { code, server: JSON.parse(stdout) as object, said: stderr.replaceAll(/\s+/g, ' '), powers };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

test.each(['z13', 'z16'] as const)(
  'on a %s, a guest with a shell on its console shuts down when asked',
  async (machine) => {
    const { code, server, said, powers } = await onServer({ machine }, 'server stop web1 --soft');

    expect(code).toBe(0);
    expect(said).toContain('the operating system of server "web1" shut down');
    expect(server).toMatchObject({ status: 'SHUTOFF', partition_status: 'stopped' });
    expect(powers).toEqual(['Send OS Command', 'Stop Partition']);
  },
);

test('a guest with a login prompt on its console is stopped by force at once, with the reason', async () => {
  const options: SimulatorOptions = { machine: 'z16', lineModeConsole: 'login' };
  const { code, server, said } = await onServer(options, 'server stop web1 --soft');

  expect(code).toBe(0);
  expect(said).toContain('was stopped by force: its console asks for a login, so no shell took the command');
  expect(server).toMatchObject({ status: 'SHUTOFF' });
});

test('a guest that cannot be asked is stopped by force, with the reason', async () => {
  const kind = { type: 'refuse', status: 409, reason: 332 } as const;
  const faults: FaultRule[] = [{ id: 'deaf', server: 'hmc', operation: 'Send OS Command', kind }];

  const { code, said } = await onServer({ machine: 'z16', faults }, 'server stop web1 --soft');

  expect(code).toBe(0);
  expect(said).toContain('was stopped by force: its console accepts no commands');
});

test('a lost answer to the command does not matter: the status of the partition tells', async () => {
  const faults: FaultRule[] = [
    { id: 'lost', server: 'hmc', operation: 'Send OS Command', kind: { type: 'drop', when: 'after' } },
  ];

  const { code, said, powers } = await onServer({ machine: 'z16', faults }, 'server stop web1 --soft');

  expect(code).toBe(0);
  expect(said).toContain('the operating system of server "web1" shut down');
  expect(powers.filter((operation) => operation === 'Send OS Command')).toHaveLength(1);
});

test('a reboot asks the guest first and starts it again', async () => {
  const { code, server, said, powers } = await onServer({ machine: 'z16' }, 'server reboot web1');

  expect(code).toBe(0);
  expect(said).toContain('the operating system of server "web1" shut down');
  expect(server).toMatchObject({ status: 'ACTIVE', partition_status: 'active' });
  expect(powers).toEqual(['Send OS Command', 'Stop Partition', 'Start Partition']);
});
