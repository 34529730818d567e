/* Lists and reads of the simulated HMC. */
import { describe, expect, it } from 'vitest';

import { bench, newHba, newPartition, statusOf } from './hmc-support.ts';
import type { Props } from '../../src/simulator/hmc/index.ts';

async function named(names: readonly string[], machine: 'z13' | 'z16' = 'z13') {
  const of = await bench({ machine });
  for (const name of names) await newPartition(of, { name });
  const list = async (query: string) => {
    const { body } = await of.caller.get(`${of.cpc}/partitions${query}`);
    return (body.partitions as Props[]).map(({ name }) => name);
  };
  return { of, list };
}

describe('lists of the simulated HMC', () => {
  it('filter names by regular expressions that match the whole name, alternatives and several parameters', async () => {
    const { list } = await named(['nova-1', 'nova-10', 'other.x', 'otherxx']);

    expect(await list('?name=nova-1')).toEqual(['nova-1']);
    expect(await list('?name=nova-.*')).toEqual(['nova-1', 'nova-10']);
    expect(await list('?name=NOVA-1')).toEqual([]);
    expect(await list('?name=other.x')).toEqual(['other.x', 'otherxx']);
    expect(await list(`?name=${encodeURIComponent(String.raw`other\.x`)}`)).toEqual(['other.x']);
    expect(await list(`?name=${encodeURIComponent(String.raw`\Qother.x\E`)}`)).toEqual(['other.x']);
    expect(await list('?name=nova-1&name=otherxx')).toEqual(['nova-1', 'otherxx']);
    expect(await list('?name=nova-1&status=active')).toEqual([]);
    expect(await list('?status=stopped&type=linux')).toHaveLength(4);
    expect(await list(`?name=${encodeURIComponent(String.raw`nova\-1`)}`)).toEqual(['nova-1']);
  });

  it('refuse a pattern that is none, and parameters that they do not have', async () => {
    const { of } = await named([]);

    expect(await of.caller.get(`${of.cpc}/partitions?name=(`)).toMatchObject({ status: 400, reason: 14 });
    expect(await of.caller.get(`${of.cpc}/partitions?colour=red`)).toMatchObject({ status: 400, reason: 1 });
  });

  it('add properties from API 4.1 on, and refuse the wish before', async () => {
    const { of: old } = await named(['p1']);
    const { of: recent } = await named(['p1'], 'z16');
    const wish = '?additional-properties=ifl-processors,initial-memory';

    expect(await old.caller.get(`${old.cpc}/partitions${wish}`)).toMatchObject({ status: 400, reason: 1 });
    const { body } = await recent.caller.get(`${recent.cpc}/partitions${wish}`);
    expect(body.partitions).toMatchObject([{ name: 'p1', 'ifl-processors': 1, 'initial-memory': 1024 }]);
    expect(Object.keys((body.partitions as Props[])[0]!)).toHaveLength(6);
    expect((await recent.caller.get(`${recent.cpc}/partitions?additional-properties=x`)).reason).toBe(14);
  });

  it('leave an additional property out where an object lacks it', async () => {
    // IBM WS API, e.g. Get Group Profile Properties, 3931-LA1: a property that is asked for is as present as without being asked for.
    const { of } = await named([], 'z16');

    const { status, body } = await of.caller.get(`${of.cpc}/adapters?additional-properties=card-location`);

    expect(status).toBe(200);
    const located = (body.adapters as Props[]).map((item) => [item.type, Object.hasOwn(item, 'card-location')]);
    expect(located).toContainEqual(['fcp', true]);
    expect(located).toContainEqual(['hipersockets', false]);
  });

  it('show the permitted partitions of all CPCs from API 2.20 on', async () => {
    const { of: old } = await named(['p1']);
    const { of } = await named(['p1', 'p2'], 'z16');
    const uri = '/api/console/operations/list-permitted-partitions';

    expect(await old.caller.get(uri)).toMatchObject({ status: 404, reason: 1 });
    expect((await of.caller.get(`${uri}?cpc-name=CPC1&name=p1`)).body).toEqual({
      partitions: [
        {
          name: 'p1',
          'object-uri': expect.any(String) as string,
          type: 'linux',
          status: 'stopped',
          'has-unacceptable-status': true,
          'cpc-name': 'CPC1',
          'cpc-object-uri': of.cpc,
          'se-version': '2.16.0',
        },
      ],
    });
    expect((await of.caller.get(`${uri}?cpc-name=CPC2`)).body.partitions).toEqual([]);
    expect((await of.caller.get(`${uri}?has-unacceptable-status=false`)).body.partitions).toEqual([]);
    // IBM WS API, List Permitted Partitions, Z16M-A01: only values that the property can have.
    for (const query of ['status=on', 'type=windows', 'has-unacceptable-status=maybe'])
      expect(await of.caller.get(`${uri}?${query}`)).toMatchObject({ status: 400, reason: 14 });
  });

  it('show permitted adapters from API 4.1 on, with filters', async () => {
    const { of } = await named([], 'z16');
    const uri = '/api/console/operations/list-permitted-adapters';
    const { adapters } = (await of.caller.get(`${uri}?type=fcp&dpm-enabled=true`)).body as { adapters: Props[] };

    expect(adapters).toHaveLength(4);
    expect(adapters[0]).toMatchObject({ 'adapter-id': '124', 'cpc-name': 'CPC1', 'dpm-enabled': true });
    expect((await of.caller.get(`${uri}?dpm-enabled=false`)).body.adapters).toEqual([]);
  });
});

