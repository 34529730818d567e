import { describe, expect, it } from 'vitest';

import { bench, newPartition, otherUser, text, type Bench } from './hmc-support.ts';
import type { MachineName, Props } from '../../src/simulator/hmc/index.ts';

const ofFamily = (of: Bench, family: string, type?: string): string =>
  of.hmc.model
    .all('adapter')
    .find(({ props }) => props['adapter-family'] === family && (type === undefined || props.type === type))!.uri;

async function read(of: Bench, uri: string): Promise<Props> {
  return (await of.caller.get(uri)).body;
}

/** A bench whose user lacks a task. */
async function lacking(task: string, machine: MachineName): Promise<Bench> {
  const of = await bench({ machine, users: [{ ...otherUser, withoutTasks: [task] }] });
  await of.caller.logon(otherUser.userid, otherUser.password);
  return of;
}

describe('ports of the simulated HMC', () => {
  it('of a network adapter have a description that can be changed, and a name that cannot', async () => {
    const of = await bench({ machine: 'z14' });
    const port = `${ofFamily(of, 'osa')}/network-ports/0`;

    expect((await of.caller.post(port, { description: 'uplink' })).status).toBe(204);
    expect(await of.caller.post(port, { name: 'Port X' })).toMatchObject({ status: 400, reason: 6 });
    expect(await read(of, port)).toMatchObject({ description: 'uplink', name: 'Port 0' });
    expect(await of.caller.post(`${port}7`, { description: '' })).toMatchObject({ status: 404, reason: 1 });
  });

  it('can be changed by users with the task Adapter Details, as adapters can', async () => {
    const of = await lacking('Adapter Details', 'z14');
    const [fcp = ''] = of.ports;
    const port = `${ofFamily(of, 'osa')}/network-ports/0`;

    for (const uri of [fcp, port, fcp.split('/storage-ports')[0]!]) {
      expect(await of.caller.post(uri, { description: 'x' })).toMatchObject({ status: 403, reason: 1 });
    }
    const other = await lacking('Configure Storage - System Programmer', 'z14');
    expect((await other.caller.post(other.ports[0]!, { description: 'x' })).status).toBe(204);
  });

  it('of a FICON adapter tell what they are connected to, those of an FCP adapter their fabric', async () => {
    const of = await bench({ machine: 'z16' });

    const fc = await read(of, `${ofFamily(of, 'ficon', 'fc')}/storage-ports/0`);
    const fcp = await read(of, of.ports[0]!);

    expect(fc).toMatchObject({
      'connection-endpoint-uri': null,
      'connection-endpoint-class': null,
      'ficon-usage': 'storage',
    });
    expect(fc).not.toHaveProperty('fabric-id');
    expect(fcp).not.toHaveProperty('ficon-usage');
    expect(fcp['fabric-id']).toBeDefined();
  });
});

