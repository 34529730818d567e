/* Attachments of the simulated Cinder. */
import { describe, expect, test } from 'vitest';
import { callerIn, connectorOf, field, startWorld, tokenOf, type Answer, type Caller, type World } from './support.ts';

const INSTANCE = '76dcf3c5-d412-4cee-b2ea-53276110dacc';

const idOf = (answer: Answer): string => String(field(answer.body, 'attachment', 'id'));
const messageOf = ({ body }: Answer): unknown => field(Object.values(body as object)[0], 'message');
const volumeOf = (world: World, index = 0): string => world.openstack.volumes[index]!.id;

async function attachedFor(world: World, caller: Caller, instance?: string): Promise<string> {
  const id = idOf(await caller.attach(volumeOf(world), connectorOf(1), instance));
  await caller.post(`/attachments/${id}/action`, { 'os-complete': {} });
  return id;
}

describe('an attachment that names a server', () => {
  test('is not deleted for its owner, who is told to ask Nova, and is with a service token', async () => {
    await using world = await startWorld();
    const caller = await callerIn(world);
    const id = await attachedFor(world, caller, INSTANCE);

    const refused = await caller.delete(`/attachments/${id}`);
    const token = await tokenOf(world, 'dpm');
    const allowed = await caller.with({ 'x-service-token': token }).delete(`/attachments/${id}`);

    expect(refused.status).toBe(409);
    expect(messageOf(refused)).toBe(
      `ConflictNovaUsingAttachment: Detach volume from instance ${INSTANCE} using the Compute API`,
    );
    expect(allowed.status).toBe(200);
    expect(world.san.snapshot().arrays[0]?.masks).toEqual([]);
  });

  test.each([
    ['uses', 409],
    ['absent', 500],
    ['down', 503],
    ['unknown', 200],
  ] as const)('is answered as Nova answers: %s gives %i', async (nova, status) => {
    await using world = await startWorld({ cinder: { nova } });
    const caller = await callerIn(world);
    const id = await attachedFor(world, caller, INSTANCE);

    expect((await caller.delete(`/attachments/${id}`)).status).toBe(status);
  });

  test('is free to go while it is only reserved', async () => {
    await using world = await startWorld();
    const caller = await callerIn(world);
    const attachment = { volume_uuid: volumeOf(world), instance_uuid: INSTANCE };
    const id = idOf(await caller.post('/attachments', { attachment }));

    expect((await caller.delete(`/attachments/${id}`)).status).toBe(200);
  });

  test('is not helped by a service token of a user without the role', async () => {
    await using world = await startWorld();
    const caller = await callerIn(world);
    const id = await attachedFor(world, caller, INSTANCE);
    const token = await tokenOf(world, 'demo');

    const answer = await caller.with({ 'x-service-token': token }).delete(`/attachments/${id}`);

    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toContain('Keystone uri=');
  });
});

describe('a connector', () => {
  test('without what the driver needs leaves an orphan that has to be found and deleted', async () => {
    await using world = await startWorld({ cinder: { requireWwnns: true } });
    const caller = await callerIn(world);
    const before = world.openstack.snapshot();

    const refused = await caller.attach(volumeOf(world), connectorOf(1));
    const orphans = await caller.get(`/attachments/detail?volume_id=${volumeOf(world)}`);

    expect(refused.status).toBe(500);
    expect(messageOf(refused)).toContain("Connector doesn't have required information: wwnns");
    expect(field(await caller.statusOf(volumeOf(world)), 'volume', 'status')).toBe('reserved');
    expect(field(orphans.body, 'attachments', 0)).toMatchObject({ attach_mode: null, connection_info: null });
    await caller.delete(`/attachments/${String(field(orphans.body, 'attachments', 0, 'id'))}`);
    expect(world.openstack.snapshot()).toEqual(before);
  });

  test('is refused with 400 by the action, and by the attachments API where the release does so', async () => {
    await using world = await startWorld({ cinder: { requireWwnns: true, refusedConnectorStatus: 400 } });
    const caller = await callerIn(world);

    const action = await caller.action(volumeOf(world), 'os-initialize_connection', { connector: connectorOf(1) });
    const attachment = await caller.attach(volumeOf(world), connectorOf(1));
    const complete = await caller.attach(volumeOf(world, 1), { ...connectorOf(1), wwnns: connectorOf(1).wwpns });

    expect([action.status, attachment.status, complete.status]).toEqual([400, 400, 200]);
  });

  test('of two hosts at once is more than the array takes', async () => {
    await using world = await startWorld();
    const caller = await callerIn(world);
    await caller.attach(volumeOf(world, 0), connectorOf(1));
    await caller.attach(volumeOf(world, 1), connectorOf(2));
    const both = [connectorOf(1), connectorOf(2)].flatMap((each) => each.wwpns as string[]);

    const answer = await caller.attach(volumeOf(world, 2), { host: 'both', wwpns: both });

    expect(answer.status).toBe(500);
    expect(messageOf(answer)).toContain('More than one host defined');
  });

  test('asks for enforced multipath, and releases from 3.71 on always tell', async () => {
    for (const [maxMicroversion, told] of [
      ['3.71', false],
      ['3.70', undefined],
    ] as const) {
      await using world = await startWorld({ cinder: { maxMicroversion } });
      const caller = await callerIn(world);
      const connect = async (index: number, connector: object) =>
        field(
          (await caller.attach(volumeOf(world, index), connector)).body,
          'attachment',
          'connection_info',
          'enforce_multipath',
        );

      expect(await connect(0, connectorOf(1))).toBe(told);
      expect(await connect(1, { ...connectorOf(1), enforce_multipath: true })).toBe(true);
    }
  });
});

