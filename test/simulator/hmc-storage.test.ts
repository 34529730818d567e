/* Storage groups and volumes of the simulated HMC. */
import { describe, expect, it } from 'vitest';

import { bench, newPartition, statusOf, text, type Bench } from './hmc-support.ts';
import type { HmcOptions, Props } from '../../src/simulator/hmc/index.ts';

const groups = '/api/storage-groups';

interface Group {
  readonly uri: string;
  readonly volumes: readonly string[];
  readonly wwpns: readonly string[];
}

const bootAndData = [
  { operation: 'create', name: 'boot0', size: 20, usage: 'boot' },
  { operation: 'create', name: 'data0', size: 10 },
];

const fcp = (of: Bench, more: Props = {}): Props => ({
  'cpc-uri': of.cpc,
  type: 'fcp',
  name: 'sg1',
  shared: false,
  connectivity: 2,
  'max-partitions': 1,
  'storage-volumes': bootAndData,
  ...more,
});

async function newGroup(of: Bench, more: Props = {}): Promise<Group> {
  const { body } = await of.caller.post(groups, fcp(of, more));
  const uri = text(body['object-uri']);
  return { uri, volumes: body['element-uris'] as string[], wwpns: await unassigned(of, uri) };
}

async function unassigned(of: Bench, uri: string): Promise<string[]> {
  const { body } = await of.caller.get(uri);
  return (body['unassigned-world-wide-port-names'] as Props[]).map((entry) => text(entry['world-wide-port-name']));
}

/** Presents a disk to initiators, and zones them with the target ports; gives LUN and targets. */
function present(
  of: Bench,
  id: string,
  sizeGib: number,
  initiators: readonly string[],
  zoned = initiators,
): { lun: string; targets: string[] } {
  of.san.createVolume({ id, sizeGib, bootable: true });
  const [shown] = of.san.mapVolume({ volumeId: id, host: 'p1', initiators, lunForm: 'peripheral' });
  const targets = [...(shown?.ports ?? [])];
  for (const initiator of zoned) for (const target of targets) of.san.zone(initiator, target);
  return { lun: shown?.fcpLun ?? '', targets };
}

const addCandidates = (of: Bench, group: Group) =>
  of.caller.post(`${group.uri}/operations/add-candidate-adapter-ports`, { 'adapter-port-uris': of.ports.slice(0, 2) });
const discover = (of: Bench, group: Group, body: Props = {}) =>
  of.caller.job(`${group.uri}/operations/start-fcp-storage-discovery`, body);
const attach = (of: Bench, partition: string, group: Group) =>
  of.caller.post(`${partition}/operations/attach-storage-group`, { 'storage-group-uri': group.uri });
const detach = (of: Bench, partition: string, group: Group) =>
  of.caller.post(`${partition}/operations/detach-storage-group`, { 'storage-group-uri': group.uri });
const modify = (of: Bench, group: Group, body: Props) => of.caller.post(`${group.uri}/operations/modify`, body);
const read = async (of: Bench, uri: string | undefined): Promise<Props> => (await of.caller.get(uri ?? '')).body;
const stateOf = async (of: Bench, uri: string | undefined): Promise<unknown> =>
  (await read(of, uri))['fulfillment-state'];

/** A group on a partition, both disks presented and discovered. */
async function fulfilled(
  options: HmcOptions = {},
): Promise<{ of: Bench; group: Group; partition: string; boot: { lun: string; targets: string[] } }> {
  const of = await bench({ machine: 'z16', ...options });
  const group = await newGroup(of);
  const boot = present(of, 'boot', 20, group.wwpns);
  present(of, 'data', 10, group.wwpns);
  const partition = await newPartition(of);
  await attach(of, partition, group);
  return { of, group, partition, boot };
}

