import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startSimulator } from '../../src/simulator/index.ts';
import type { Simulator, SimulatorOptions } from '../../src/simulator/index.ts';
import { runLive, widthOf, writeSettings } from '../support/live-cli.ts';
import type { LiveOptions } from '../support/live-cli.ts';
import { scratch, toIni } from '../support/world.ts';

type Change = Readonly<Record<string, string | readonly string[]>>;

interface Scene extends AsyncDisposable {
  readonly sim: Simulator;
  readonly dpm: (line: string, options?: Partial<LiveOptions>) => ReturnType<typeof runLive>;
}

async function startScene(options: SimulatorOptions = {}, set: Change = {}): Promise<Scene> {
  const sim = await startSimulator({ adapters: 3, ...options });
  const cwd = mkdtempSync(join(scratch(), 'nova-dpm-test-'));
  writeSettings(cwd, toIni(sim.settings(), { 'DEFAULT.state_path': join(cwd, 'state'), ...set }));
  return {
    sim,
    dpm: (line, more) => runLive(line.split(' '), { cwd, ...more }),
    [Symbol.asyncDispose]: async () => {
      await sim.close();
      rmSync(cwd, { recursive: true, force: true });
    },
  };
}

const machines = ['z13', 'z14', 'z15', 'z16', 'z17'] as const;
const group = {
  name: 'data-group',
  type: 'fcp',
  shared: true,
  connectivity: 2,
  volumes: [{ name: 'data', sizeGib: 8, usage: 'data' }],
} as const;
const web1 = 'server create web1 --vcpus 1 --memory 4096 --volume boot-1';

test.each(machines)('on a %s, every table fits 80 characters and cuts no ID', async (machine) => {
  await using scene = await startScene({ machine, ...(machine === 'z13' ? {} : { storageGroups: [group] }) });
  const created = JSON.parse((await scene.dpm(web1)).stdout) as { partition: string };
  const { cpcName, cpcObjectId } = scene.sim.hmc;
  const mapped = scene.sim.settings().dpm.physical_storage_adapter_mappings ?? [];

  const cpcs = await scene.dpm('cpc list', { columns: 80 });
  const adapters = await scene.dpm('adapter list', { columns: 80 });
  const partition = await scene.dpm(`partition show ${created.partition}`, { columns: 80 });

  expect(cpcs.stdout).toContain(`| ${cpcName} `);
  expect(cpcs.stdout).toContain(`| ${cpcObjectId} | active | true |`);
  for (const mapping of mapped) expect(adapters.stdout).toContain(`| ${mapping.split(':')[0]} | 0      |`);
  expect(adapters.stderr).toContain(
    'dpm: too wide for this terminal, not shown: type, status, ports, location; use --long or -f json',
  );
  expect(partition.stdout).toMatch(/\| server +\| web1 +\|/);
  for (const { stdout, code, stderr } of [cpcs, adapters, partition]) {
    expect(code, stderr).toBe(0);
    expect(widthOf(stdout)).toBeLessThanOrEqual(80);
    expect(stdout).not.toContain('…');
  }
});

test('a list leaves out columns of a table by the width of its characters, and CSV has those of the table', async () => {
  await using scene = await startScene({ machine: 'z16', storageGroups: [{ ...group, name: '業務データ保存用記憶' }] });

  const wide = await scene.dpm('storage-group list', { columns: 80 });
  const csv = await scene.dpm('cpc list -f csv');
  const long = await scene.dpm('cpc list -f csv --long');

  expect(wide.stderr).toContain('not shown: type;');
  expect(wide.stdout).toContain('| 業務データ保存用記憶 |');
  expect(csv.stdout.split('\n')[0]).toBe('name,object_id,status,dpm,machine,se_version');
  expect(long.stdout.split('\n')[0]).toContain('se_version,processors_ifl,memory_mb,storage_groups');
});

test('cpc list needs only the HMC in the settings', async () => {
  await using scene = await startScene({ machine: 'z16' });
  const { hmc, hmc_username: user, hmc_password: password } = scene.sim.settings().dpm;
  const env = { NOVA_DPM_CONFIG: '/dev/null', NOVA_DPM_DPM__HMC: String(hmc) };
  const known = { ...env, NOVA_DPM_DPM__HMC_USERNAME: String(user), NOVA_DPM_DPM__HMC_PASSWORD: String(password) };

  const { code, stdout, stderr } = await scene.dpm('cpc list', { env: known });
  const without = await scene.dpm('cpc list', { env });

  expect(code, stderr).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject([
    {
      name: scene.sim.hmc.cpcName,
      object_id: scene.sim.hmc.cpcObjectId,
      status: 'active',
      dpm: true,
      storage_groups: true,
    },
  ]);
  expect(without.code).toBe(2);
  expect(without.stderr).toContain('dpm.hmc_username is missing');
  expect(without.stderr).not.toContain('cinder');
});

