/* NICs of the simulated HMC. */
import { describe, expect, it } from 'vitest';

import { bench, newPartition, type Bench, text } from './hmc-support.ts';
import type { MachineName, Props } from '../../src/simulator/hmc/index.ts';

const switchOf = (of: Bench, type = 'osd'): string =>
  of.hmc.model.all('virtual-switch').find(({ props }) => props.type === type)!.uri;

async function portOf(of: Bench, family: string): Promise<string> {
  const adapter = of.hmc.model.all('adapter').find(({ props }) => props['adapter-family'] === family)!;
  return ((await of.caller.get(adapter.uri)).body['network-port-uris'] as string[])[0] ?? '';
}

describe('NICs of the simulated HMC', () => {
  it('are backed by virtual switches until z16, with type and MAC address that follow', async () => {
    const of = await bench({ machine: 'z16' });
    const partition = await newPartition(of);
    const create = (more: Props) => of.caller.post(`${partition}/nics`, { name: 'eth0', ...more });

    const { status, body } = await create({ 'virtual-switch-uri': switchOf(of), 'device-number': '0001' });
    const nic = (await of.caller.get(text(body['element-uri']))).body;

    expect(status).toBe(201);
    expect(nic).toMatchObject({ type: 'osd', 'device-number': '0001', 'vlan-id': null });
    expect(nic['mac-address']).toMatch(/^02(?::[0-9a-f]{2}){5}$/u);
    expect(await create({ 'virtual-switch-uri': switchOf(of) })).toMatchObject({ status: 400, reason: 8 });
    const second = { name: 'eth1', 'virtual-switch-uri': switchOf(of, 'hipersockets') };
    expect(await create({ ...second, 'device-number': '0003' })).toMatchObject({ status: 400, reason: 8 });
    expect(await create({ ...second, 'mac-address': nic['mac-address'] ?? '' })).toMatchObject({
      status: 400,
      reason: 8,
    });
    const made = await create(second);
    expect((await of.caller.get(text(made.body['element-uri']))).body).toMatchObject({
      type: 'iqd',
      'device-number': '0004',
    });
    const connected = await of.caller.get(`${switchOf(of)}/operations/get-connected-vnics`);
    expect(connected.body['connected-vnic-uris']).toEqual([nic['element-uri']]);
  });

  it.each<[MachineName, string, (of: Bench) => Promise<Props>, number, number]>([
    ['z16', 'without backing', async () => ({}), 400, 5],
    [
      'z16',
      'with two backings',
      async (of) => ({ 'virtual-switch-uri': switchOf(of), 'network-adapter-port-uri': await portOf(of, 'roce') }),
      400,
      5,
    ],
    ['z16', 'on an unknown switch', async () => ({ 'virtual-switch-uri': '/api/virtual-switches/x' }), 404, 2],
    [
      'z16',
      'on an unknown port',
      async (of) => ({ 'network-adapter-port-uri': `${await portOf(of, 'roce')}7` }),
      404,
      6,
    ],
    ['z16', 'on the port of an OSA', async (of) => ({ 'network-adapter-port-uri': await portOf(of, 'osa') }), 400, 15],
    [
      'z16',
      'with a VLAN id but no VLAN type',
      async (of) => ({ 'virtual-switch-uri': switchOf(of), 'vlan-id': 5 }),
      400,
      15,
    ],
    [
      'z16',
      'with a MAC address in capitals',
      async (of) => ({ 'virtual-switch-uri': switchOf(of), 'mac-address': '02:AA:00:00:00:01' }),
      400,
      7,
    ],
    [
      'z13',
      'with a MAC address before API 2.20',
      async (of) => ({ 'virtual-switch-uri': switchOf(of), 'mac-address': '02:aa:00:00:00:01' }),
      400,
      6,
    ],
    [
      'z13',
      'with a VLAN type before API 2.20',
      async (of) => ({ 'virtual-switch-uri': switchOf(of), 'vlan-type': 'enforced' }),
      400,
      6,
    ],
    ['z17', 'on a virtual switch', async () => ({ 'virtual-switch-uri': '/api/virtual-switches/x' }), 404, 2],
  ])('are refused on a %s %s', async (machine, _, body, status, reason) => {
    const of = await bench({ machine });
    const partition = await newPartition(of);

    expect(await of.caller.post(`${partition}/nics`, { name: 'eth0', ...(await body(of)) })).toMatchObject({
      status,
      reason,
    });
  });

  it('are backed by ports on a z17, which has no virtual switches', async () => {
    const of = await bench({ machine: 'z17' });
    const partition = await newPartition(of);
    const port = await portOf(of, 'osa');

    const { body } = await of.caller.post(`${partition}/nics`, { name: 'eth0', 'network-adapter-port-uri': port });

    expect((await of.caller.get(text(body['element-uri']))).body).toMatchObject({
      type: 'osd',
      'network-adapter-port-uri': port,
    });
    expect((await of.caller.get(`${of.cpc}/virtual-switches`)).body).toEqual({ 'virtual-switches': [] });
  });

  it.each<[MachineName, string, string]>([
    ['z13', 'osa', 'virtual-switch-uri'],
    ['z14', 'osa', 'virtual-switch-uri'],
    ['z16', 'osa', 'virtual-switch-uri'],
    ['z16', 'roce', 'network-adapter-port-uri'],
    ['z17', 'osa', 'network-adapter-port-uri'],
  ])('show on a %s what backs them, an %s by %s, and not the other', async (machine, family, shown) => {
    const of = await bench({ machine });
    const partition = await newPartition(of);
    const backing = shown === 'virtual-switch-uri' ? switchOf(of) : await portOf(of, family);

    const { body } = await of.caller.post(`${partition}/nics`, { name: 'eth0', [shown]: backing });
    const nic = (await of.caller.get(text(body['element-uri']))).body;

    expect(nic[shown]).toBe(backing);
    expect(Object.keys(nic).filter((name) => name.endsWith('-switch-uri') || name.endsWith('-port-uri'))).toEqual([
      shown,
    ]);
    expect(await of.caller.post(text(nic['element-uri']), { [shown]: null })).toMatchObject({ status: 400, reason: 7 });
  });

  it('of a Network Express adapter have the type that is asked for', async () => {
    const of = await bench({ machine: 'z17' });
    const partition = await newPartition(of);
    const port = await portOf(of, 'network-express');
    const create = (more: Props) =>
      of.caller.post(`${partition}/nics`, { name: 'eth0', 'network-adapter-port-uri': port, ...more });

    const { body } = await create({ type: 'neth' });

    expect((await of.caller.get(text(body['element-uri']))).body).toMatchObject({ type: 'neth' });
    expect(await create({ name: 'eth1', type: 'osd' })).toMatchObject({ status: 400, reason: 15 });
    const assigned = await of.caller.get(
      `${port.split('/network-ports')[0]!}/operations/get-partitions-assigned-to-adapter`,
    );
    expect(assigned.body['partitions-assigned-to-adapter']).toEqual([
      { 'object-uri': partition, name: 'p1', status: 'stopped' },
    ]);
  });

  it('can be moved and deleted; a PCI NIC may share the device number of a channel one', async () => {
    const of = await bench({ machine: 'z16' });
    const partition = await newPartition(of);
    const port = await portOf(of, 'roce');
    const { body } = await of.caller.post(`${partition}/nics`, {
      name: 'eth0',
      'virtual-switch-uri': switchOf(of),
      'device-number': '0001',
    });
    const uri = text(body['element-uri']);
    const roce = { name: 'roce0', 'network-adapter-port-uri': port, 'device-number': '0001' };

    expect((await of.caller.post(`${partition}/nics`, roce)).status).toBe(201);
    expect((await of.caller.post(uri, { 'device-number': '0002' })).status).toBe(204);
    expect(await of.caller.post(uri, { name: 'roce0' })).toMatchObject({ status: 400, reason: 8 });
    expect((await of.caller.post(uri, { 'network-adapter-port-uri': port, 'device-number': '0009' })).status).toBe(204);
    const moved = (await of.caller.get(uri)).body;
    expect(moved).toMatchObject({ type: 'roce', 'network-adapter-port-uri': port });
    expect(moved).not.toHaveProperty('virtual-switch-uri');
    expect((await of.caller.post(uri, { 'virtual-switch-uri': switchOf(of), 'device-number': '0001' })).status).toBe(
      204,
    );
    expect((await of.caller.get(uri)).body).not.toHaveProperty('network-adapter-port-uri');
    expect((await of.caller.delete(uri)).status).toBe(204);
    expect((await of.caller.get(partition)).body['nic-uris']).toHaveLength(1);
  });

  it('are refused beyond the capacity that the adapter is allowed to have', async () => {
    const of = await bench({ machine: 'z14' });
    const partition = await newPartition(of);
    const backing = switchOf(of);
    const adapter = text(of.hmc.model.at(backing)!.props['backing-adapter-uri']);
    const create = (name: string) => of.caller.post(`${partition}/nics`, { name, 'virtual-switch-uri': backing });
    await of.caller.post(adapter, { 'allowed-capacity': 1 });

    expect((await create('eth0')).status).toBe(201);
    expect(await create('eth1')).toMatchObject({ status: 409, reason: 115 });
  });

  it.each([
    ['z16', 12],
    ['z17', 0],
  ] as const)('of a %s exist although Create NIC reports 500.%i', async (machine, reason) => {
    // zhmc-ansible-modules zhmc_nic.py (500.12), zhmccli _cmd_nic.py (500.0).
    const of = await bench({ machine });
    const partition = await newPartition(of);
    of.fault({ type: 'refuse', status: 500, reason, effect: 'done' }, 'Create NIC');
    const backing =
      machine === 'z17'
        ? { 'network-adapter-port-uri': await portOf(of, 'osa') }
        : { 'virtual-switch-uri': switchOf(of, 'hipersockets') };

    const answer = await of.caller.post(`${partition}/nics`, { name: 'eth0', ...backing });

    expect(answer).toMatchObject({ status: 500, reason });
    expect((await of.caller.get(partition)).body['nic-uris']).toHaveLength(1);
  });

  it('keep a HiperSockets adapter from being deleted', async () => {
    const of = await bench({ machine: 'z14' });
    const made = await of.caller.post(`${of.cpc}/adapters`, { name: 'HS2', 'maximum-transmission-unit-size': 8 });
    const uri = text(made.body['object-uri']);
    const own = of.hmc.model.all('virtual-switch').find(({ props }) => props['backing-adapter-uri'] === uri)!;
    const partition = await newPartition(of);
    const nic = await of.caller.post(`${partition}/nics`, { name: 'hs', 'virtual-switch-uri': own.uri });

    expect((await of.caller.get(uri)).body).toMatchObject({ 'adapter-id': '7c1', type: 'hipersockets' });
    expect((await of.caller.delete(uri)).status).toBe(409);
    await of.caller.delete(text(nic.body['element-uri']));
    expect((await of.caller.delete(uri)).status).toBe(204);
    expect((await of.caller.delete(of.ports[0]!.split('/storage-ports')[0]!)).status).toBe(404);
    expect(await of.caller.post(`${of.cpc}/adapters`, { name: 'HS1' })).toMatchObject({ status: 400, reason: 8 });
  });
});
