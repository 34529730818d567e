/* What nova-compute passes for networks and rescues, from the bodies of the service's methods to the machine. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DriverBench } from '../../bench/driver.ts';
import { context } from '../../bench/requests.ts';
import { silentLogger } from '../../src/base/index.ts';
import { openCinder } from '../../src/cinder-client/index.ts';
import { decodeGuestParameters } from '../../src/partition/guest-parameters/index.ts';
import { methods } from '../../src/serve/wire/methods.ts';
import type { Method } from '../../src/serve/wire/methods.ts';
import { makeInstallerImage } from '../../src/simulator/index.ts';
import type { MachineName } from '../../src/simulator/index.ts';
import type { Instance } from '../../src/virt/index.ts';
import { quickPolicies } from '../support/quick-policies.ts';
import { settingsFor } from '../support/world.ts';

const images = [
  { name: 'repair', size: 1, diskFormat: 'iso', content: makeInstallerImage() },
  { name: 'disk', size: 1, diskFormat: 'qcow2', content: Buffer.from('QFI\u00fb') },
];

let directory: string;
beforeAll(() => void (directory = mkdtempSync(join(tmpdir(), 'nova-dpm-wire-'))));
afterAll(() => rmSync(directory, { recursive: true }));

/** A driver behind the methods of the service. */
async function open(machine: MachineName) {
  const bench = await DriverBench.open({ machine, images }, quickPolicies);
  const cinder = openCinder({ ...settingsFor(bench.sim).cinder, requestId: () => context.requestId });
  const rescued = new Map<string, unknown>();
  const call = async (name: string, body: Record<string, unknown>): Promise<unknown> => {
    const known: Readonly<Record<string, Omit<Method, 'name'>>> = methods;
    const method = known[name]!; // the test names methods of the service
    const parsed = method.body.parse(body);
    const instance = body.instance as { readonly uuid: string };
    if (name === 'rescue') rescued.set(instance.uuid, parsed.block_device_info);
    const records = { rescued: (uuid: string) => rescued.get(uuid) };
    const rescue = { images: cinder, directory, log: silentLogger };
    const called = { driver: bench.driver, host: 'compute1', context, records, rescue };
    return await method.call(called, parsed as never); // parsed by its schema
  };
  const partition = () => bench.sim.hmc.model.all('partition')[0]?.props ?? {};
  const nics = () =>
    bench.sim.hmc.model
      .all('nic')
      .map(({ props }) => props)
      .toSorted((a, b) => textOf(a.name).localeCompare(textOf(b.name)));
  const osa = () =>
    bench.sim.hmc.model
      .all('adapter')
      .find(({ props }) => props['adapter-family'] === 'osa' || props['adapter-family'] === 'network-express')?.uri ??
    '';
  return {
    ...{ bench, sim: bench.sim, call, partition, nics },
    adapterId: osa().replace('/api/adapters/', ''),
    imageId: (name: string) => bench.sim.images.find((each) => each.name === name)?.id ?? '',
    [Symbol.asyncDispose]: async () => {
      cinder[Symbol.dispose]();
      await bench[Symbol.asyncDispose]();
    },
  };
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

function wireInstance({ uuid, name }: Instance) {
  const flavor = { name: 'small', vcpus: 1, memory_mb: 1024, extra_specs: {} };
  return { uuid, name, hostname: name, host: 'compute1', project_id: 'p', user_id: 'u', flavor };
}

/** As Nova 26 passes it for a port that the mechanism driver has bound; recorded, but for type and details. */
function wireVif(id: string, adapterId: string, more: { readonly vlan?: number } & Record<string, unknown> = {}) {
  const { vlan, ...others } = more;
  const address = (of: string, type: string) => ({ address: of, type, version: of.includes(':') ? 6 : 4, meta: {} });
  const subnet = (cidr: string, gateway: string | null, ip: string, dns: readonly string[]) => ({
    ...{ cidr, version: cidr.includes(':') ? 6 : 4, routes: [], meta: {} },
    dns: dns.map((each) => address(each, 'dns')),
    gateway: gateway === null ? null : address(gateway, 'gateway'),
    ips: [{ ...address(ip, 'fixed'), floating_ips: [] }],
  });
  const details = { port_filter: false, connectivity: 'l2', object_id: adapterId, port_element_id: '0' };
  return {
    ...{ id, address: 'fa:16:3e:00:00:0a', type: 'dpm_adapter', vnic_type: 'normal', profile: {}, meta: {} },
    details: { ...details, ...(vlan === undefined ? {} : { vlan }) },
    network: {
      ...{ id: '11111111-1111-4111-8111-111111111111', bridge: null, label: 'prod' },
      subnets: [
        subnet('198.51.100.0/24', '198.51.100.1', '198.51.100.10', ['198.51.100.2']),
        subnet('203.0.113.0/25', null, '203.0.113.7', []),
        subnet('2001:db8::/64', '2001:db8::1', '2001:db8::10', []),
      ],
      meta: { injected: false, tenant_id: 'p', mtu: 8992, physical_network: 'physnet1', tunneled: false },
    },
    ...{ devname: 'tapf1210b86-e3', ovs_interfaceid: null, qbh_params: null, qbg_params: null },
    ...{ active: true, preserve_on_delete: false, delegate_create: true },
    ...others,
  };
}

const [port1, port2] = ['a1210b86-e33e-4ae7-98d5-820e58bdabac', 'b1210b86-e33e-4ae7-98d5-820e58bdabac'];

describe.each(['z13', 'z16', 'z17'] as const)('on a %s', (machine) => {
  it('bound ports become NICs with the addresses of all subnets, and are attached and detached', async () => {
    await using stage = await open(machine);
    const { bench, call, nics, partition, adapterId } = stage;
    const given = bench.instance();
    const instance = wireInstance(given);
    // The volumes are mapped by the virtapi of the bench.
    const block_device_info = wireVolumes(bench.info(0));

    await call('spawn', { instance, network_info: [wireVif(port1, adapterId)], block_device_info });

    expect(nics()).toMatchObject([{ name: `OpenStack_Port_${port1}` }]);
    if (machine !== 'z13') expect(nics()).toMatchObject([{ 'mac-address': 'fa:16:3e:00:00:0a' }]);
    const parameters = JSON.stringify(decodeGuestParameters(textOf(partition()['boot-os-specific-parameters'])));
    for (const address of ['198.51.100.10/24', '203.0.113.7/25', '2001:db8::10/64', '198.51.100.1', '2001:db8::1']) {
      expect(parameters).toContain(address);
    }
    const more = { address: 'fa:16:3e:00:00:0b', ...(machine === 'z13' ? {} : { vlan: 120 }) };
    const whole = wireVif(port2, adapterId, more);
    // The boot parameters of a z13 have no room for the addresses of two such NICs.
    const network = { ...whole.network, subnets: whole.network.subnets.slice(0, 1) };
    const vif = machine === 'z13' ? { ...whole, network } : whole;

    await call('attach_interface', { instance, vif });

    expect(nics()).toHaveLength(2);
    if (machine !== 'z13') expect(nics()[1]).toMatchObject({ 'vlan-id': 120, 'mac-address': 'fa:16:3e:00:00:0b' });

    await call('detach_interface', { instance, vif });

    expect(nics()).toMatchObject([{ name: `OpenStack_Port_${port1}` }]);
  });

  it.each<readonly [string, { readonly vlan?: number } & Record<string, unknown>, string]>([
    ['a port that is not bound', { type: 'binding_failed' }, 'expected dpm_vswitch or dpm_adapter'],
    ['another vnic_type', { vnic_type: 'direct' }, 'vnicType is "direct", expected normal'],
    ...(machine === 'z13' ? [['a VLAN', { vlan: 120 }, 'VLAN'] as const] : []),
  ])('refuses %s before anything is created', async (_what, more, message) => {
    await using stage = await open(machine);
    const { bench, call, sim, adapterId } = stage;
    const before = sim.snapshot();
    const instance = wireInstance(bench.instance());
    const block_device_info = wireVolumes(bench.info(0));

    const spawn = call('spawn', { instance, network_info: [wireVif(port1, adapterId, more)], block_device_info });

    await expect(spawn).rejects.toThrow(message);
    expect(sim.snapshot()).toEqual(before);
  });
});

describe.each(['z13', 'z16'] as const)('a rescue by Nova on a %s', (machine) => {
  it('boots the ISO image of Glance, and the boot volume again', async () => {
    await using stage = await open(machine);
    const { bench, call, partition, imageId } = stage;
    const given = bench.instance();
    const instance = wireInstance(given);
    await bench.spawn(given);
    const before = partition()['boot-device'];
    const block_device_info = wireVolumes(bench.info(0, bench.mapped(given)));
    const image_meta = { id: imageId('repair'), name: 'repair', disk_format: 'iso', properties: {} };

    await call('rescue', { instance, network_info: [], image_meta, block_device_info });

    expect(partition()).toMatchObject({
      status: 'active',
      'boot-device': 'iso-image',
      'boot-iso-image-name': 'repair.iso',
    });
    expect(readdirSync(directory)).toEqual([]);

    await call('unrescue', { instance });

    expect(partition()).toMatchObject({ status: 'active', 'boot-device': before, 'boot-iso-image-name': null });
  });

  it('changes nothing for an image of another format', async () => {
    await using stage = await open(machine);
    const { bench, call, sim, imageId } = stage;
    const given = bench.instance();
    await bench.spawn(given);
    const before = sim.snapshot();
    const image_meta = { id: imageId('disk'), name: 'disk', disk_format: null, properties: {} };
    const block_device_info = wireVolumes(bench.info(0, bench.mapped(given)));

    const rescue = call('rescue', { instance: wireInstance(given), network_info: [], image_meta, block_device_info });

    await expect(rescue).rejects.toThrow(/has the disk format "qcow2", not "iso"/);
    expect(sim.snapshot()).toEqual(before);
  });

  it('restores the boot settings if the image does not boot', async () => {
    await using stage = await open(machine);
    const { bench, call, sim, partition, imageId } = stage;
    const given = bench.instance();
    await bench.spawn(given);
    const before = partition()['boot-device'];
    const image_meta = { id: imageId('repair'), disk_format: 'iso' };
    const block_device_info = wireVolumes(bench.info(0, bench.mapped(given)));
    const kind = { type: 'refuse', status: 400 } as const;
    sim.faults.add({ id: 'refused', server: 'hmc', operation: 'Start Partition', when: { times: 1 }, kind });

    const rescue = call('rescue', { instance: wireInstance(given), network_info: [], image_meta, block_device_info });

    await expect(rescue).rejects.toThrow();
    expect(partition()).toMatchObject({ status: 'stopped', 'boot-device': before, 'boot-iso-image-name': null });
    expect(readdirSync(directory)).toEqual([]);
  });
});

function wireVolumes({ rootDeviceName, blockDeviceMapping }: ReturnType<DriverBench['info']>) {
  return {
    root_device_name: rootDeviceName,
    block_device_mapping: blockDeviceMapping.map(({ volumeId, sizeGib, bootIndex, mountDevice, connectionInfo }) => ({
      ...{ volume_id: volumeId, volume_size: sizeGib, boot_index: bootIndex, mount_device: mountDevice },
      ...{ attachment_id: null, delete_on_termination: false, connection_info: connectionInfo ?? null },
    })),
  };
}