describe('storage groups', () => {
  it('have their WWPNs at once, not validated, as many as paths', async () => {
    const of = await bench({ machine: 'z16' });

    const answer = await of.caller.post(
      groups,
      fcp(of, { 'max-partitions': 2, shared: true, 'direct-connection-count': 1 }),
    );
    const uri = text(answer.body['object-uri']);
    const { body } = await of.caller.get(uri);

    expect(answer.status).toBe(201);
    expect(answer.headers.get('location')).toBe(uri);
    expect(answer.body['element-uris']).toHaveLength(2);
    expect(body).toMatchObject({
      class: 'storage-group',
      parent: '/api/console',
      'fulfillment-state': 'pending',
      'storage-volume-uris': answer.body['element-uris'],
      'virtual-storage-resource-uris': [],
      'candidate-adapter-port-uris': [],
      'active-connectivity': null,
    });
    const wwpns = body['unassigned-world-wide-port-names'] as Props[];
    expect(wwpns).toHaveLength(8);
    expect(new Set(wwpns.map((entry) => entry['world-wide-port-name'])).size).toBe(8);
    for (const entry of wwpns)
      expect(entry).toEqual({
        'world-wide-port-name': expect.stringMatching(/^c05076/u) as string,
        status: 'not-validated',
      });
  });

  it.each<[string, Props, number, number]>([
    ['no name', { name: null }, 400, 7],
    ['no type', { type: undefined as never }, 400, 5],
    ['no CPC', { 'cpc-uri': undefined as never }, 400, 5],
    ['an unknown CPC', { 'cpc-uri': '/api/cpcs/x' }, 404, 1],
    ['an unknown type', { type: 'scsi' }, 400, 7],
    ['a description of 201 characters', { description: 'x'.repeat(201) }, 400, 7],
    ['sharing among one partition', { shared: true }, 400, 15],
    ['a property of its own making', { 'fulfillment-state': 'complete' }, 400, 6],
    ['a mail copy without an address', { 'email-insert': 'ticket' }, 400, 15],
    ['a volume without operation', { 'storage-volumes': [{ size: 1 }] }, 400, 5],
    ['a volume to be modified', { 'storage-volumes': [{ operation: 'modify', 'element-uri': 'x' }] }, 400, 7],
    ['a volume of an unknown operation', { 'storage-volumes': [{ operation: 'add', size: 1 }] }, 400, 7],
    ['a volume without size', { 'storage-volumes': [{ operation: 'create' }] }, 400, 5],
    ['a volume of half a GiB', { 'storage-volumes': [{ operation: 'create', size: 0.5 }] }, 400, 7],
    ['a volume with a FICON model', { 'storage-volumes': [{ operation: 'create', size: 1, model: '9' }] }, 400, 6],
  ])('are refused with %s', async (_, more, status, reason) => {
    const of = await bench({ machine: 'z16' });

    expect(await of.caller.post(groups, fcp(of, more))).toMatchObject({ status, reason });
    expect(of.hmc.model.all('storage-group')).toEqual([]);
  });

  it('are listed with filters, and have names that differ on their CPC', async () => {
    const of = await bench({ machine: 'z14' });
    const group = await newGroup(of);
    await newGroup(of, { name: 'sg2' });
    const list = async (query: string) =>
      ((await of.caller.get(groups + query)).body['storage-groups'] as Props[]).map(({ name }) => name);

    expect(await of.caller.post(groups, fcp(of))).toMatchObject({ status: 400, reason: 8 });
    expect(await list('')).toEqual(['sg1', 'sg2']);
    expect(await list(`?cpc-uri=${of.cpc}&name=sg.&type=fcp&fulfillment-state=pending`)).toEqual(['sg1', 'sg2']);
    expect(await list('?name=sg')).toEqual([]);
    const volumes = await of.caller.get(`${group.uri}/storage-volumes?minimum-size=15&usage=boot`);
    expect(volumes.body['storage-volumes']).toEqual([
      { 'element-uri': group.volumes[0], name: 'boot0', 'fulfillment-state': 'pending', size: 20, usage: 'boot' },
    ]);
    expect((await of.caller.get(`${group.uri}/storage-volumes?minimum-size=x`)).reason).toBe(14);
  });

  it('do not exist on a z13', async () => {
    const of = await bench({ machine: 'z13' });
    const partition = await newPartition(of);

    expect(await of.caller.get(groups)).toMatchObject({ status: 404, reason: 1 });
    expect(await of.caller.post(groups, fcp(of))).toMatchObject({ status: 404, reason: 1 });
    expect((await of.caller.post(`${partition}/operations/attach-storage-group`, {})).status).toBe(404);
  });

  it('change by modify, which makes, grows and deletes volumes', async () => {
    const of = await bench({ machine: 'z16' });
    const group = await newGroup(of);
    const [boot, data] = group.volumes;

    const { status, body } = await modify(of, group, {
      description: 'changed',
      'storage-volumes': [
        { operation: 'create', name: 'data1', size: 5 },
        { operation: 'modify', 'element-uri': boot ?? '', size: 30, description: 'grown' },
        { operation: 'delete', 'element-uri': data ?? '' },
      ],
    });

    expect(status).toBe(200);
    expect(body['element-uris']).toHaveLength(1);
    expect((await read(of, group.uri))['storage-volume-uris']).toEqual([boot, (body['element-uris'] as string[])[0]]);
    expect(await read(of, boot)).toMatchObject({ size: 30, description: 'grown', usage: 'boot' });
    expect(
      await modify(of, group, { 'storage-volumes': [{ operation: 'modify', 'element-uri': boot ?? '', size: 20 }] }),
    ).toMatchObject({ status: 400, reason: 7 });
    expect(
      await modify(of, group, { 'storage-volumes': [{ operation: 'delete', 'element-uri': data ?? '' }] }),
    ).toMatchObject({ status: 404, reason: 2 });
    expect(await modify(of, group, { type: 'fc' })).toMatchObject({ status: 400, reason: 6 });
    expect((await of.caller.post(group.uri, { description: 'x' })).status).toBe(405);
  });

  it('get and lose WWPNs with their connectivity, but never those in use', async () => {
    const of = await bench({ machine: 'z16' });
    const group = await newGroup(of);
    await modify(of, group, { connectivity: 4 });
    expect(await unassigned(of, group.uri)).toEqual(expect.arrayContaining([...group.wwpns]));
    expect(await unassigned(of, group.uri)).toHaveLength(4);
    const partition = await newPartition(of);
    await attach(of, partition, group);

    await modify(of, group, { connectivity: 2 }).then(({ status }) => expect(status).toBe(409));

    expect(await read(of, group.uri)).toMatchObject({ connectivity: 4, 'unassigned-world-wide-port-names': [] });
    const free = await unassigned(of, group.uri);
    expect(free).toEqual([]);
    await modify(of, group, { connectivity: 5 });
    expect((await read(of, group.uri))['virtual-storage-resource-uris']).toHaveLength(5);
  });

  it('are deleted only when no partition has them, and leave nothing behind', async () => {
    const of = await bench({ machine: 'z16' });
    const partition = await newPartition(of);
    const before = of.hmc.snapshot();
    const group = await newGroup(of);
    await attach(of, partition, group);

    expect((await of.caller.post(`${group.uri}/operations/delete`, {})).status).toBe(409);
    await detach(of, partition, group);
    expect((await of.caller.post(`${group.uri}/operations/delete`)).status).toBe(204);

    expect(await of.caller.get(group.uri)).toMatchObject({ status: 404, reason: 1 });
    expect(of.hmc.snapshot()).toEqual(before);
  });

  it('take and give back candidate ports until a WWPN is validated', async () => {
    const of = await bench({ machine: 'z16' });
    const group = await newGroup(of);
    const change = (verb: string, ports: readonly string[]) =>
      of.caller.post(`${group.uri}/operations/${verb}-candidate-adapter-ports`, { 'adapter-port-uris': ports });
    const [a = '', b = ''] = of.ports;

    expect((await change('add', [a, b])).status).toBe(204);
    expect(await change('add', [a])).toMatchObject({ status: 409, reason: 483 });
    expect((await change('remove', [a])).status).toBe(204);
    expect(await change('remove', [a])).toMatchObject({ status: 409, reason: 479 });
    expect(await change('add', ['/api/adapters/x/storage-ports/0'])).toMatchObject({ status: 404, reason: 2 });
    expect((await read(of, group.uri))['candidate-adapter-port-uris']).toEqual([b]);
    present(of, 'boot', 20, group.wwpns);
    await discover(of, group);

    expect((await change('add', [a])).status).toBe(409);
  });
});

