/* Networks of servers, through the commands of a user. */
import { describe, expect, test } from 'vitest';
import { startStage } from '../support/stage.ts';
import type { Printed, Stage } from '../support/stage.ts';

const machines = ['z13', 'z14', 'z16', 'z17'] as const;
const fixed = 'net1,address=10.0.0.5/24,gateway=10.0.0.1,dns=10.0.0.2';

const run = async (stage: Stage, line: string) => await stage.dpm(...line.split(' '));
const create = async (stage: Stage, ...networks: readonly string[]) =>
  await run(
    stage,
    ['server create web1 --vcpus 1 --memory 1024 --volume boot-1', ...networks.map((each) => `--network ${each}`)].join(
      ' ',
    ),
  );
const networksOf = (printed: unknown) => (printed as { networks: readonly Printed[] }).networks;
const nicsOf = ({ sim }: Stage) => sim.hmc.snapshot().nic;

/** The adapter that a network of the simulator's settings uses. */
function adapterOf({ sim }: Stage, network: string) {
  const setting = [sim.settings().dpm.networks ?? []].flat().find((each) => each.startsWith(`${network}=`)) ?? '';
  return sim.hmc.model.find('adapter', `/api/adapters/${setting.split(/[=:]/)[1] ?? ''}`)!;
}

test.each(machines)('a server of a %s is created with networks, loses one and gets it again', async (machine) => {
  await using stage = await startStage({ machine, adapters: 2 });
  const before = stage.sim.snapshot();

  const created = await create(stage, fixed, 'net2');

  expect(created.code, created.stderr).toBe(0);
  const backing = machine === 'z17' ? 'network-adapter-port-uri' : 'virtual-switch-uri';
  const vlan = machine === 'z13' ? null : 120;
  const [first, second] = networksOf(created.printed);
  const numberOf = (nic: Printed) => Number.parseInt(nic['device-number'] as string, 16);
  const nics = nicsOf(stage).toSorted((a, b) => numberOf(a) - numberOf(b));
  expect(nics).toMatchObject([
    { name: `OpenStack_Port_${String(first?.interface_id)}`, type: 'osd', 'vlan-id': null },
    { name: `OpenStack_Port_${String(second?.interface_id)}`, type: 'osd', 'vlan-id': vlan },
  ]);
  expect(nics.every((nic) => backing in nic)).toBe(true);
  expect(first).toMatchObject({
    network: 'net1',
    addresses: ['10.0.0.5/24'],
    gateway: '10.0.0.1',
    dns: ['10.0.0.2'],
    vlan_id: null,
    nic: nics[0]?.name,
    nic_type: 'osd',
    mac_address: nics[0]?.['mac-address'],
    device_number: nics[0]?.['device-number'],
  });
  expect(second).toMatchObject({ network: 'net2', addresses: [], vlan_id: vlan });
  // The fixed address reaches the guest: 0a000005 is 10.0.0.5.
  expect(stage.sim.hmc.snapshot().partition).toMatchObject([
    { 'boot-os-specific-parameters': expect.stringContaining('0a000005.24') as string },
  ]);
  expect((await run(stage, 'server list')).printed).toMatchObject([{ name: 'web1', address: '10.0.0.5' }]);

  const removed = await run(stage, 'server remove network web1 net2');
  expect(networksOf(removed.printed)).toMatchObject([{ network: 'net1' }]);
  expect(nicsOf(stage)).toHaveLength(1);

  const added = await run(stage, 'server add network web1 net2');
  expect(networksOf(added.printed)).toMatchObject([{ network: 'net1' }, { network: 'net2', vlan_id: vlan }]);

  expect((await run(stage, 'server stop web1')).code).toBe(0);
  expect(networksOf((await run(stage, 'server start web1')).printed)).toHaveLength(2);
  expect((await run(stage, 'server delete web1')).code).toBe(0);
  expect(stage.sim.snapshot()).toEqual(before);
});

