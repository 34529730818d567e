/* Partition links of the simulated HMC. */
import { describe, expect, it } from 'vitest';

import { bench, newPartition, type Bench } from './hmc-support.ts';
import type { MachineName, Props } from '../../src/simulator/hmc/index.ts';

// Sources: IBM WS API, Create Partition Link (3932-AGZ), Delete Partition Link (3932-LA2); python-zhmcclient
// _partition_link.py, _partition.py, _adapter.py and tests/end2end/test_partition_link.py.

const links = '/api/partition-links';

async function create(of: Bench, type: string, more: Props = {}) {
  const body = { name: 'link1', type, 'cpc-uri': of.cpc, ...more };
  const answer = await of.caller.post(links, body);
  const uri = answer.headers.get('location') ?? '';
  return { answer, uri, properties: async () => (await of.caller.get(uri)).body };
}

const modify = (of: Bench, uri: string, body: Props) => of.caller.job(`${uri}/operations/modify`, body);

describe('partition links of the simulated HMC', () => {
  it('connect partitions by HiperSockets NICs that the partitions show', async () => {
    const of = await bench({ machine: 'z16' });
    const [one, two] = [await newPartition(of), await newPartition(of, { name: 'p2' })];

    const link = await create(of, 'hipersockets', { 'bus-connections': [{ 'partition-uri': one }] });
    const before = await link.properties();
    const job = await modify(of, link.uri, {
      'added-connections': [{ 'partition-uri': two, 'number-of-nics': 2, nics: [{ 'vlan-id': 53 }] }],
    });

    expect(link.answer.status).toBe(202);
    expect(before).toMatchObject({
      class: 'partition-link',
      state: 'incomplete',
      'starting-device-number': '7400',
      'maximum-transmission-unit-size': 8,
    });
    expect(job['job-results']).toEqual({
      'operation-results': [{ 'partition-uri': two, 'partition-name': 'p2', 'operation-status': 'attached' }],
    });
    const after = await link.properties();
    expect(after.state).toBe('complete');
    expect(after['bus-connections']).toMatchObject([{ 'number-of-nics': 1 }, { 'number-of-nics': 2 }]);
    const partition = (await of.caller.get(two)).body;
    expect(partition['partition-link-uris']).toEqual([link.uri]);
    const nics = partition['nic-uris'] as string[];
    expect((await of.caller.get(nics[0] ?? '')).body).toMatchObject({
      type: 'iqd',
      'vlan-id': 53,
      'vlan-type': 'enforced',
    });

    await modify(of, link.uri, { 'removed-partition-uris': [two] });

    expect((await of.caller.get(two)).body).toMatchObject({ 'partition-link-uris': [], 'nic-uris': [] });
  });

  it.each(['z16', 'z17'] as const)('exist for each HiperSockets adapter of a %s, and go with it', async (machine) => {
    const of = await bench({ machine });
    const adapters = async () => (await of.caller.get(`${of.cpc}/adapters?type=hipersockets`)).body.adapters as Props[];

    const link = await create(of, 'hipersockets', { name: 'hs2' });
    const names = (await adapters()).map(({ name }) => name);
    const job = await of.caller.job(`${link.uri}/operations/delete`);

    expect(names).toEqual(['HS1', 'hs2']);
    expect(job['job-results']).toBeNull();
    expect((await adapters()).map(({ name }) => name)).toEqual(['HS1']);
    const listed = (await of.caller.get(`${links}?additional-properties=adapter-uri`)).body['partition-links'];
    expect(listed).toMatchObject([{ name: 'HS1', type: 'hipersockets', state: 'incomplete' }]);
  });

  it('of type smc-d take PCI device numbers and function IDs, and no NIC of the partition', async () => {
    const of = await bench({ machine: 'z17' });
    const partition = await newPartition(of);

    const link = await create(of, 'smc-d', {
      'bus-connections': [{ 'partition-uri': partition, 'number-of-nics': 2, nics: [{ 'device-numbers': ['4711'] }] }],
    });

    expect((await link.properties())['bus-connections']).toMatchObject([
      {
        nics: [
          { fid: 4096, 'device-numbers': ['4711'] },
          { fid: 4097, 'device-numbers': ['0001'] },
        ],
      },
    ]);
    expect((await of.caller.get(partition)).body['nic-uris']).toEqual([]);
  });

  it('of type ctc connect each two partitions on each path', async () => {
    const of = await bench({ machine: 'z16' });
    const partitions = [
      await newPartition(of),
      await newPartition(of, { name: 'p2' }),
      await newPartition(of, { name: 'p3' }),
    ];
    const fc = of.hmc.model.all('adapter').find(({ props }) => props.type === 'fc')!.uri;

    const link = await create(of, 'ctc', {
      partitions: partitions.slice(0, 2),
      paths: [{ 'adapter-port-uri': fc, 'connecting-adapter-port-uri': fc }],
    });
    await modify(of, link.uri, { 'added-partition-uris': partitions.slice(2) });

    const [path] = (await link.properties()).paths as Props[];
    expect(path).toMatchObject({ 'starting-device-number': '4000', 'adapter-port-info': { 'adapter-uri': fc } });
    expect(path?.devices).toHaveLength(3);
  });

  it('are not deleted while an active partition is attached, except by force', async () => {
    const of = await bench({ machine: 'z16' });
    const partition = await newPartition(of);
    const link = await create(of, 'hipersockets', { 'bus-connections': [{ 'partition-uri': partition }] });
    of.hmc.model.at(partition)!.props.status = 'active';

    const refused = await of.caller.post(`${link.uri}/operations/delete`, {});
    await of.caller.job(`${link.uri}/operations/delete`, { 'force-detach': true });

    expect(refused).toMatchObject({ status: 409, reason: 100 });
    expect((await of.caller.get(link.uri)).status).toBe(404);
    expect((await of.caller.get(partition)).body['nic-uris']).toEqual([]);
  });

  it.each<[string, MachineName, string, Props, number, number]>([
    ['before z16', 'z15', 'hipersockets', {}, 404, 1],
    ['of an unknown type', 'z16', 'roce', {}, 400, 7],
    ['with a field of another type', 'z16', 'smc-d', { 'starting-device-number': '7400' }, 400, 15],
    ['of type ctc without paths', 'z16', 'ctc', { partitions: [] }, 400, 5],
    ['of an unknown CPC', 'z16', 'smc-d', { 'cpc-uri': '/api/cpcs/x' }, 404, 2],
    [
      'with an unknown partition',
      'z16',
      'smc-d',
      { 'bus-connections': [{ 'partition-uri': '/api/partitions/x' }] },
      404,
      2,
    ],
    ['with a taken name', 'z16', 'hipersockets', { name: 'HS1' }, 400, 8],
  ])('%s are refused', async (_, machine, type, more, status, reason) => {
    const { answer } = await create(await bench({ machine }), type, more);

    expect(answer).toMatchObject({ status, reason });
  });

  it.each([
    ['Create Partition Link', '', {}],
    ['Partition Link Details', '/operations/modify', {}],
    ['Delete Partition Link', '/operations/delete', {}],
  ])('need the task %s', async (task, path, body) => {
    const of = await bench({
      machine: 'z16',
      users: [{ userid: 'nova', password: 'nova-on-z', withoutTasks: [task] }],
    });
    const [link] = of.hmc.model.all('partition-link');

    const answer = await of.caller.post(`${path === '' ? links : link!.uri}${path}`, body);

    expect(answer).toMatchObject({ status: 403, reason: 1 });
  });
});
