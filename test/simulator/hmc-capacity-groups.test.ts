/* Capacity groups of the simulated HMC. */
import { describe, expect, it } from 'vitest';

import { bench, newPartition, otherUser, text, type Bench } from './hmc-support.ts';
import type { Props } from '../../src/simulator/hmc/index.ts';

// Sources: IBM WS API, Create Capacity Group (3931-LA1), Get Capacity Group Properties (3932-AGL), List Capacity Groups of
// a CPC (3932-AGZ), Delete Capacity Group (Z16M-A01); reason codes of members: python-zhmcclient mock/_urihandler.py.

const create = (of: Bench, more: Props = {}) =>
  of.caller.post(`${of.cpc}/capacity-groups`, { name: 'web', 'absolute-ifl-proc-cap': 2, ...more });

async function withGroup(options: Parameters<typeof bench>[0] = {}) {
  const of = await bench(options);
  const group = text((await create(of)).body['element-uri']);
  return { of, group, properties: async () => (await of.caller.get(group)).body };
}

describe('capacity groups of the simulated HMC', () => {
  it('are created with defaults for what the request does not say', async () => {
    const of = await bench();

    const made = await create(of);

    expect(made.status).toBe(201);
    expect(made.headers.get('location')).toBe(made.body['element-uri']);
    expect((await of.caller.get(text(made.body['element-uri']))).body).toMatchObject({
      class: 'capacity-group',
      parent: of.cpc,
      name: 'web',
      'short-name': 'WEB',
      description: '',
      'capping-enabled': true,
      'absolute-general-purpose-proc-cap': 0,
      'absolute-ifl-proc-cap': 2,
      'partition-uris': [],
    });
    expect((await of.caller.get(`${of.cpc}/capacity-groups?name=w.b`)).body).toEqual({
      'capacity-groups': [{ 'element-uri': made.body['element-uri'], name: 'web' }],
    });
  });

  it.each([
    ['no name', { name: undefined as unknown as string }, 5],
    ['a field that is not known', { colour: 'red' }, 6],
    ['a cap that is no number', { 'absolute-ifl-proc-cap': '2' }, 7],
    ['a name that is taken', { name: 'taken' }, 8],
    ['caps for no processor type', { 'absolute-ifl-proc-cap': 0 }, 15],
    ['caps for two processor types', { 'absolute-general-purpose-proc-cap': 1 }, 15],
  ])('are refused with %s', async (_, more, reason) => {
    const of = await bench();
    await create(of, { name: 'taken' });

    expect(await create(of, more)).toMatchObject({ status: 400, reason });
  });

  it('are changed and deleted', async () => {
    const { of, group, properties } = await withGroup();

    expect((await of.caller.post(group, { name: 'db', 'capping-enabled': false })).status).toBe(204);
    expect(await properties()).toMatchObject({ name: 'db', 'capping-enabled': false });
    expect(await of.caller.post(group, { 'partition-uris': [] })).toMatchObject({ status: 400, reason: 6 });
    expect((await of.caller.delete(group)).status).toBe(204);
    expect(await of.caller.get(group)).toMatchObject({ status: 404, reason: 150 });
  });

  it('answer 404.1 for an unknown CPC, 404.150 for an unknown group, 400.1 for a query', async () => {
    const { of, group } = await withGroup();

    expect(await of.caller.get('/api/cpcs/x/capacity-groups/y')).toMatchObject({ status: 404, reason: 1 });
    expect(await of.caller.get(`${of.cpc}/capacity-groups/y`)).toMatchObject({ status: 404, reason: 150 });
    expect(await of.caller.get(`${group}?properties=name`)).toMatchObject({ status: 400, reason: 1 });
  });

  it('take partitions with shared processors, each into one group only', async () => {
    const { of, group, properties } = await withGroup();
    const second = text((await create(of, { name: 'db' })).body['element-uri']);
    const partition = await newPartition(of);
    const dedicated = await newPartition(of, { name: 'p2', 'processor-mode': 'dedicated' });
    const add = (to: string, uri: string) => of.caller.post(`${to}/operations/add-partition`, { 'partition-uri': uri });
    const remove = (from: string, uri: string) =>
      of.caller.post(`${from}/operations/remove-partition`, { 'partition-uri': uri });

    expect((await add(group, partition)).status).toBe(204);
    expect((await properties())['partition-uris']).toEqual([partition]);
    expect(await add(group, partition)).toMatchObject({ status: 409, reason: 130 });
    expect(await add(second, partition)).toMatchObject({ status: 409, reason: 120 });
    expect(await add(group, dedicated)).toMatchObject({ status: 409, reason: 170 });
    expect(await add(group, '/api/partitions/x')).toMatchObject({ status: 404, reason: 2 });
    expect(await of.caller.delete(group)).toMatchObject({ status: 409, reason: 110 });
    expect((await remove(group, partition)).status).toBe(204);
    expect(await remove(group, partition)).toMatchObject({ status: 409, reason: 140 });
    expect((await of.caller.delete(group)).status).toBe(204);
  });

  it('lose a partition that is deleted', async () => {
    const { of, group, properties } = await withGroup();
    const partition = await newPartition(of);
    await of.caller.post(`${group}/operations/add-partition`, { 'partition-uri': partition });

    await of.caller.delete(partition);

    expect((await properties())['partition-uris']).toEqual([]);
    expect((await of.caller.delete(group)).status).toBe(204);
  });

  it('need the permission for the task Manage Processor Sharing to be changed, and none to be read', async () => {
    const { of, group } = await withGroup({
      users: [
        { userid: 'admin', password: 'a' },
        { ...otherUser, withoutTasks: ['Manage Processor Sharing'] },
      ],
    });
    await of.caller.logon(otherUser.userid, otherUser.password);

    expect(await create(of, { name: 'db' })).toMatchObject({ status: 403, reason: 1 });
    expect(await of.caller.post(group, { name: 'db' })).toMatchObject({ status: 403, reason: 1 });
    expect(await of.caller.delete(group)).toMatchObject({ status: 403, reason: 1 });
    expect((await of.caller.get(group)).status).toBe(200);
  });
});
