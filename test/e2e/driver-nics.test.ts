import { describe, expect, it } from 'vitest';
import { context, countHmc } from '../../bench/requests.ts';
import { DriverBench } from '../../bench/driver.ts';
import { decodeGuestParameters } from '../../src/partition/guest-parameters/index.ts';
import type { MachineName, Simulator } from '../../src/simulator/index.ts';
import { interfaceOn } from '../../src/virt/index.ts';
import type { InterfaceAddresses, VirtualInterface } from '../../src/virt/index.ts';
import { quickPolicies } from '../support/quick-policies.ts';

/** NICs of a partition, by the methods of the driver alone. */

const machines = ['z13', 'z14', 'z16', 'z17'] as const;

async function open(machine: MachineName, options = {}): Promise<DriverBench> {
  return await DriverBench.open({ machine, ...options }, quickPolicies);
}

/** Object IDs of the network adapters of a family. */
function adaptersOf({ hmc }: Simulator, family: string): readonly string[] {
  const adapters = hmc.model.all('adapter').filter(({ props }) => props['adapter-family'] === family);
  return adapters.map(({ uri }) => uri.replace('/api/adapters/', ''));
}

function nicsOf({ hmc }: Simulator) {
  return hmc.model
    .all('nic')
    .map(({ props }) => props)
    .toSorted((a, b) => textOf(a['device-number']).localeCompare(textOf(b['device-number'])));
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function parameters({ hmc }: Simulator) {
  const [partition] = hmc.model.all('partition');
  return decodeGuestParameters(textOf(partition?.props['boot-os-specific-parameters']));
}

const [osa, mac] = ['osa', '02:fa:16:3e:00:01'];
const address = '10.0.0.5/24';

function vif(sim: Simulator, family: string, addresses: InterfaceAddresses = {}, port = 0): VirtualInterface {
  const adapterObjectId = adaptersOf(sim, family)[0] ?? 'none';
  return interfaceOn({ name: 'net', adapterObjectId, port, vlanId: null }, addresses);
}

describe.each(machines)('on a %s', (machine) => {
  it('a spawn creates the NICs of network_info, and a destroy removes them', async () => {
    await using bench = await open(machine);
    const { sim, driver } = bench;
    const before = sim.snapshot();
    const instance = bench.instance();
    const network = [vif(sim, osa, { mac, address, gateway: '10.0.0.1', dns: ['10.0.0.2'] }), vif(sim, 'hipersockets')];

    await bench.spawn(instance, 0, true, network);

    const [first, second] = nicsOf(sim);
    expect(first).toMatchObject({
      name: `OpenStack_Port_${network[0]?.id}`,
      description: `OpenStack mac=${mac}, CPCSubset=compute1`,
      type: 'osd',
      'device-number': '0001',
    });
    expect(second).toMatchObject({
      name: `OpenStack_Port_${network[1]?.id}`,
      type: 'iqd',
      'device-number': '0004',
      description: 'OpenStack CPCSubset=compute1',
    });
    const operations = sim.log.entries.map(({ operation }) => operation);
    // On z16 and z17, NICs of HiperSockets belong to partition links.
    expect(operations.includes('Modify Partition Link')).toBe(machine === 'z16' || machine === 'z17');
    expect(operations.filter((each) => each === 'Create NIC')).toHaveLength(
      machine === 'z13' || machine === 'z14' ? 2 : 1,
    );
    // The machine can set the MAC address since z14; on a z13, the guest has to.
    expect(first?.['mac-address'] === mac).toBe(machine !== 'z13');
    const addresses = { addresses: [address], gateways: ['10.0.0.1'], dns: ['10.0.0.2'] };
    expect(parameters(sim).nics).toEqual([
      { deviceNumber: '0001', port: 0, ...(machine === 'z13' ? { mac: mac.replaceAll(':', '') } : {}), addresses },
      { deviceNumber: '0004', port: 0 },
    ]);
    expect(parameters(sim).ignored).toEqual([]);

    await driver.destroy(context, instance, network, bench.info(0, bench.mapped(instance)));
    expect(sim.snapshot()).toEqual(before);
  });

  it('an interface is attached to a running partition and detached, twice each', async () => {
    await using bench = await open(machine);
    const { sim, driver } = bench;
    const instance = bench.instance();
    await bench.spawn(instance, 0, true, [vif(sim, osa)]);
    const added = vif(sim, osa, { mac, address }, 1);
    const known = parameters(sim);

    for (const _time of ['first', 'again']) {
      await driver.attachInterface(context, instance, null, added);
      expect(nicsOf(sim).map((nic) => nic['device-number'])).toEqual(['0001', '0004']);
      expect(parameters(sim).nics[1]).toMatchObject({ deviceNumber: '0004', port: 1 });
      expect(parameters(sim).nics[1]?.addresses?.addresses).toEqual([address]);
      expect(parameters(sim).paths).toEqual(known.paths);
    }
    for (const _time of ['first', 'again']) {
      await driver.detachInterface(context, instance, added);
      expect(nicsOf(sim).map((nic) => nic['device-number'])).toEqual(['0001']);
      expect(parameters(sim)).toEqual(known);
    }
  });

  it('a start creates a NIC that is missing, and writes the NICs that the caller gives', async () => {
    await using bench = await open(machine);
    const { sim, driver } = bench;
    const instance = bench.instance();
    const network = [vif(sim, osa, { address })];
    await bench.spawn(instance, 0, true, network);
    const info = bench.info(0, bench.mapped(instance));
    const { nics: known } = parameters(sim);
    await driver.powerOff(instance, 0, 0, context);
    await driver.unplugVifs(instance, network);
    expect(nicsOf(sim)).toEqual([]);
    expect(parameters(sim).nics).toEqual([]);

    await driver.powerOn(context, instance, network, info);
    expect(parameters(sim).nics).toEqual(known);
    // Null: the caller does not know the NICs, and they stay.
    await driver.reboot(context, instance, null, 'HARD', info);
    expect(parameters(sim).nics).toEqual(known);
    await driver.plugVifs(instance, network);
    expect(nicsOf(sim)).toHaveLength(1);
  });

  it('a network_info that cannot be served is refused before anything is created', async () => {
    await using bench = await open(machine);
    const { sim } = bench;
    const before = sim.snapshot();
    const good = vif(sim, osa);
    const none = 'ffffffff-0000-0000-0000-000000000000';
    const fcp = adaptersOf(sim, 'ficon')[0] ?? '';
    const cases: readonly (readonly [VirtualInterface, string])[] = [
      [{ ...good, type: 'ovs' }, 'type is "ovs", expected dpm_vswitch or dpm_adapter'],
      [{ ...good, vnicType: 'direct' }, 'vnicType is "direct", expected normal'],
      [{ ...good, details: {} }, 'details.object_id is missing, expected the object ID of a network adapter'],
      [{ ...good, details: { ...good.details, vlan: 4095 } }, 'expected a VLAN ID from 1 to 4094'],
      [{ ...good, address: '02:00' }, 'address is "02:00", expected six hex pairs with colons'],
      [{ ...good, address: '03:fa:16:3e:00:01' }, 'is a group address'],
      [{ ...good, details: { object_id: none } }, `there is no network adapter ${none}`],
      [{ ...good, details: { object_id: fcp } }, 'is of family ficon, expected a network adapter'],
      [{ ...good, details: { ...good.details, port_element_id: '3' } }, 'has no port 3; its ports: 0, 1'],
      [{ ...good, type: 'dpm_vswitch', details: { object_id: none } }, `there is no virtual switch ${none}`],
    ];

    for (const [wrong, message] of cases) {
      const failed = bench.spawn(bench.instance(), 0, true, [good, { ...wrong, id: 'second' }]);
      const error: unknown = await failed.then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(String((error as Error | undefined)?.cause ?? error)).toContain(message);
    }
    expect(sim.snapshot()).toEqual(before);
  });

  it('two NICs cost a spawn at most two more requests in sequence', async () => {
    await using bench = await open(machine, { latencyMs: 60 });
    const { sim } = bench;
    const count = async (networks: number) => {
      const instance = bench.instance();
      sim.log.clear();
      await bench.spawn(instance, networks, false, networks === 0 ? null : [vif(sim, osa), vif(sim, osa, {}, 1)]);
      return countHmc(sim).inSequence;
    };

    const without = await count(0);
    expect((await count(2)) - without).toBeLessThanOrEqual(2);
  });
});

it('a virtual switch that Neutron has bound backs the NIC, with its VLAN', async () => {
  await using bench = await open('z16');
  const { sim } = bench;
  const [first] = sim.hmc.model.all('virtual-switch');
  const bound = {
    ...vif(sim, osa),
    type: 'dpm_vswitch',
    details: { object_id: first?.props['object-id'] as string, vlan: 120 },
  };

  await bench.spawn(bench.instance(), 0, false, [bound]);

  expect(nicsOf(sim)[0]).toMatchObject({ 'virtual-switch-uri': first?.uri, 'vlan-id': 120, 'vlan-type': 'enforced' });
});

it.each([
  ['z14', 'roce', 1],
  ['z17', 'network-express', 0],
] as const)('on a %s, a NIC of family %s is backed by the port of its adapter', async (machine, family, port) => {
  await using bench = await open(machine);
  const { sim } = bench;
  const adapter = adaptersOf(sim, family)[0];

  await bench.spawn(bench.instance(), 0, false, [vif(sim, family, {}, port)]);

  expect(nicsOf(sim)[0]).toMatchObject({
    'network-adapter-port-uri': `/api/adapters/${adapter}/network-ports/${port}`,
  });
});

it.each(['z13', 'z17'] as const)(
  'on a %s, a failed plugVifs keeps the NICs that the partition had before',
  async (machine) => {
    await using bench = await open(machine);
    const { sim, driver } = bench;
    const instance = bench.instance();
    const network = [vif(sim, osa, { address, mac })];
    await bench.spawn(instance, 0, true, network);
    const before = nicsOf(sim);
    const [partition] = sim.hmc.model.all('partition');
    partition!.props['boot-os-specific-parameters'] = ''; // an administrator has emptied them
    const kind = { type: 'refuse', status: 403, reason: 1 } as const;
    sim.faults.add({ id: 'no', server: 'hmc', operation: 'Update Partition Properties', kind, when: { times: -1 } });

    await expect(driver.plugVifs(instance, network)).rejects.toThrow();

    expect(nicsOf(sim)).toEqual(before);
  },
);

it.each(['z13', 'z17'] as const)('on a %s, a server starts although its NICs fill the adapter', async (machine) => {
  await using bench = await open(machine);
  const { sim, driver } = bench;
  const instance = bench.instance();
  const network = [vif(sim, osa, { address, mac })];
  await bench.spawn(instance, 0, true, network);
  const info = bench.info(0, bench.mapped(instance));
  await driver.powerOff(instance);
  const adapter = sim.hmc.model.all('adapter').find(({ uri }) => uri.endsWith(adaptersOf(sim, osa)[0] ?? 'none'));
  adapter!.props['allowed-capacity'] = 1;

  await driver.powerOn(context, instance, network, info);

  expect(nicsOf(sim)).toHaveLength(1);
});

describe.each([
  ['a given', { mac }],
  ['no given', {}],
])('on a z17, a NIC of a partition link with %s MAC address that did not get its name', (_title, addresses) => {
  const kind = { type: 'refuse', status: 403, reason: 1 } as const;
  const refused = (operation: string) =>
    ({ id: operation, server: 'hmc', operation, when: { times: -1 }, kind }) as const;

  async function withUnnamedNic() {
    const bench = await open('z17');
    const { sim, driver } = bench;
    const instance = bench.instance();
    await bench.spawn(instance, 0, false);
    const added = vif(sim, 'hipersockets', addresses);
    sim.faults.add(refused('Update NIC Properties'));
    sim.faults.add(refused('Delete NIC'));
    await expect(driver.attachInterface(context, instance, null, added)).rejects.toThrow();
    sim.faults.clear();
    expect(nicsOf(sim).map(({ name }) => textOf(name).startsWith('OpenStack_Port_'))).toEqual([false]);
    return { bench, sim, driver, instance, added };
  }

  it('is deleted when the attach is rolled back', async () => {
    await using bench = await open('z17');
    const { sim, driver } = bench;
    const instance = bench.instance();
    await bench.spawn(instance, 0, false);
    sim.faults.add(refused('Update NIC Properties'));

    const added = vif(sim, 'hipersockets', addresses);
    await expect(driver.attachInterface(context, instance, null, added)).rejects.toThrow();

    expect(nicsOf(sim)).toEqual([]);
  });

  it('is used and named by the next attach', async () => {
    const { bench, sim, driver, instance, added } = await withUnnamedNic();
    await using _ = bench;

    await driver.attachInterface(context, instance, null, added);

    expect(nicsOf(sim).map(({ name }) => name)).toEqual([`OpenStack_Port_${added.id}`]);
  });

  it('is deleted by a detach', async () => {
    const { bench, sim, driver, instance, added } = await withUnnamedNic();
    await using _ = bench;

    await driver.detachInterface(context, instance, added);

    expect(nicsOf(sim)).toEqual([]);
  });
});
