import { expect, test } from 'vitest';
import { startStage } from '../support/stage.ts';
import type { Printed } from '../support/stage.ts';

/* `dpm hypervisor stats` and `dpm server stats`: from the metrics of the HMC to the output, and what is printed without them. */

const machines = ['z13', 'z14', 'z16', 'z17'] as const;
const create = (name: string, volume: string) =>
  ['server', 'create', name, '--vcpus', '2', '--memory', '4096', '--volume', volume] as const;

test.each(machines)('on a %s, shows the use of the machine and of its servers', async (machine) => {
  await using stage = await startStage({ machine });
  await stage.dpm(...create('web1', 'boot-1'));
  await stage.dpm(...create('web2', 'boot-2'), '--no-start');

  const host = (await stage.dpm('hypervisor', 'stats')).printed as Printed;
  const servers = (await stage.dpm('server', 'stats')).printed as readonly Printed[];

  expect(host).toMatchObject({ count: 1, vcpus_used: 2, memory_mb_used: 4096, running_vms: 1 });
  expect(host.cpc_processor_usage_percent).toBeGreaterThan(0);
  expect(host.cpc_storage_usage_percent).toBeGreaterThan(0);
  expect(host).toMatchObject({ cpc_accelerator_usage_percent: null });
  expect(host.cpc_power_watts).toBeGreaterThan(1_000);
  expect(host.cpc_temperature_celsius).toBeGreaterThan(10);
  expect(host.cpc_usage_at).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
  const [web1, web2] = servers;
  expect(web1).toMatchObject({ name: 'web1', status: 'ACTIVE', vcpus: 2, memory_mb: 4096, interfaces: [] });
  expect(web1?.processor_usage_percent).toBeGreaterThan(0);
  expect(web1?.processors_used).toBeCloseTo((2 * Number(web1?.processor_usage_percent)) / 100);
  expect(web1?.storage_usage_percent).toBeGreaterThan(0);
  expect(web1).toMatchObject({ network_usage_percent: null, bytes_sent: null });
  expect(web2).toMatchObject({ name: 'web2', status: 'SHUTOFF', processor_usage_percent: null, collected_at: null });
  expect(stage.sim.hmc.sessionCount).toBe(0);
});

test('counts the traffic of the network interfaces of a server', async () => {
  await using stage = await startStage({ machine: 'z16' });
  await stage.dpm(...create('web1', 'boot-1'));
  const { model } = stage.sim.hmc;
  const partition = model.all('partition')[0];
  const vswitch = model.all('virtual-switch')[0];
  if (partition === undefined || vswitch === undefined) throw new Error('the machine has no virtual switch');
  for (const id of ['nic-1', 'nic-2'])
    model.add('nic', partition.uri, {
      'element-id': id,
      'element-uri': `${partition.uri}/nics/${id}`,
      name: id,
      'virtual-switch-uri': vswitch.uri,
    });

  const [web1] = (await stage.dpm('server', 'stats', 'web1')).printed as readonly Printed[];

  const interfaces = web1?.interfaces as readonly Printed[];
  expect(interfaces.map(({ uri }) => uri)).toEqual(['nic-1', 'nic-2'].map((id) => `${partition.uri}/nics/${id}`));
  expect(web1?.bytes_sent).toBe(interfaces.reduce((total, each) => total + Number(each.bytes_sent), 0));
  expect(web1?.bytes_per_second_received).toBeGreaterThan(0);
});

test('fails with exit code 3 for a server that does not exist', async () => {
  await using stage = await startStage({ machine: 'z13' });

  const { code, printed } = await stage.dpm('server', 'stats', 'nothing');

  expect(code).toBe(3);
  expect(printed).toMatchObject({ error: { code: 'NOT_FOUND' } });
});

test('shows the capacity without the use of the machine when the user may not see the CPC in the metrics', async () => {
  await using stage = await startStage({ machine: 'z16' });
  stage.sim.faults.add({
    id: 'no-metrics',
    server: 'hmc',
    operation: 'Create Metrics Context',
    kind: { type: 'refuse', status: 403, reason: 1, message: 'not permitted' },
  });

  const { code, printed } = await stage.dpm('hypervisor', 'stats');

  expect(code).toBe(0);
  expect(printed).toMatchObject({ count: 1, vcpus_used: 0, cpc_processor_usage_percent: null, cpc_usage_at: null });
});

test('reports an answer that is not in the form of the metrics service', async () => {
  await using stage = await startStage({ machine: 'z16' });
  await stage.dpm(...create('web1', 'boot-1'));
  stage.sim.faults.add({
    id: 'page',
    server: 'hmc',
    operation: 'Get Metrics',
    kind: { type: 'html', status: 200 },
    when: { times: 1_000 },
  });

  const { code, printed } = await stage.dpm('server', 'stats');

  expect(code).toBe(5);
  expect(printed).toMatchObject({ error: { code: 'HMC_CONNECTION' } });
});

test('creates a new context when the HMC has lost the session with the first one', async () => {
  await using stage = await startStage({ machine: 'z16' });
  await stage.dpm(...create('web1', 'boot-1'));
  stage.sim.faults.add({
    id: 'lost',
    server: 'hmc',
    operation: 'Get Metrics',
    kind: { type: 'session-lost' },
    when: { times: 1 },
  });

  const { code, printed } = await stage.dpm('server', 'stats', 'web1');

  expect(code).toBe(0);
  expect((printed as readonly Printed[])[0]?.processor_usage_percent).toBeGreaterThan(0);
  expect(stage.sim.log.count(({ operation }) => operation === 'Create Metrics Context')).toBe(2);
});