describe('attaching a storage group', () => {
  it('makes virtual storage resources with the WWPNs of the group, and detaching gives them back', async () => {
    const of = await bench({ machine: 'z16' });
    const group = await newGroup(of);
    const partition = await newPartition(of);
    const before = of.hmc.snapshot();

    expect((await attach(of, partition, group)).status).toBe(204);
    const uris = (await read(of, group.uri))['virtual-storage-resource-uris'] as string[];
    const resources = await Promise.all(uris.map((uri) => read(of, uri)));

    expect((await read(of, partition))['storage-group-uris']).toEqual([group.uri]);
    expect(resources.map((each) => each['device-number'])).toEqual(['8000', '8001']);
    expect(resources[0]).toEqual({
      class: 'virtual-storage-resource',
      parent: group.uri,
      'element-id': expect.any(String) as string,
      'element-uri': uris[0],
      name: 'vhba_sg10',
      description: '',
      'device-number': '8000',
      'partition-uri': partition,
      'adapter-port-uri': null,
      'world-wide-port-name-info': { 'world-wide-port-name': group.wwpns[0], status: 'not-validated' },
    });
    expect(await unassigned(of, group.uri)).toEqual([]);
    expect((await of.caller.get(`${group.uri}/operations/get-partitions?name=p1`)).body.partitions).toMatchObject([
      { 'object-uri': partition },
    ]);
    expect((await detach(of, partition, group)).status).toBe(204);
    expect(of.hmc.snapshot()).toEqual(before);
    expect((await detach(of, partition, group)).status).toBe(409);
  });

  it.each<[string, Props, number]>([
    ['twice to one partition', { 'max-partitions': 2, shared: true }, 409],
    ['to a second partition although it is not shared', { 'max-partitions': 2, shared: false }, 409],
  ])('is refused %s', async (kind, more, status) => {
    const of = await bench({ machine: 'z16' });
    const group = await newGroup(of, more);
    const [first, second] = [await newPartition(of), await newPartition(of, { name: 'p2' })];
    await attach(of, first, group);

    expect((await attach(of, kind.startsWith('twice') ? first : second, group)).status).toBe(status);
  });

  it('is refused beyond the number of partitions, while the partition starts, and for an unknown group', async () => {
    const of = await bench({ machine: 'z16', timing: { startMs: 1000 } });
    const group = await newGroup(of, { 'max-partitions': 2, shared: true });
    const partitions = [
      await newPartition(of),
      await newPartition(of, { name: 'p2' }),
      await newPartition(of, { name: 'p3' }),
    ];
    for (const partition of partitions.slice(0, 2)) expect((await attach(of, partition, group)).status).toBe(204);

    expect((await attach(of, partitions[2]!, group)).status).toBe(409);
    const unknown = { 'storage-group-uri': '/api/storage-groups/x' };
    expect(await of.caller.post(`${partitions[2]!}/operations/attach-storage-group`, unknown)).toMatchObject({
      status: 404,
      reason: 2,
    });
    await of.caller.post(`${partitions[0]!}/operations/start`);
    expect(await detach(of, partitions[0]!, group)).toMatchObject({ status: 409, reason: 1 });
  });

  it('is undone when the partition is deleted; the group stays', async () => {
    const { of, group, partition } = await fulfilled();

    await of.caller.delete(partition);

    expect(await read(of, group.uri)).toMatchObject({
      'virtual-storage-resource-uris': [],
      'fulfillment-state': 'complete',
    });
    expect(await unassigned(of, group.uri)).toEqual(group.wwpns);
  });

  it('shows the WWPN of a resource plainly on a z14 alone', async () => {
    const of = await bench({ machine: 'z14' });
    const group = await newGroup(of);
    await attach(of, await newPartition(of), group);
    const byNumber = await of.caller.get(`${group.uri}/virtual-storage-resources?device-number=8.*`);
    expect(byNumber.body['virtual-storage-resources'], 'a regular expression').not.toEqual([]);
    const { body } = await of.caller.get(`${group.uri}/virtual-storage-resources?adapter-port-uri=`);

    const [item] = body['virtual-storage-resources'] as Props[];
    expect(await read(of, text(item?.['element-uri']))).toMatchObject({ 'world-wide-port-name': group.wwpns[0] });
  });

  it('lets resources be renamed and renumbered within the partition', async () => {
    const { of, group } = await fulfilled();
    const [first, second] = (await read(of, group.uri))['virtual-storage-resource-uris'] as string[];
    const update = (body: Props) => of.caller.post(first ?? '', body);

    expect((await update({ name: 'vhba0', 'device-number': 'a000' })).status).toBe(204);
    expect(await update({ 'device-number': 'A001' })).toMatchObject({ status: 400, reason: 7 });
    expect(await update({ 'device-number': '8001' })).toMatchObject({ status: 400, reason: 8 });
    expect(await update({ name: text((await read(of, second)).name) })).toMatchObject({ status: 400, reason: 8 });
    expect(await read(of, group.volumes[0])).toMatchObject({
      paths: expect.arrayContaining([expect.objectContaining({ 'device-number': 'a000' })]) as Props[],
    });
    expect((await update({ 'adapter-port-uri': of.ports[3] ?? '' })).status).toBe(204);
    expect(await read(of, first)).toMatchObject({ 'world-wide-port-name-info': { status: 'not-validated' } });
  });
});

