/* vHBAs of the simulated HMC. */
import { describe, expect, it } from 'vitest';

import { bench, bootablePartition, newHba, newPartition, text } from './hmc-support.ts';
import type { Props } from '../../src/simulator/hmc/index.ts';

describe('vHBAs of the simulated HMC', () => {
  it('get WWPNs that are unique on the machine, and device numbers that are unique in the partition', async () => {
    const of = await bench();
    const [first, second] = [await newPartition(of), await newPartition(of, { name: 'p2' })];

    const hbas = [await newHba(of, first, 'a', 0), await newHba(of, first, 'b', 1), await newHba(of, second, 'a', 0)];

    expect(new Set(hbas.map(({ wwpn }) => wwpn)).size).toBe(3);
    for (const { wwpn } of hbas) expect(wwpn).toMatch(/^c05076[0-9a-f]{10}$/u);
    expect(hbas.map((hba) => hba['device-number'])).toEqual(['8000', '8001', '8000']);
    expect(hbas[0]).toMatchObject({
      class: 'hba',
      parent: first,
      name: 'a',
      description: '',
      'adapter-port-uri': of.ports[0],
    });
    expect((await of.caller.get(first)).body['hba-uris']).toEqual([hbas[0]!['element-uri'], hbas[1]!['element-uri']]);
  });

  it.each<[string, (port: string) => Props, number, number]>([
    ['no name', (port) => ({ 'adapter-port-uri': port }), 400, 5],
    ['no port', () => ({ name: 'b' }), 400, 5],
    ['an unknown property', (port) => ({ name: 'b', 'adapter-port-uri': port, port: 0 }), 400, 6],
    ['its own WWPN', (port) => ({ name: 'b', 'adapter-port-uri': port, wwpn: 'c050760000000001' }), 400, 6],
    ['a name that is taken', (port) => ({ name: 'a', 'adapter-port-uri': port }), 400, 8],
    [
      'a device number that is taken',
      (port) => ({ name: 'b', 'adapter-port-uri': port, 'device-number': '8000' }),
      400,
      8,
    ],
    ['device number 0000', (port) => ({ name: 'b', 'adapter-port-uri': port, 'device-number': '0000' }), 400, 7],
    [
      'a device number with prefix',
      (port) => ({ name: 'b', 'adapter-port-uri': port, 'device-number': '0x8005' }),
      400,
      7,
    ],
    [
      'an adapter that does not exist',
      () => ({ name: 'b', 'adapter-port-uri': '/api/adapters/x/storage-ports/0' }),
      404,
      2,
    ],
    ['a port that does not exist', (port) => ({ name: 'b', 'adapter-port-uri': port.replace(/0$/u, '1') }), 404, 6],
  ])('are refused with %s', async (_, body, status, reason) => {
    const of = await bench();
    const partition = await newPartition(of);
    await newHba(of, partition, 'a');

    expect(await of.caller.post(`${partition}/hbas`, body(of.ports[0]!))).toMatchObject({ status, reason });
    expect(of.hmc.model.all('hba')).toHaveLength(1);
  });

  it('are refused on a network port and on a FICON adapter of another type', async () => {
    const of = await bench();
    const partition = await newPartition(of);
    const osa = of.hmc.model.all('adapter').find(({ props }) => props.type === 'osd')!;
    const adapter = of.hmc.model.find('adapter', of.ports[0]!.split('/storage-ports')[0]!)!;
    const create = (port: string) => of.caller.post(`${partition}/hbas`, { name: 'a', 'adapter-port-uri': port });

    expect(await create(`${osa.uri}/storage-ports/0`)).toMatchObject({ status: 404, reason: 6 });
    adapter.props.type = 'fc';
    expect((await create(of.ports[0]!)).status).toBe(400);
  });

  it('are refused when the adapter has as many as it is allowed to have, until one is deleted', async () => {
    const of = await bench({ adapterCapacity: 2 });
    const partition = await newPartition(of);
    await newHba(of, partition, 'a');
    const second = await newHba(of, partition, 'b');
    const create = () => of.caller.post(`${partition}/hbas`, { name: 'c', 'adapter-port-uri': of.ports[0] });

    expect((await create()).status).toBe(409);
    const adapter = of.ports[0]!.split('/storage-ports')[0]!;
    expect((await of.caller.get(adapter)).body).toMatchObject({
      'allowed-capacity': 2,
      'configured-capacity': 2,
      'used-capacity': 0,
    });
    await of.caller.delete(text(second['element-uri']));

    expect((await create()).status).toBe(201);
  });

  it('are refused while the partition starts, and on a CPC that does not operate', async () => {
    const of = await bench({ timing: { startMs: 1000 } });
    const partition = await newPartition(of);
    await of.caller.post(`${partition}/operations/start`);
    const body = { name: 'a', 'adapter-port-uri': of.ports[0] };

    expect(await of.caller.post(`${partition}/hbas`, body)).toMatchObject({ status: 409, reason: 1 });
    of.clock.advance(1000);
    expect((await of.caller.post(`${partition}/hbas`, body)).status).toBe(201);
    of.hmc.model.find('cpc', of.cpc)!.props.status = 'no-power';
    expect(await of.caller.post(`${partition}/hbas`, { ...body, name: 'b' })).toMatchObject({ status: 409, reason: 6 });
  });

  it('can be changed, moved to another port with their WWPN, and deleted', async () => {
    const of = await bench();
    const partition = await newPartition(of);
    const hba = await newHba(of, partition, 'a');
    const uri = text(hba['element-uri']);
    await newHba(of, partition, 'b');

    expect((await of.caller.post(uri, { name: 'z', 'device-number': 'ABCD' })).status).toBe(204);
    expect((await of.caller.post(uri, { 'device-number': 'abcd' })).status).toBe(204);
    expect(await of.caller.post(uri, { name: 'b' })).toMatchObject({ status: 400, reason: 8 });
    expect(await of.caller.post(uri, { 'device-number': '8001' })).toMatchObject({ status: 400, reason: 8 });
    expect(await of.caller.post(uri, { 'adapter-port-uri': of.ports[1] })).toMatchObject({ status: 400, reason: 6 });
    const move = `${uri}/operations/reassign-storage-adapter-port`;
    expect((await of.caller.post(move, { 'adapter-port-uri': of.ports[1] })).status).toBe(204);
    const moved = { name: 'z', wwpn: hba.wwpn, 'device-number': 'abcd', 'adapter-port-uri': of.ports[1] };
    expect((await of.caller.get(uri)).body).toMatchObject(moved);
    expect((await of.caller.delete(uri)).status).toBe(204);
    expect(await of.caller.delete(uri)).toMatchObject({ status: 404, reason: 1 });
    expect((await of.caller.get(partition)).body['hba-uris']).toHaveLength(1);
  });

  it('are no boot device any more once they are deleted', async () => {
    const of = await bench();
    const { partition, hba } = await bootablePartition(of);

    await of.caller.delete(text(hba['element-uri']));

    expect((await of.caller.get(partition)).body).toMatchObject({ 'boot-device': 'none', 'boot-storage-device': null });
  });

  it('log in at once when they are added to an activated partition, and out when they are taken away', async () => {
    const of = await bench();
    const partition = await newPartition(of);
    await of.caller.job(`${partition}/operations/start`);
    const hba = await newHba(of, partition);

    expect(of.san.fabricOf(text(hba.wwpn))).toBe('fabric-a');
    const move = `${text(hba['element-uri'])}/operations/reassign-storage-adapter-port`;
    await of.caller.post(move, { 'adapter-port-uri': of.ports[1] });
    expect(of.san.fabricOf(text(hba.wwpn))).toBe('fabric-b');
    await of.caller.delete(text(hba['element-uri']));
    expect(of.san.isLoggedIn(text(hba.wwpn))).toBe(false);
  });

  it('keep their WWPNs to themselves, or hand them on when the machine is told to', async () => {
    for (const reuseWwpns of [false, true]) {
      const of = await bench({ reuseWwpns });
      const partition = await newPartition(of);
      const first = await newHba(of, partition, 'a');
      await of.caller.delete(partition);
      const second = await newHba(of, await newPartition(of), 'a');

      expect(second.wwpn === first.wwpn).toBe(reuseWwpns);
    }
  });

  it('are listed by Export WWPN List for the partitions of this CPC', async () => {
    const of = await bench();
    const partition = await newPartition(of);
    const { wwpn } = await newHba(of, partition, 'a');
    const uri = `${of.cpc}/operations/export-port-names-list`;

    expect((await of.caller.post(uri, { partitions: [partition] })).body).toEqual({
      'wwpn-list': [`p1,124,8000,${text(wwpn)}`],
    });
    expect(await of.caller.post(uri, { partitions: [] })).toMatchObject({ status: 400, reason: 149 });
    expect(await of.caller.post(uri, { partitions: ['/api/partitions/x'] })).toMatchObject({
      status: 400,
      reason: 149,
    });
  });

  it('exist on a z14 whose service level has no storage management: the feature counts, not the generation', async () => {
    const of = await bench({ machine: 'z14', storageManagement: false });
    const { partition } = await bootablePartition(of);
    const group = { 'cpc-uri': of.cpc, type: 'fcp', name: 'sg' };

    expect(await of.caller.job(`${partition}/operations/start`)).toMatchObject({ 'job-status-code': 204 });
    expect((await of.caller.get(partition)).body.status).toBe('active');
    expect((await of.caller.post('/api/storage-groups', group)).status).toBe(409);
    expect((await of.caller.get('/api/storage-groups')).body).toEqual({ 'storage-groups': [] });
  });

  it.each(['z14', 'z15', 'z16', 'z17'] as const)('do not exist on a %s with storage management', async (machine) => {
    const of = await bench({ machine });
    const partition = await newPartition(of);

    const { status } = await of.caller.post(`${partition}/hbas`, { name: 'a', 'adapter-port-uri': of.ports[0] });

    expect(status).toBe(409);
    expect((await of.caller.get(partition)).body).toMatchObject({ 'hba-uris': [], 'storage-group-uris': [] });
    expect(
      (await of.caller.post(`${of.cpc}/operations/export-port-names-list`, { partitions: [partition] })).status,
    ).toBe(404);
  });
});