describe('adapters of the simulated HMC', () => {
  it.each<[MachineName, boolean]>([
    ['z13', false],
    ['z15', false],
    ['z16', true],
    ['z17', true],
  ])('show drawer, I/O domain, transceiver and pending firmware from 2.16 on: %s, %s', async (machine, shown) => {
    const of = await bench({ machine });
    const osa = await read(of, ofFamily(of, 'osa'));
    const fcp = await read(of, of.ports[0]!.split('/storage-ports')[0]!);
    const names = ['drawer', 'io-domain', 'module-type', 'firmware-update-pending'];

    expect(names.filter((name) => name in osa)).toEqual(shown ? names : []);
    expect(names.filter((name) => name in fcp)).toEqual(shown ? names.slice(0, 3) : []);
  });

  it('count on a z17 per port and by what is allocated', async () => {
    const of = await bench({ machine: 'z17' });
    const infosOf = async (family: string) => {
      const infos = (await read(of, ofFamily(of, family)))['capacity-infos'] as Props[];
      return infos.map((info) => [info['allocation-type'], info['port-id'], info['allowed-capacity']]);
    };

    expect(await infosOf('osa')).toEqual([
      ['subchannel', 0, 1920],
      ['subchannel', 1, 1920],
    ]);
    expect(await infosOf('crypto')).toEqual([['crypto', 0, 85]]);
  });

  it('of type HiperSockets have no card, and a frame size out of four', async () => {
    const of = await bench({ machine: 'z16' });
    const create = (more: Props) => of.caller.post(`${of.cpc}/adapters`, { name: 'HS2', ...more });

    expect(await create({ 'maximum-transmission-unit-size': 24 })).toMatchObject({ status: 400, reason: 7 });
    const made = await create({ 'maximum-transmission-unit-size': 56 });
    const hipersockets = await read(of, text(made.body['object-uri']));

    expect(hipersockets).toMatchObject({ 'maximum-transmission-unit-size': 56, 'channel-path-id': 'd1' });
    expect(hipersockets).not.toHaveProperty('card-location');
    const update = (size: number) =>
      of.caller.post(text(hipersockets['object-uri']), { 'maximum-transmission-unit-size': size });
    expect(await update(12)).toMatchObject({ status: 400, reason: 7 });
    expect((await update(16)).status).toBe(204);
  });

  it('change their type only if the request names one', async () => {
    const of = await bench({ machine: 'z14' });
    const change = (body: Props) => of.caller.post(`${ofFamily(of, 'ficon')}/operations/change-adapter-type`, body);

    expect(await change({})).toMatchObject({ status: 400, reason: 5 });
    expect(await change({ type: 'fc', zeroize: true })).toMatchObject({ status: 400, reason: 6 });
  });
});

describe('virtual switches of the simulated HMC', () => {
  it('can be changed by users with the task Manage Adapters', async () => {
    const of = await lacking('Manage Adapters', 'z14');
    const other = await lacking('Adapter Details', 'z14');
    const rename = ({ caller, hmc }: Bench) =>
      caller.post(hmc.model.all('virtual-switch')[0]!.uri, { name: 'management' });

    expect(await rename(of)).toMatchObject({ status: 403, reason: 1 });
    expect((await rename(other)).status).toBe(204);
  });
});

describe('adapters that a user may not see', () => {
  it('back neither vHBAs nor NICs of his partitions', async () => {
    const probe = await bench({ machine: 'z13' });
    const hidden = [probe.ports[0]!.split('/storage-ports')[0]!, ofFamily(probe, 'osa')];
    const of = await bench({ machine: 'z13', users: [{ ...otherUser, hidden }] });
    await of.caller.logon(otherUser.userid, otherUser.password);
    const partition = await newPartition(of);
    const hba = (port: number) =>
      of.caller.post(`${partition}/hbas`, { name: `h${port}`, 'adapter-port-uri': of.ports[port] });
    const switches = of.hmc.model.all('virtual-switch');
    const nic = (adapter: string, name: string) => {
      const own = switches.find(({ props }) => props['backing-adapter-uri'] === adapter)!;
      return of.caller.post(`${partition}/nics`, { name, 'virtual-switch-uri': own.uri });
    };

    expect(await hba(0)).toMatchObject({ status: 404, reason: 2 });
    expect((await hba(1)).status).toBe(201);
    expect(await nic(ofFamily(of, 'osa'), 'n0')).toMatchObject({ status: 404, reason: 2 });
    expect((await nic(ofFamily(of, 'hipersockets'), 'n1')).status).toBe(201);
  });
});

describe('lists', () => {
  it('are not filtered by a status or type that nothing in them can have', async () => {
    const of = await bench({ machine: 'z16' });
    await newPartition(of);
    const lists = [
      `${of.cpc}/partitions?status=running`,
      `${of.cpc}/partitions?type=aix`,
      `${of.cpc}/virtual-switches?type=iqd`,
      `${ofFamily(of, 'osa')}/operations/get-partitions-assigned-to-adapter?status=running`,
    ];

    for (const list of lists) expect(await of.caller.get(list)).toMatchObject({ status: 400, reason: 14 });
    expect((await of.caller.get(`${of.cpc}/partitions?status=reservation-error`)).body).toEqual({ partitions: [] });
  });
});