describe('storage discovery', () => {
  it('happens by itself on attach: volumes get uuid, size and paths, WWPNs get ports of both fabrics', async () => {
    const { of, group, partition, boot } = await fulfilled();

    expect(await read(of, group.uri)).toMatchObject({
      'fulfillment-state': 'complete',
      'active-connectivity': 2,
      'active-max-partitions': 1,
    });
    const volume = await read(of, group.volumes[0]);
    expect(volume).toMatchObject({
      'fulfillment-state': 'complete',
      'active-size': 20,
      uuid: of.san.findVolume('boot')!.uuid,
    });
    const path = (deviceNumber: string, target: string | undefined): Props => ({
      'partition-uri': partition,
      'device-number': deviceNumber,
      'target-world-wide-port-name': target ?? '',
      'logical-unit-number': boot.lun,
    });
    const [a, b, c, d] = boot.targets;
    expect(volume.paths).toEqual([path('8000', a), path('8000', c), path('8001', b), path('8001', d)]);
    const resources = (await read(of, group.uri))['virtual-storage-resource-uris'] as string[];
    const ports = await Promise.all(resources.map(async (uri) => (await read(of, uri))['adapter-port-uri']));
    expect(ports).toEqual([of.ports[0], of.ports[1]]);
    expect((await of.caller.get(of.ports[0]!.split('/storage-ports')[0]!)).body['configured-capacity']).toBe(1);
    expect(of.san.isLoggedIn(group.wwpns[0]!)).toBe(false);
  });

  it('tries the candidate ports first', async () => {
    const of = await bench({ machine: 'z16' });
    const group = await newGroup(of);
    const [, , c = '', d = ''] = of.ports;
    await of.caller.post(`${group.uri}/operations/add-candidate-adapter-ports`, { 'adapter-port-uris': [d, c] });
    await attach(of, await newPartition(of), group);
    present(of, 'boot', 20, group.wwpns);
    present(of, 'data', 10, group.wwpns);

    expect(await discover(of, group)).toMatchObject({ 'job-status-code': 204 });

    const resources = (await read(of, group.uri))['virtual-storage-resource-uris'] as string[];
    const ports = await Promise.all(resources.map(async (uri) => (await read(of, uri))['adapter-port-uri']));
    expect(ports).toEqual([d, c]);
  });

  it('takes its time as a job, and a later one takes the place of one that runs', async () => {
    const of = await bench({ machine: 'z16', timing: { discoveryMs: 1000 }, discovery: { automatic: false } });
    const group = await newGroup(of);
    const uri = `${group.uri}/operations/start-fcp-storage-discovery`;
    const first = await of.caller.post(uri);
    of.clock.advance(600);

    expect((await of.caller.post(uri, { 'force-restart': false })).status).toBe(202);
    const second = await of.caller.post(uri, { 'force-restart': true });
    present(of, 'boot', 20, group.wwpns);
    of.clock.advance(400);
    expect((await of.caller.get(text(first.body['job-uri']))).body.status).toBe('complete');
    expect(await stateOf(of, group.volumes[0])).toBe('pending');
    of.clock.advance(600);
    expect((await of.caller.get(text(second.body['job-uri']))).body).toMatchObject({
      status: 'complete',
      'job-status-code': 204,
    });
    expect(await stateOf(of, group.volumes[0])).toBe('complete');
    expect(await of.caller.post(`${text(first.body['job-uri'])}/operations/cancel`)).toMatchObject({
      status: 404,
      reason: 4,
    });
  });

  it('repeats every ten minutes, unless it is not automatic', async () => {
    for (const automatic of [true, false]) {
      const of = await bench({ machine: 'z16', discovery: { automatic } });
      const group = await newGroup(of);
      present(of, 'boot', 20, group.wwpns);
      present(of, 'data', 10, group.wwpns);
      expect(await stateOf(of, group.uri)).toBe('pending');
      of.clock.advance(600_000);

      expect(await stateOf(of, group.uri)).toBe(automatic ? 'complete' : 'pending');
    }
  });

  it('leaves volumes pending without zones or masks, and until every WWPN reaches them', async () => {
    const of = await bench({ machine: 'z16' });
    const group = await newGroup(of);
    present(of, 'boot', 20, group.wwpns, []);
    await discover(of, group);
    expect(await read(of, group.volumes[0])).toMatchObject({ 'fulfillment-state': 'pending', uuid: null });
    of.san.mapVolume({ volumeId: 'boot', host: 'p1', initiators: group.wwpns, lunForm: 'peripheral' });
    const targets = of.san.arrays[0]!.ports.map(({ wwpn }) => wwpn);
    for (const target of targets) of.san.zone(group.wwpns[0]!, target);
    await discover(of, group);

    expect(await stateOf(of, group.volumes[0])).toBe('pending');
    for (const target of targets) of.san.zone(group.wwpns[1]!, target);
    await discover(of, group);
    expect(await stateOf(of, group.volumes[0])).toBe('complete');
    expect(await stateOf(of, group.uri)).toBe('pending');
  });

  it('notices what goes away, and what comes back', async () => {
    const { of, group } = await fulfilled();
    of.san.unmask('boot');
    await discover(of, group);

    expect(await stateOf(of, group.volumes[0])).toBe('incomplete');
    expect(await stateOf(of, group.uri)).toBe('incomplete');
    of.san.mapVolume({ volumeId: 'boot', host: 'p1', initiators: group.wwpns, lunForm: 'peripheral' });
    await discover(of, group);
    expect(await stateOf(of, group.uri)).toBe('complete');
  });

  it('matches by size alone, so that equal disks may change places with the order of discovery', async () => {
    const placed = async (orderSeed: number): Promise<unknown> => {
      const of = await bench({ machine: 'z16', discovery: { orderSeed } });
      const sizes = [10, 10, 20].map((size, index) => ({ operation: 'create', name: `v${index}`, size }));
      const group = await newGroup(of, { 'storage-volumes': sizes });
      for (const [index, size] of [20, 10, 10].entries()) present(of, `disk${index}`, size, group.wwpns);
      await discover(of, group);
      const volumes = await Promise.all(group.volumes.map((uri) => read(of, uri)));
      const disks = ['disk0', 'disk1', 'disk2'].map((id) => of.san.findVolume(id)!.uuid);
      return volumes.map(({ uuid }) => disks.indexOf(text(uuid)));
    };

    const seen = await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map(placed));

    expect(new Set(seen.map((each) => JSON.stringify(each)))).toEqual(new Set(['[1,2,0]', '[2,1,0]']));
    expect(await placed(1)).toEqual(seen[0]);
  });

  it('keeps what it knows by uuid when disks of equal size are added', async () => {
    const { of, group } = await fulfilled();
    const before = await read(of, group.volumes[1]);
    for (let index = 0; index < 5; index += 1) {
      present(of, `more${index}`, 10, group.wwpns);
      await modify(of, group, { 'storage-volumes': [{ operation: 'create', size: 10 }] });
    }

    expect((await read(of, group.volumes[1])).uuid).toBe(before.uuid);
    expect(await stateOf(of, group.uri)).toBe('complete');
  });

  it('makes volumes of LUNs that nobody requested, which can be accepted or rejected', async () => {
    for (const verb of ['accept', 'reject']) {
      const { of, group } = await fulfilled();
      present(of, 'stranger', 33, group.wwpns);
      await discover(of, group);
      const found = ((await read(of, group.uri))['storage-volume-uris'] as string[])[2];

      expect(await stateOf(of, group.uri)).toBe('pending-with-mismatches');
      expect(await read(of, found)).toMatchObject({ size: 33, uuid: of.san.findVolume('stranger')!.uuid });
      expect((await of.caller.get(`${group.uri}/storage-volumes`)).body['storage-volumes']).toHaveLength(2);
      const settle = async (body: Record<string, unknown> = { 'storage-volume-uris': [found] }) =>
        await of.caller.post(`${group.uri}/operations/${verb}-mismatched-storage-volumes`, body);
      expect(await settle({})).toMatchObject({ status: 400, reason: 5 });
      expect(await settle({ 'storage-volume-uris': [`${group.uri}/storage-volumes/x`] })).toMatchObject({
        status: 404,
      });
      expect(await settle({ 'storage-volume-uris': [group.volumes[0]] })).toMatchObject({ status: 409 });
      expect((await settle()).status).toBe(204);
      await discover(of, group);

      expect(await stateOf(of, group.uri)).toBe('complete');
      expect((await read(of, group.uri))['storage-volume-uris']).toHaveLength(verb === 'accept' ? 3 : 2);
      expect((await settle()).status).toBe(verb === 'accept' ? 409 : 404);
    }
  });

  it('gives volumes states of volumes, and groups states of groups', async () => {
    const { of, group } = await fulfilled();
    of.san.updateVolume('data', { sizeGib: 15 });
    await discover(of, group);
    const list = async (state: string) =>
      (await of.caller.get(`/api/storage-groups?fulfillment-state=${state}`)).body['storage-groups'];

    expect([await stateOf(of, group.volumes[1]), await stateOf(of, group.uri)]).toEqual([
      'overprovisioned',
      'pending-with-mismatches',
    ]);
    expect(await list('pending-with-mismatches')).toHaveLength(1);
    const accept = { 'storage-volume-uris': [group.volumes[1]] };
    const operation = `${group.uri}/operations/accept-mismatched-storage-volumes`;
    expect((await of.caller.post(operation, accept)).status).toBe(204);
    expect([await stateOf(of, group.volumes[1]), await stateOf(of, group.uri)]).toEqual(['complete', 'complete']);
    await discover(of, group);
    expect(await read(of, group.volumes[1])).toMatchObject({ 'fulfillment-state': 'complete', 'active-size': 15 });
    of.san.updateVolume('data', { sizeGib: 17 });
    await discover(of, group);
    expect(await stateOf(of, group.volumes[1]), 'what was accepted is another size').toBe('overprovisioned');
  });

  it('takes the smallest larger disk where none has the size', async () => {
    const of = await bench({ machine: 'z16' });
    const group = await newGroup(of);
    for (const [id, size] of [
      ['boot', 20],
      ['large', 14],
      ['larger', 18],
    ] as const)
      present(of, id, size, group.wwpns);
    await discover(of, group);

    expect(await read(of, group.volumes[1])).toMatchObject({
      uuid: of.san.findVolume('large')!.uuid,
      'fulfillment-state': 'overprovisioned',
    });
  });

  it('does not boot from a volume that is not fulfilled', async () => {
    const { of, group, partition } = await fulfilled();
    of.san.updateVolume('boot', { sizeGib: 25 });
    await discover(of, group);
    const boot = async () =>
      await of.caller.post(partition, { 'boot-device': 'storage-volume', 'boot-storage-volume': group.volumes[0] });

    expect(await boot()).toMatchObject({ status: 409, reason: 122 });
    const accept = { 'storage-volume-uris': [group.volumes[0]] };
    await of.caller.post(`${group.uri}/operations/accept-mismatched-storage-volumes`, accept);
    expect((await boot()).status).toBe(204);
  });

  it('calls a disk that is larger than asked for overprovisioned', async () => {
    const { of, group } = await fulfilled();
    of.san.updateVolume('data', { sizeGib: 15 });
    await discover(of, group);

    expect(await read(of, group.volumes[1])).toMatchObject({
      'fulfillment-state': 'overprovisioned',
      size: 10,
      'active-size': 15,
    });
    expect(await stateOf(of, group.uri)).toBe('pending-with-mismatches');
    await modify(of, group, {
      'storage-volumes': [{ operation: 'modify', 'element-uri': group.volumes[1] ?? '', size: 15 }],
    });
    expect(await stateOf(of, group.volumes[1])).toBe('complete');
  });

  it('reports connections with a status for each WWPN', async () => {
    const of = await bench({ machine: 'z16' });
    const group = await newGroup(of);
    const report = async () => of.caller.get(`${group.uri}/operations/get-connection-report`);
    const statuses = async () => {
      const subsystems = (await report()).body['fcp-storage-subsystems'] as Props[];
      return subsystems.flatMap((each) =>
        (each['storage-configurations'] as Props[]).map((entry) => entry['volumes-configuration-status']),
      );
    };
    present(of, 'boot', 20, group.wwpns);
    await discover(of, group);

    expect((await report()).body).toMatchObject({ 'storage-group-uri': group.uri, 'last-scan-time': of.clock.now() });
    expect(await statuses()).toEqual(['incorrect-volumes', 'incorrect-volumes']);
    present(of, 'data', 10, group.wwpns);
    await discover(of, group);
    expect(await statuses()).toEqual(['correct-volumes', 'correct-volumes']);
    expect((await report()).body['fcp-fabrics']).toHaveLength(2);
    const other = await bench({ machine: 'z16', discovery: { automatic: false } });
    const fresh = await newGroup(other);
    expect((await other.caller.get(`${fresh.uri}/operations/get-connection-report`)).status).toBe(409);
  });
});