describe('masks follow attachments', () => {
  test('of exactly the connector, and a partition with two volumes keeps its zones for the second', async () => {
    await using world = await startWorld();
    const caller = await callerIn(world);
    const before = world.san.snapshot();
    const first = idOf(await caller.attach(volumeOf(world, 0), connectorOf(1)));
    const second = await caller.attach(volumeOf(world, 1), connectorOf(1));
    const zonesOf = () => world.san.snapshot().fabrics.flatMap((fabric) => fabric.zones).length;

    expect(field(second.body, 'attachment', 'connection_info', 'target_lun')).toBe(1);
    expect(world.san.snapshot().arrays[0]?.masks.map((mask) => mask.initiators)).toEqual(
      Array(2).fill(connectorOf(1).wwpns),
    );
    expect(zonesOf()).toBe(8);
    await caller.delete(`/attachments/${first}`);
    expect(zonesOf()).toBe(8);
    await caller.delete(`/attachments/${idOf(second)}`);
    expect(world.san.snapshot()).toEqual(before);
  });

  test('and an update to another host leaves the first masking behind', async () => {
    await using world = await startWorld();
    const caller = await callerIn(world);
    const id = idOf(await caller.attach(volumeOf(world), connectorOf(1)));

    await caller.put(`/attachments/${id}`, { attachment: { connector: connectorOf(2) } });
    await caller.delete(`/attachments/${id}`);

    expect(world.san.snapshot().arrays[0]?.hosts.map((host) => host.name)).toEqual(['partition-1']);
  });

  test('and a terminate with an empty or null connector unmasks everyone but leaves the zones', async () => {
    for (const connector of [{}, null]) {
      await using world = await startWorld();
      const caller = await callerIn(world);
      await caller.action(volumeOf(world), 'os-initialize_connection', { connector: connectorOf(1) });

      await caller.action(volumeOf(world), 'os-terminate_connection', { connector });

      expect(world.san.snapshot().arrays[0]?.masks).toEqual([]);
      expect(world.san.snapshot().fabrics[0]?.zones).toHaveLength(4);
    }
  });
});

describe('a volume that can be attached several times', () => {
  const volumes = [{ name: 'shared', size: 1, multiattach: true }];

  test('keeps the mapping of one host when the other goes', async () => {
    await using world = await startWorld({ volumes });
    const caller = await callerIn(world);
    const ids: string[] = [];
    for (const partition of [1, 2]) {
      ids.push(idOf(await caller.attach(volumeOf(world), connectorOf(partition))));
      await caller.post(`/attachments/${ids.at(-1)!}/action`, { 'os-complete': {} });
    }

    const deleted = await caller.delete(`/attachments/${ids[0]!}`);

    expect(deleted.body).toMatchObject({ attachments: [{ id: ids[1], status: 'attached' }] });
    expect(world.san.snapshot().arrays[0]?.hosts.map((host) => host.name)).toEqual(['partition-2']);
    expect(field(await caller.statusOf(volumeOf(world)), 'volume', 'status')).toBe('in-use');
  });

  test('stays mapped under some drivers while another attachment has the same host text', async () => {
    for (const [connectionShape, masks] of [
      ['storwize', 1],
      ['pure', 2],
    ] as const) {
      await using world = await startWorld({ volumes, cinder: { connectionShape } });
      const caller = await callerIn(world);
      const [first] = [1, 2].map((partition) => ({ ...connectorOf(partition), host: 'same' }));
      const id = idOf(await caller.attach(volumeOf(world), first));
      await caller.post(`/attachments/${id}/action`, { 'os-complete': {} });
      const other = idOf(await caller.attach(volumeOf(world), { ...connectorOf(2), host: 'same' }));

      await caller.delete(`/attachments/${id}`);

      expect(world.san.snapshot().arrays[0]?.masks.flatMap((mask) => mask.initiators)).toHaveLength(masks * 2);
      await caller.delete(`/attachments/${other}`);
      expect(world.san.snapshot().arrays[0]?.masks).toEqual([]);
    }
  });
});