test('the networks of the settings are listed, and checked by doctor', async () => {
  await using stage = await startStage({ machine: 'z16', adapters: 2 });
  const isNetwork = ({ check }: Printed) => String(check).startsWith('network ');
  const doctor = async () => ((await run(stage, 'doctor')).printed as readonly Printed[]).filter(isNetwork);
  const list = async () => (await run(stage, 'network list')).printed;

  expect(await list()).toMatchObject([
    { name: 'net1', adapter: 'OSD 0108 A14B-04', port: 0, vlan: null, type: 'osd', status: 'active' },
    { name: 'net2', adapter: 'OSD 010C A14B-05', port: 0, vlan: 120, type: 'osd', status: 'active' },
  ]);
  expect(await doctor()).toMatchObject([{ status: 'ok' }, { status: 'ok' }]);

  const [one, two] = [adapterOf(stage, 'net1'), adapterOf(stage, 'net2')];
  one.props.status = 'not-active';
  stage.sim.hmc.model.remove(two);

  expect(await list()).toMatchObject([{ status: 'not-active' }, { adapter: null, status: 'no such adapter' }]);
  expect(await doctor()).toMatchObject([
    { check: 'network net1', status: 'warn', advice: 'check the cable, and that the adapter is online' },
    { check: 'network net2', status: 'fail' },
  ]);
});

describe('before anything is changed', () => {
  test.each(['z13', 'z14', 'z16', 'z17'] as const)('wrong networks are refused on a %s', async (machine) => {
    await using stage = await startStage({ machine, adapters: 2 });
    const before = stage.sim.snapshot();
    const refusals: readonly (readonly [network: string, code: number, words: string])[] = [
      ['net9', 3, 'network "net9" does not exist; networks of the settings: net1, net2'],
      ['net1,address=10.0.0.5', 2, 'address = "10.0.0.5": expected an IP address with its prefix length'],
      ['net1,address=10.0.0.5/33', 2, 'expected an IP address with its prefix length'],
      ['net1,gateway=10.0.0.1', 2, 'gateway = "10.0.0.1": expected an address of the interface beside it'],
      ['net1,address=10.0.0.5/24,gateway=fe80::1', 2, 'gateway = "fe80::1": expected an IPv4 address'],
      ['net1,dns=ns1', 2, 'dns = "ns1": expected an IP address'],
      ['net1,mac=01:00:5e:00:00:01', 2, 'mac = "01:00:5e:00:00:01": expected a MAC address of one interface'],
      ['net1,vlan=5', 2, 'Expected NAME[,address=CIDR]'],
      ['net1 --network net1', 2, 'Expected each network once'],
    ];

    for (const [network, code, words] of refusals) {
      const refused = await create(stage, network);
      expect([network, refused.code], refused.stderr).toEqual([network, code]);
      expect(refused.stderr).toContain(words);
    }
    const { props } = adapterOf(stage, 'net1');
    const allowed = props['allowed-capacity'] ?? null;
    props['allowed-capacity'] = 0;
    const full = await create(stage, 'net1');
    props['allowed-capacity'] = allowed;

    expect(full.code, full.stderr).toBe(1);
    expect(full.stderr).toContain('has room for 0 more NICs');
    expect((await run(stage, 'server delete web1 --if-exists')).code).toBe(0);
    expect(stage.sim.snapshot()).toEqual(before);
  });

  test('a VLAN that no network can have is an error of the settings', async () => {
    await using stage = await startStage({ machine: 'z14', set: { 'dpm.networks': 'prod=osd1:0,vlan=4095' } });

    const { code, stderr } = await run(stage, 'network list');

    expect(code).toBe(2);
    expect(stderr).toContain('vlan=<1 to 4094>');
  });

  test('the address of another server is refused', async () => {
    await using stage = await startStage({ machine: 'z14', adapters: 2 });
    await create(stage, fixed);

    const twin = await run(
      stage,
      'server create db1 --vcpus 1 --memory 1024 --volume boot-2 --network net1,address=10.0.0.5/24',
    );

    expect([twin.code, twin.stderr]).toEqual([
      1,
      expect.stringContaining('address 10.0.0.5 of network "net1" is that of server "web1"'),
    ]);
  });
});