test('adapter list marks the ports of the settings, filters by family or type, and takes another CPC', async () => {
  await using scene = await startScene({ machine: 'z16' });
  const [first] = scene.sim.settings().dpm.physical_storage_adapter_mappings ?? [];
  const only = { NOVA_DPM_DPM__PHYSICAL_STORAGE_ADAPTER_MAPPINGS: String(first) };

  const fcp = JSON.parse((await scene.dpm('adapter list --family fcp', { env: only })).stdout) as Row[];
  const osa = JSON.parse((await scene.dpm('adapter list --family osa')).stdout) as Row[];
  const unknown = await scene.dpm('adapter list --cpc CPC9');

  interface Row {
    readonly object_id: string;
    readonly type: string;
    readonly mapped: readonly number[];
    readonly location: string;
    readonly fabrics: readonly object[];
  }
  expect(fcp.map(({ mapped }) => mapped)).toEqual([[0], [], []]);
  expect(fcp[0]?.object_id).toBe(String(first).split(':')[0]);
  expect(fcp[0]?.fabrics).toEqual([{ port: 0, fabric: expect.stringMatching(/^[0-9a-f]{16}$/) as string }]);
  expect(osa.map(({ type }) => type)).toEqual(['osd', 'osd']);
  expect(unknown.code).toBe(3);
  expect(unknown.stderr).toContain(`CPC "CPC9" is not known to HMC`);
  expect(unknown.stderr).toContain(`this user sees: ${scene.sim.hmc.cpcName}`);
});

test('storage-group list and show name volumes, partitions and WWPNs', async () => {
  await using scene = await startScene({ machine: 'z16', storageGroups: [group] });

  const listed = JSON.parse((await scene.dpm('storage-group list')).stdout) as { object_id: string }[];
  const shown = await scene.dpm('storage-group show data-group');
  const byId = await scene.dpm(`storage-group show ${listed[0]?.object_id ?? ''}`, { columns: 80 });
  const unknown = await scene.dpm('storage-group show nothing');

  expect(listed).toMatchObject([{ name: 'data-group', type: 'fcp', state: 'complete' }]);
  expect(JSON.parse(shown.stdout)).toMatchObject({
    name: 'data-group',
    volumes: [{ size: 8, usage: 'data', state: 'complete' }],
    wwpns: [expect.stringMatching(/^c05/), expect.stringMatching(/^c05/)] as string[],
  });
  expect(byId.code, byId.stderr).toBe(0);
  expect(widthOf(byId.stdout)).toBeLessThanOrEqual(80);
  expect(unknown.code).toBe(3);
  expect(unknown.stderr).toContain('storage group "nothing" does not exist on CPC');
});

test('a z13 has no storage groups, and says what its partitions use', async () => {
  await using scene = await startScene({ machine: 'z13' });

  const { code, stderr } = await scene.dpm('storage-group list');

  expect(code).toBe(1);
  expect(stderr).toContain('has no storage groups: its partitions use vHBAs');
});

test('partition show finds partitions of any owner by name or object ID', async () => {
  await using scene = await startScene({ machine: 'z13' });
  const made = JSON.parse((await scene.dpm(web1)).stdout) as { partition_uri: string; partition: string };
  const id = made.partition_uri.replace('/api/partitions/', '');

  const shown = JSON.parse((await scene.dpm(`partition show ${id}`)).stdout) as { vhbas: object[] };
  const elsewhere = await scene.dpm(`partition show ${made.partition}`, { env: { NOVA_DPM_DEFAULT__HOST: 'other' } });
  const unknown = await scene.dpm('partition show LP1');

  expect(shown).toMatchObject({
    name: made.partition,
    object_id: id,
    server: 'web1',
    status: 'active',
    memory_mb: 4096,
  });
  expect(shown.vhbas[0]).toMatchObject({ wwpn: expect.stringMatching(/^c05/) as string, device_number: '8000' });
  expect(elsewhere.code, elsewhere.stderr).toBe(0);
  expect(unknown.code).toBe(3);
  expect(unknown.stderr).toContain('partition "LP1" does not exist on CPC');
});