describe('fulfilling a volume by hand', () => {
  it('makes it complete before discovery has seen it, and bootable over the path that was told', async () => {
    const of = await bench({ machine: 'z16', discovery: { automatic: false } });
    const group = await newGroup(of, { 'storage-volumes': [bootAndData[0]!] });
    const { lun, targets } = present(of, 'boot', 20, group.wwpns);
    const body = { 'world-wide-port-name': targets[0], 'logical-unit-number': lun, 'adapter-port-uri': of.ports[0] };
    const fulfill = (more: Record<string, unknown> = {}) =>
      of.caller.post(`${group.volumes[0]!}/operations/fulfill-fcp-storage-volume`, { ...body, ...more });

    expect(await fulfill({ 'logical-unit-number': '2' })).toMatchObject({ status: 400, reason: 7 });
    expect(await fulfill({ 'world-wide-port-name': '500507680116041F' })).toMatchObject({ status: 400, reason: 7 });
    expect(await fulfill({ 'adapter-port-uri': '/api/adapters/x/storage-ports/0' })).toMatchObject({
      status: 404,
      reason: 2,
    });
    expect(await fulfill(), 'the port is no candidate yet').toMatchObject({ status: 409, reason: 479 });
    expect(await stateOf(of, group.volumes[0])).toBe('pending');
    await addCandidates(of, group);
    expect((await fulfill()).status).toBe(204);
    expect([await stateOf(of, group.volumes[0]), await stateOf(of, group.uri)]).toEqual(['complete', 'complete']);
    const partition = await newPartition(of);
    await attach(of, partition, group);
    expect((await read(of, group.volumes[0])).paths).toEqual([
      {
        'partition-uri': partition,
        'device-number': '8000',
        'target-world-wide-port-name': targets[0],
        'logical-unit-number': lun,
      },
    ]);
    await of.caller.post(partition, { 'boot-device': 'storage-volume', 'boot-storage-volume': group.volumes[0] });
    await of.caller.job(`${partition}/operations/start`);
    expect(await statusOf(of, partition)).toBe('active');
    await discover(of, group);

    expect(await read(of, group.volumes[0])).toMatchObject({
      'fulfillment-state': 'complete',
      uuid: of.san.findVolume('boot')!.uuid,
    });
    expect((await fulfill()).status).toBe(409);
  });

  it('takes the LUN that was told, though another of equal size comes first', async () => {
    for (const orderSeed of [1, 2, 3, 4]) {
      const of = await bench({ machine: 'z16', discovery: { orderSeed, automatic: false } });
      const group = await newGroup(of, {
        'storage-volumes': [10, 10].map((size) => ({ operation: 'create', size, usage: 'boot' })),
      });
      const disks = ['one', 'two'].map((id) => present(of, id, 10, group.wwpns));
      await addCandidates(of, group);
      for (const [index, volume] of group.volumes.entries()) {
        const { lun = '', targets = [] } = disks[index] ?? {};
        const body = {
          'world-wide-port-name': targets[0],
          'logical-unit-number': lun,
          'adapter-port-uri': of.ports[0],
        };
        const { status } = await of.caller.post(`${volume}/operations/fulfill-fcp-storage-volume`, body);
        expect(status).toBe(204);
      }
      await discover(of, group);

      const uuids = await Promise.all(group.volumes.map(async (uri) => (await read(of, uri)).uuid));
      expect(uuids).toEqual(['one', 'two'].map((id) => of.san.findVolume(id)!.uuid));
    }
  });

  it('checks a path before the start: 484 without the target, 485 without the LUN', async () => {
    const { of, group, boot } = await fulfilled();
    const validate = (more: Record<string, unknown> = {}) =>
      of.caller.post(`${of.cpc}/operations/validate-lun-path`, {
        'host-world-wide-port-name': group.wwpns[0],
        'adapter-port-uri': of.ports[0],
        'target-world-wide-port-name': boot.targets[0],
        'logical-unit-number': boot.lun,
        ...more,
      });

    expect((await validate()).status).toBe(204);
    expect(await validate({ 'logical-unit-number': '0009000000000000' })).toMatchObject({ reason: 485 });
    expect(await validate({ 'target-world-wide-port-name': '5005076800000000' })).toMatchObject({ reason: 484 });
    expect(await validate({ 'adapter-port-uri': of.ports[1] })).toMatchObject({ reason: 484 });
    expect(await validate({ 'logical-unit-number': 'ABCD000000000000' })).toMatchObject({ status: 400, reason: 7 });
    expect(await validate({ 'host-world-wide-port-name': 'c050760000000000' })).toMatchObject({
      status: 404,
      reason: 2,
    });
    of.san.unzone(group.wwpns[0]!);
    expect(await validate()).toMatchObject({ reason: 484 });
    expect((await (await bench()).caller.post(`${of.cpc}/operations/validate-lun-path`, {})).status).toBe(404);
  });
});