describe('if the HMC refuses', () => {
  test.each(machines)('a network of a server on a %s is as before', async (machine) => {
    await using stage = await startStage({ machine, adapters: 2 });
    await create(stage, fixed);
    const before = nicsOf(stage);
    const refuse = (operation: string) =>
      stage.sim.faults.add({
        id: operation,
        server: 'hmc',
        operation,
        when: { times: -1 },
        kind: { type: 'refuse', status: 403, reason: 1 },
      });

    refuse('Create NIC');
    const added = await run(stage, 'server add network web1 net2');
    stage.sim.faults.clear();
    refuse('Delete NIC');
    const removed = await run(stage, 'server remove network web1 net1');
    stage.sim.faults.clear();

    expect([added.code, removed.code], added.stderr + removed.stderr).toEqual([1, 1]);
    expect(nicsOf(stage)).toEqual(before);
    expect(networksOf((await run(stage, 'server show web1')).printed)).toMatchObject([{ network: 'net1' }]);
    expect((await run(stage, 'flow list --open')).printed).toEqual([]);
    expect((await run(stage, 'server add network web1 net2')).code).toBe(0);
    expect((await run(stage, 'server remove network web1 net1')).code).toBe(0);
    expect((await run(stage, 'server remove network web1 net1')).code).toBe(3);
    expect((await run(stage, 'server remove network web1 net1 --if-exists')).code).toBe(0);
    expect((await run(stage, 'server add network web1 net2')).code).toBe(1);
  });

  test.each([
    ['z16', 12],
    ['z17', 0],
  ] as const)('on a %s a NIC that was created with error 500.%i is used', async (machine, reason) => {
    await using stage = await startStage({ machine, adapters: 2 });
    const kind = { type: 'refuse', status: 500, reason, effect: 'done' } as const;
    stage.sim.faults.add({ id: 'defect', server: 'hmc', operation: 'Create NIC', kind });

    const created = await create(stage, fixed);

    expect(created.code, created.stderr).toBe(0);
    expect(nicsOf(stage)).toHaveLength(1);
    expect(networksOf(created.printed)).toMatchObject([{ nic: nicsOf(stage)[0]?.name }]);
  });
});

test('verify finds a NIC of no network of its server, and deletes it', async () => {
  await using stage = await startStage({ machine: 'z16', adapters: 2 });
  await create(stage, fixed);
  const { model } = stage.sim.hmc;
  const [nic] = model.all('nic');
  const uri = `${String(nic?.parent)}/nics/00000000-0000-4000-8000-000000000001`;
  const copy = { ...nic?.props, 'element-uri': uri, name: 'OpenStack_Port_stray', 'device-number': '0100' };
  model.add('nic', nic?.parent ?? null, copy);

  const found = await run(stage, 'verify');
  const repaired = await run(stage, 'verify --repair');

  expect(found.printed).toMatchObject([{ kind: 'nic', name: 'OpenStack_Port_stray' }]);
  expect(repaired.printed).toMatchObject([{ kind: 'nic', outcome: 'repaired' }]);
  expect(nicsOf(stage)).toHaveLength(1);
  expect((await run(stage, 'verify')).printed).toEqual([]);
});

test('network list counts the NICs of stopped servers, by which an adapter is full', async () => {
  await using stage = await startStage({ machine: 'z16', adapters: 2 });
  const usedBy = async () => (((await run(stage, 'network list')).printed ?? []) as readonly Printed[])[0]?.used;
  const before = await usedBy();

  const created = await run(
    stage,
    'server create web1 --vcpus 1 --memory 1024 --volume boot-1 --network net1 --no-start',
  );

  expect(created.code, created.stderr).toBe(0);
  expect(await usedBy()).toBe(Number(before) + 1);
});