describe('single resources of the simulated HMC', () => {
  it('show a subset of their properties as far as the HMC knows how', async () => {
    const [old, middle, recent] = [
      await bench({ machine: 'z13' }),
      await bench({ machine: 'z14' }),
      await bench({ machine: 'z16' }),
    ];
    const subset = async (of: typeof old) => of.caller.get(`${await newPartition(of)}?properties=status,name`);

    expect(Object.keys((await subset(old)).body).length).toBeGreaterThan(50);
    expect(await subset(middle)).toMatchObject({ status: 400, reason: 1 });
    expect((await subset(recent)).body).toEqual({ status: 'stopped', name: 'p1' });
    expect(await recent.caller.get(`${recent.cpc}?properties=name,nonsense`)).toMatchObject({
      status: 400,
      reason: 14,
    });
    expect((await recent.caller.get(`${recent.cpc}?cached-acceptable=true&properties=name`)).body).toEqual({
      name: 'CPC1',
    });
  });

  it.each([
    ['z13', '2964', '2.13.1', undefined],
    ['z14', '3906', '2.14.1', 1],
    ['z15', '8561', '2.15.0', 1],
    ['z16', '3931', '2.16.0', 1],
    ['z17', '9175', '2.17.0', 1],
  ] as const)('describe a %s by type, version and features', async (machine, type, version, features) => {
    const { caller, cpc } = await bench({ machine });

    const { body } = await caller.get(cpc);
    const { body: api } = await caller.get('/api/version');

    expect(body).toMatchObject({ 'machine-type': type, 'se-version': version, 'dpm-enabled': true, status: 'active' });
    // IBM WS API, CPC object: class specific additional properties, 3932-A02.
    expect(body).toMatchObject({ 'iml-mode': 'dpm', 'is-cpacf-enabled': true, 'auto-start-list': [] });
    expect((body['available-features-list'] as Props[] | undefined)?.length).toBe(features);
    expect(api['hmc-version']).toBe(version);
    expect((await caller.get(`${cpc}/operations/list-features`)).status).toBe(
      machine === 'z16' || machine === 'z17' ? 200 : 404,
    );
  });

  it('tell whether NICs are backed by ports, by an API feature of z17', async () => {
    const has = async (machine: 'z16' | 'z17') => {
      const { caller, cpc } = await bench({ machine });
      const answer = await caller.get(`${cpc}/operations/list-features?name=network-express-.*`);
      return answer.body;
    };

    expect(await has('z16')).toEqual([]);
    expect(await has('z17')).toEqual(['network-express-support']);
  });

  it('show adapters with cards, locations and capacities, and ports with their fabrics', async () => {
    const of = await bench();
    const partition = await newPartition(of);
    await newHba(of, partition);
    const uri = of.ports[0]!.split('/storage-ports')[0]!;

    expect((await of.caller.get(uri)).body).toMatchObject({
      name: 'FCP 0124 A14B-13 J.01',
      'adapter-id': '124',
      'card-location': 'A14B-D113-J.01',
      'detected-card-type': 'ficon-express-16s',
      'allowed-capacity': 64,
      'maximum-total-capacity': 254,
      'configured-capacity': 1,
      'used-capacity': 0,
      'storage-port-uris': [of.ports[0]],
    });
    const fabrics = await Promise.all(of.ports.map(async (port) => (await of.caller.get(port)).body['fabric-id']));
    expect(fabrics[0]).toMatch(/^[0-9a-f]{16}$/u);
    expect([fabrics[0] === fabrics[2], fabrics[0] === fabrics[1]]).toEqual([true, false]);
    const assigned = await of.caller.get(`${uri}/operations/get-partitions-assigned-to-adapter?name=p1`);
    expect(assigned.body['partitions-assigned-to-adapter']).toMatchObject([{ 'object-uri': partition }]);
    await of.caller.post(`${partition}/operations/start`);
    expect((await of.caller.get(uri)).body['used-capacity']).toBe(1);
  });

  it('let adapters be changed within what the hardware can do', async () => {
    const of = await bench({ machine: 'z14' });
    const uri = of.ports[0]!.split('/storage-ports')[0]!;
    const update = (body: Props) => of.caller.post(uri, body);

    expect((await update({ 'allowed-capacity': 254 })).status).toBe(204);
    expect(await update({ 'allowed-capacity': 255 })).toMatchObject({ status: 400, reason: 7 });
    expect(await update({ type: 'fc' })).toMatchObject({ status: 400, reason: 6 });
    const sibling = of.ports[1]!.split('/storage-ports')[0]!;
    of.hmc.model.find('adapter', sibling)!.props['card-location'] = 'A14B-D113-J.02';
    expect((await of.caller.post(`${uri}/operations/change-adapter-type`, { type: 'fc' })).status).toBe(204);
    expect((await of.caller.get(sibling)).body.type).toBe('fc');
    expect((await of.caller.post(`${uri}/operations/change-adapter-type`, { type: 'not-configured' })).status).toBe(
      204,
    );
    expect(await of.caller.get(of.ports[0]!)).toMatchObject({ status: 404, reason: 4 });
  });

  it('give the inventory of a class with its elements', async () => {
    const of = await bench();
    const partition = await newPartition(of);
    await newHba(of, partition);

    const { body } = await of.caller.post('/api/services/inventory', { resources: ['partition'] });
    const all = (await of.caller.post('/api/services/inventory', {})).body as unknown as Props[];

    expect((body as unknown as Props[]).map((item) => item.class)).toEqual(['partition', 'hba']);
    expect(new Set(all.map((item) => item.class))).toEqual(
      new Set(['adapter', 'storage-port', 'network-port', 'partition', 'hba', 'virtual-switch', 'cpc', 'console']),
    );
    expect((await of.caller.post('/api/services/inventory', { resources: ['x'] })).reason).toBe(7);
    expect(await statusOf(of, partition)).toBe('stopped');
  });
});