describe('booting from a storage volume', () => {
  const boot = (of: Bench, partition: string, group: Group) =>
    of.caller.post(partition, { 'boot-device': 'storage-volume', 'boot-storage-volume': group.volumes[0] ?? '' });

  it.each(['z14', 'z15', 'z16', 'z17'] as const)(
    'makes a partition of a %s active, logged in on both fabrics',
    async (machine) => {
      const { of, group, partition } = await fulfilled({ machine });

      expect((await boot(of, partition, group)).status).toBe(204);
      await of.caller.job(`${partition}/operations/start`);

      expect(await statusOf(of, partition)).toBe('active');
      for (const wwpn of group.wwpns) expect(of.san.isLoggedIn(wwpn)).toBe(true);
      await of.caller.job(`${partition}/operations/stop`);
      for (const wwpn of group.wwpns) expect(of.san.isLoggedIn(wwpn)).toBe(false);
    },
  );

  it('is refused with a data volume, a group that is not attached, and no volume', async () => {
    const { of, group, partition } = await fulfilled();
    const other = await newPartition(of, { name: 'p2' });

    expect(await of.caller.post(partition, { 'boot-device': 'storage-volume' })).toMatchObject({
      status: 400,
      reason: 5,
    });
    expect(await of.caller.post(partition, { 'boot-storage-volume': group.volumes[1] })).toMatchObject({
      status: 400,
      reason: 15,
    });
    expect(await of.caller.post(other, { 'boot-storage-volume': group.volumes[0] })).toMatchObject({
      status: 400,
      reason: 15,
    });
    expect(await of.caller.post(partition, { 'boot-storage-volume': `${group.uri}/storage-volumes/x` })).toMatchObject({
      status: 404,
      reason: 2,
    });
    expect(await of.caller.post(partition, { 'boot-device': 'storage-adapter' })).toMatchObject({
      status: 400,
      reason: 7,
    });
  });

  it('ends in reservation-error while the boot group is incomplete, and paused when the disk does not boot', async () => {
    const { of, group, partition } = await fulfilled();
    await boot(of, partition, group);
    of.san.unmask('data');
    await discover(of, group);
    await of.caller.job(`${partition}/operations/start`);
    expect(await statusOf(of, partition)).toBe('reservation-error');
    of.san.mapVolume({ volumeId: 'data', host: 'p1', initiators: group.wwpns, lunForm: 'peripheral' });
    await discover(of, group);
    of.san.updateVolume('boot', { bootable: false });

    await of.caller.job(`${partition}/operations/start`);

    expect(await statusOf(of, partition)).toBe('paused');
    expect(JSON.stringify((await of.caller.get(`${partition}/operations/list-os-messages`)).body)).toContain(
      'no boot record',
    );
  });

  it('is degraded when another group is incomplete', async () => {
    const { of, group, partition } = await fulfilled();
    const other = await newGroup(of, { name: 'sg2' });
    await attach(of, partition, other);
    await boot(of, partition, group);

    await of.caller.job(`${partition}/operations/start`);

    expect(await statusOf(of, partition)).toBe('degraded');
  });

  it('is forgotten when the volume is deleted or its group detached', async () => {
    const { of, group, partition } = await fulfilled();
    await boot(of, partition, group);
    await detach(of, partition, group);
    expect(await read(of, partition)).toMatchObject({ 'boot-device': 'none', 'boot-storage-volume': null });
    await attach(of, partition, group);
    await boot(of, partition, group);
    await modify(of, group, { 'storage-volumes': [{ operation: 'delete', 'element-uri': group.volumes[0] ?? '' }] });

    expect(await read(of, partition)).toMatchObject({ 'boot-device': 'none', 'boot-storage-volume': null });
  });

  it('lets a partition log its ports in by a start without boot device, as look-up based zoning needs it', async () => {
    const of = await bench({ machine: 'z16' });
    const group = await newGroup(of);
    await of.caller.post(`${group.uri}/operations/add-candidate-adapter-ports`, {
      'adapter-port-uris': of.ports.slice(0, 2),
    });
    const partition = await newPartition(of);
    await attach(of, partition, group);

    await of.caller.job(`${partition}/operations/start`);
    await discover(of, group);

    expect(await statusOf(of, partition)).toBe('paused');
    expect(group.wwpns.map((wwpn) => of.san.fabricOf(wwpn))).toEqual(['fabric-a', 'fabric-b']);
    for (const wwpn of group.wwpns) expect(of.san.isLoggedIn(wwpn)).toBe(true);
  });

  it.each<[string, Props, 'z14' | 'z15' | 'z16' | 'z17', number]>([
    ['secure boot', { 'secure-boot': true }, 'z14', 400],
    ['secure boot', { 'secure-boot': true }, 'z15', 204],
    ['load parameters', { 'boot-load-parameters': 'ABC 1.@$' }, 'z14', 204],
    ['load parameters in lower case', { 'boot-load-parameters': 'abc' }, 'z14', 400],
    ['nine load parameters', { 'boot-load-parameters': '123456789' }, 'z16', 400],
    ['a time-out', { 'boot-timeout': 600 }, 'z14', 204],
    ['a boot configuration', { 'boot-configuration': 'automatic' }, 'z15', 400],
    ['a boot configuration', { 'boot-configuration': 'selector', 'boot-configuration-selector': 3 }, 'z16', 204],
    ['key import', { 'permit-hmac-key-import-functions': true }, 'z16', 400],
    ['key import', { 'permit-hmac-key-import-functions': true }, 'z17', 204],
  ])('takes %s (%o) as far as a %s knows it', async (_, body, machine, status) => {
    const of = await bench({ machine });
    const partition = await newPartition(of);

    expect((await of.caller.post(partition, body)).status).toBe(status);
  });
});