test('a second record for the same server is accepted, then any update finds duplicate connectors', async () => {
  await using world = await startWorld();
  const caller = await callerIn(world);
  const first = idOf(await caller.attach(volumeOf(world), connectorOf(1), INSTANCE));
  await caller.post(`/attachments/${first}/action`, { 'os-complete': {} });
  const attachment = { volume_uuid: volumeOf(world), instance_uuid: INSTANCE };

  const second = await caller.post('/attachments', { attachment });
  const updated = await caller.put(`/attachments/${idOf(second)}`, { attachment: { connector: connectorOf(2) } });

  expect(second.status).toBe(200);
  expect(updated.status).toBe(400);
  expect(messageOf(updated)).toContain('duplicate connectors detected');
});

test('of many that want a volume at the same moment exactly one gets it', async () => {
  await using world = await startWorld();
  const caller = await callerIn(world);

  const answers = await Promise.all(
    [1, 2, 3, 4, 5, 6].map((partition) => caller.attach(volumeOf(world), connectorOf(partition))),
  );

  expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400, 400, 400, 400]);
  expect(world.san.snapshot().arrays[0]?.masks).toHaveLength(1);
});

test('lists are filtered by volume, server and status, and show other projects to administrators only', async () => {
  await using world = await startWorld();
  const caller = await callerIn(world);
  await caller.attach(volumeOf(world, 0), connectorOf(1), INSTANCE);
  await caller.post('/attachments', { attachment: { volume_uuid: volumeOf(world, 1) } });
  const listed = async (who: Caller, query: string) =>
    field((await who.get(`/attachments${query}`)).body, 'attachments');
  const { rootUrl } = world.openstack.cinder;
  const projectless = caller.with({ 'x-auth-token': await tokenOf(world, 'admin') }).from(`${rootUrl}/v3`);

  expect(await listed(caller, '')).toHaveLength(2);
  expect(await listed(caller, `?volume_id=${volumeOf(world, 1)}`)).toMatchObject([{ status: 'reserved' }]);
  expect(await listed(caller, `?instance_id=${INSTANCE}`)).toMatchObject([{ volume_id: volumeOf(world, 0) }]);
  expect(await listed(caller, '?status=attaching')).toHaveLength(1);
  expect(await listed(caller, '?attach_status=attached')).toEqual([]);
  expect(await listed(caller, '?limit=1')).toMatchObject([{ volume_id: volumeOf(world, 1) }]);
  expect(await listed(projectless, '')).toEqual([]);
  expect(await listed(projectless, '?all_tenants=1')).toHaveLength(2);
});

describe('an older Cinder', () => {
  test('with 3.43 reserves and connects, but cannot complete', async () => {
    await using world = await startWorld({ cinder: { maxMicroversion: '3.43' } });
    const caller = (await callerIn(world)).at('3.43');

    const created = await caller.attach(volumeOf(world), connectorOf(1));
    const completed = await caller.post(`/attachments/${idOf(created)}/action`, { 'os-complete': {} });
    const newer = await caller.at('3.44').get('/volumes');

    expect([created.status, completed.status, newer.status]).toEqual([200, 404, 406]);
    expect(newer.headers.get('openstack-api-version')).toBe('volume 3.44');
  });

  test('with 3.0 knows no attachments', async () => {
    await using world = await startWorld({ cinder: { maxMicroversion: '3.0' } });
    const caller = await callerIn(world);

    expect((await caller.at('3.27').get('/attachments')).status).toBe(406);
    expect((await caller.at('3.0').get('/attachments')).status).toBe(404);
    expect((await caller.at('latest').get('/volumes')).headers.get('openstack-api-version')).toBe('volume 3.0');
  });

  test('needs the project in the path before 3.67', async () => {
    for (const [maxMicroversion, status] of [
      ['3.66', 404],
      ['3.67', 200],
    ] as const) {
      await using world = await startWorld({ cinder: { maxMicroversion } });
      const caller = (await callerIn(world)).from(`${world.openstack.cinder.rootUrl}/v3`);

      expect((await caller.get('/volumes')).status).toBe(status);
    }
  });

  test('cannot be of a version that is none', async () => {
    await expect(startWorld({ cinder: { maxMicroversion: '4.1' } })).rejects.toThrow(RangeError);
  });
});