describe('groups of other types', () => {
  it('that an administrator prepared are complete, and boot without the SAN', async () => {
    for (const type of ['fc', 'nvme'] as const) {
      const of = await bench({ machine: 'z16' });
      const made = of.hmc.addStorageGroup({
        name: 'ready',
        type,
        volumes: [{ name: 'root', sizeGib: 40, usage: 'boot' }],
      });
      const group: Group = { uri: made.uri, volumes: made.volumeUris, wwpns: [] };
      const partition = await newPartition(of);

      expect(await read(of, group.uri)).toMatchObject({ type, 'fulfillment-state': 'complete' });
      expect((await attach(of, partition, group)).status).toBe(204);
      await of.caller.post(partition, { 'boot-device': 'storage-volume', 'boot-storage-volume': group.volumes[0] });
      await of.caller.job(`${partition}/operations/start`);

      expect(await statusOf(of, partition)).toBe('active');
      expect((await read(of, group.volumes[0]))['device-number']).toMatch(/^[0-9a-f]{4}$/u);
    }
  });

  it('are created by request and fulfilled with a control unit', async () => {
    const of = await bench({ machine: 'z14' });
    const volume = { operation: 'create', name: 'v', model: 'EAV', cylinders: 5000, usage: 'boot' };
    const create = (more: Props) => of.caller.post(groups, { 'cpc-uri': of.cpc, type: 'fc', name: 'ficon', ...more });
    const { body } = await create({ 'storage-volumes': [volume] });
    const [uri = ''] = body['element-uris'] as string[];
    const unit = of.hmc.model.all('storage-control-unit')[0]!.uri;
    const fulfill = (address: string, cu = unit) =>
      of.caller.post(`${uri}/operations/fulfill-ficon-storage-volume`, {
        'control-unit-uri': cu,
        'unit-address': address,
      });

    expect((await create({ name: 'x', 'storage-volumes': [{ ...volume, size: 3 }] })).reason).toBe(15);
    expect((await create({ name: 'x', 'storage-volumes': [{ ...volume, cylinders: 1.5 }] })).reason).toBe(7);
    expect((await create({ name: 'x', 'max-partitions': 1 })).reason).toBe(6);
    expect(await fulfill('0a', '/api/storage-control-units/x')).toMatchObject({ status: 404, reason: 2 });
    expect((await fulfill('0a')).status).toBe(204);
    expect((await fulfill('0a')).status).toBe(204);
    expect((await fulfill('0b')).status).toBe(409);
    expect((await fulfill('0A')).reason).toBe(7);
    expect(await stateOf(of, text(body['object-uri']))).toBe('complete');
    expect((await of.caller.post(groups, { 'cpc-uri': of.cpc, type: 'nvme', name: 'n' })).reason).toBe(7);
    expect((await of.caller.post(`${text(body['object-uri'])}/operations/start-fcp-storage-discovery`)).reason).toBe(4);
  });
});
