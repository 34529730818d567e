/* Volumes of the simulated Cinder, and the clock that changes their status. */
import { describe, expect, test } from 'vitest';
import { startOpenstack } from '../../../src/simulator/openstack/index.ts';
import { createSan } from '../../../src/simulator/san/index.ts';
import { FaultEngine, RequestLog } from '../../../src/simulator/server/index.ts';
import { Caller, callerIn, connectorOf, field, startWorld, tokenOf } from './support.ts';

async function create(caller: Caller, facts: object): Promise<string> {
  const answer = await caller.post('/volumes', { volume: { size: 1, ...facts } });
  expect(answer.status).toBe(202);
  return String(field(answer.body, 'volume', 'id'));
}

async function statusOf(caller: Caller, id: string): Promise<unknown> {
  return field(await caller.statusOf(id), 'volume', 'status');
}

describe('the clock', () => {
  test('decides when a volume is available, extended and gone; without delays it is when next looked at', async () => {
    await using world = await startWorld({ cinder: { timing: { createMs: 100, extendMs: 50, deleteMs: 200 } } });
    const caller = await callerIn(world);

    const id = await create(caller, {});
    expect(await statusOf(caller, id)).toBe('creating');
    expect(world.san.findVolume(id)).toBeUndefined();
    world.advance(99);
    expect(await statusOf(caller, id)).toBe('creating');
    world.advance(1);
    expect(await statusOf(caller, id)).toBe('available');

    await caller.action(id, 'os-extend', { new_size: 5 });
    expect(await statusOf(caller, id)).toBe('extending');
    world.advance(50);
    expect(world.openstack.snapshot().volumes.find((volume) => volume.id === id)).toMatchObject({ size: 5 });
    expect(world.san.findVolume(id)?.sizeGib).toBe(5);

    await caller.delete(`/volumes/${id}`);
    expect(await statusOf(caller, id)).toBe('deleting');
    world.advance(200);
    expect((await caller.get(`/volumes/${id}`)).status).toBe(404);
    expect(world.san.findVolume(id)).toBeUndefined();
  });

  test('of the machine is used when no other is given', async () => {
    const before = Date.now();
    const parts = { san: createSan(), faults: new FaultEngine(), log: new RequestLog() };
    await using openstack = await startOpenstack({ ...parts, cinder: { auth: 'noauth' } });
    const caller = new Caller(openstack.cinder.url, { 'x-auth-token': openstack.cinder.noauthToken });

    const made = field(await caller.statusOf(openstack.volumes[0]!.id), 'volume', 'created_at');

    const time = Date.parse(`${String(made)}Z`);
    expect(time).toBeGreaterThanOrEqual(before);
    expect(time).toBeLessThanOrEqual(Date.now());
  });
});

describe('a volume on the array', () => {
  test('boots when it was made from an image or was marked, and does not when it was not', async () => {
    await using world = await startWorld();
    const caller = await callerIn(world);
    const imageRef = world.openstack.images[1]!.id;
    const image = await create(caller, { size: 3, imageRef });
    const empty = await create(caller, {});
    const marked = await create(caller, {});
    await statusOf(caller, marked);

    await caller.action(marked, 'os-set_bootable', { bootable: true });

    expect([image, empty, marked].map((id) => world.san.findVolume(id)?.bootable)).toEqual([true, false, true]);
    expect(field(await caller.statusOf(image), 'volume', 'bootable')).toBe('true');
  });

  test('that is read-only is attached read-only or not at all', async () => {
    await using world = await startWorld();
    const caller = await callerIn(world);
    const { id } = world.openstack.volumes[0]!;
    await caller.action(id, 'os-update_readonly_flag', { readonly: true });
    const where = { host_name: 'partition-1', mountpoint: '/dev/sda' };

    const refused = await caller.action(id, 'os-attach', { ...where, mode: 'rw' });
    const allowed = await caller.action(id, 'os-attach', { ...where, mode: 'ro' });
    const connected = await caller.action(id, 'os-initialize_connection', { connector: connectorOf(1) });

    expect([refused.status, allowed.status]).toEqual([400, 202]);
    expect(field(connected.body, 'connection_info', 'data', 'access_mode')).toBe('ro');
    expect(world.openstack.snapshot().volumes.find((volume) => volume.id === id)?.readonly).toBe(true);
  });

  test('is attached once for the same host, however often it is asked, and under a name as hosts have them', async () => {
    await using world = await startWorld();
    const caller = await callerIn(world);
    const { id } = world.openstack.volumes[0]!;

    for (const _try of [1, 2]) {
      const answer = await caller.action(id, 'os-attach', { host_name: '-My Host_1!', mountpoint: '/dev/sda' });
      expect(answer.status).toBe(202);
    }

    expect(world.openstack.snapshot().attachments).toMatchObject([{ host: 'my-host-1', status: 'attached' }]);
  });

  test('is deleted by force in any state but attached, by administrators alone', async () => {
    await using world = await startWorld({ cinder: { project: 'admin' } });
    const admin = await callerIn(world, 'admin');
    const { id } = world.openstack.volumes[0]!;
    const created = await admin.attach(id, connectorOf(1));
    const attachment = String(field(created.body, 'attachment', 'id'));

    expect((await admin.delete(`/volumes/${id}?force=true`)).status).toBe(400);
    await admin.delete(`/attachments/${attachment}`);
    await admin.action(id, 'os-reset_status', { status: 'maintenance' });
    expect((await admin.delete(`/volumes/${id}`)).status).toBe(400);
    expect((await admin.at('3.22').delete(`/volumes/${id}?force=true`)).status).toBe(400);
    expect((await admin.delete(`/volumes/${id}?force=true`)).status).toBe(202);
    expect((await admin.get(`/volumes/${id}`)).status).toBe(404);
  });

  test('is not deleted by force by others', async () => {
    await using world = await startWorld();
    const caller = await callerIn(world);
    const { id } = world.openstack.volumes[0]!;

    expect((await caller.delete(`/volumes/${id}?force=true`)).status).toBe(403);
    expect((await caller.action(id, 'os-force_delete')).status).toBe(403);
    expect((await caller.post('/types', { volume_type: { name: 'own' } })).status).toBe(403);
  });
});

describe('quota', () => {
  test('of volumes and of gigabytes is per project, answers 413, and is seen in the limits', async () => {
    await using world = await startWorld({ volumes: [], cinder: { quota: { volumes: 2, gigabytes: 10 } } });
    const caller = await callerIn(world);
    const id = await create(caller, { size: 9 });
    await statusOf(caller, id);

    const tooLarge = await caller.post('/volumes', { volume: { size: 2 } });
    const extended = await caller.action(id, 'os-extend', { new_size: 11 });
    await create(caller, {});
    const tooMany = await caller.post('/volumes', { volume: { size: 0 } });
    const limits = await caller.get('/limits');

    expect(tooLarge.status).toBe(413);
    expect(tooLarge.headers.get('retry-after')).toBe('0');
    expect(tooLarge.body).toEqual({
      overLimit: {
        code: 413,
        message:
          'VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed gigabytes quota. ' +
          'Requested 2G, quota is 10G and 9G has been consumed.',
        retryAfter: '0',
      },
    });
    expect(extended.status).toBe(413);
    expect(tooMany.status).toBe(400); // a size of nothing is refused before the quota is asked
    expect((await caller.post('/volumes', { volume: { size: 1 } })).status).toBe(413);
    expect(field(limits.body, 'limits', 'absolute')).toMatchObject({
      maxTotalVolumes: 2,
      totalVolumesUsed: 2,
      totalGigabytesUsed: 10,
    });
  });

  test('of volumes has the recorded words', async () => {
    await using world = await startWorld({ volumes: [], cinder: { quota: { volumes: 1 } } });
    const caller = await callerIn(world);
    await create(caller, {});

    const answer = await caller.post('/volumes', { volume: { size: 1 } });

    expect(field(answer.body, 'overLimit', 'message')).toBe(
      "VolumeLimitExceeded: Maximum number of volumes allowed (1) exceeded for quota 'volumes'.",
    );
  });
});

describe('lists of volumes', () => {
  test('are filtered, sorted and cut as asked, and refuse what is no number or key', async () => {
    await using world = await startWorld();
    const caller = await callerIn(world);
    const names = async (query: string): Promise<unknown> => {
      const answer = await caller.get(`/volumes${query}`);
      const volumes = field(answer.body, 'volumes');
      return Array.isArray(volumes) ? volumes.map((volume) => field(volume, 'name')) : answer.status;
    };
    await caller.post(`/volumes/${world.openstack.volumes[2]!.id}/metadata`, { metadata: { use: 'db' } });

    expect(await names('')).toEqual(['data-2', 'data-1', 'boot-2', 'boot-1']);
    expect(await names('?sort=name:asc&limit=2&offset=1')).toEqual(['boot-2', 'data-1']);
    expect(await names('?bootable=true&sort=size')).toEqual(['boot-2', 'boot-1']);
    expect(await names(`?metadata=${encodeURIComponent("{'use': 'db'}")}`)).toEqual(['data-1']);
    expect(await names('?status=error')).toEqual([]);
    expect(await names('?limit=x')).toBe(400);
    expect(await names('?offset=-1')).toBe(400);
    expect(await names('?sort=colour')).toBe(400);
  });
});

describe('noauth', () => {
  test('needs no Keystone: the token is user and project, and everyone is an administrator', async () => {
    await using world = await startWorld({ cinder: { auth: 'noauth' } });
    const caller = await callerIn(world);
    const before = world.openstack.snapshot();

    const created = await caller.attach(world.openstack.volumes[0]!.id, connectorOf(1));
    const services = await caller.get('/os-services');
    await caller.delete(`/attachments/${String(field(created.body, 'attachment', 'id'))}`);

    expect([created.status, services.status]).toEqual([200, 200]);
    expect(world.openstack.snapshot()).toEqual(before);
    expect(world.log.count((entry) => entry.server === 'keystone')).toBe(0);
  });

  test('gives whoever comes without a token one', async () => {
    await using world = await startWorld({ cinder: { auth: 'noauth' } });

    const answer = await fetch(`${world.openstack.cinder.url}/volumes`, {
      headers: { 'x-auth-user': 'me', 'x-auth-project-id': 'feedc0de' },
    });

    expect(answer.status).toBe(204);
    expect(answer.headers.get('x-auth-token')).toBe('me:feedc0de');
    expect(answer.headers.get('x-server-management-url')).toBe(`${world.openstack.cinder.rootUrl}/v3/feedc0de`);
  });

  test('serves only projects whose id is hexadecimal', async () => {
    await using world = await startWorld({ cinder: { auth: 'noauth' } });
    const root = world.openstack.cinder.rootUrl;
    const caller = (await callerIn(world)).with({ 'x-auth-token': 'admin:service' }).from(`${root}/v3/service`);

    expect((await caller.get('/volumes')).status).toBe(404);
  });
});

describe('surroundings', () => {
  test('types and zones are as in a plain installation', async () => {
    await using world = await startWorld();
    const caller = await callerIn(world);
    const types = field((await caller.get('/types')).body, 'volume_types') as { id: string; name: string }[];

    expect(types.map(({ name }) => name)).toEqual(['__DEFAULT__', 'multiattach', 'fast']);
    expect(field((await caller.get('/types/default')).body, 'volume_type', 'name')).toBe('__DEFAULT__');
    expect(field((await caller.get(`/types/${types[1]!.id}`)).body, 'volume_type', 'name')).toBe('multiattach');
    expect((await caller.get('/types/none')).status).toBe(404);
    expect((await caller.get('/os-availability-zone')).body).toEqual({
      availabilityZoneInfo: [{ zoneName: 'nova', zoneState: { available: true } }],
    });
    expect((await caller.get('/os-services')).status).toBe(403);
  });

  test('two services with the same seed make the same ids, with another seed others', async () => {
    const idWith = async (seed: number): Promise<string> => {
      await using world = await startWorld({ seed });
      return await create(await callerIn(world), {});
    };

    expect(await idWith(7)).toBe(await idWith(7));
    expect(await idWith(7)).not.toBe(await idWith(8));
  });

  test('an unknown path is a 401 without a token and a 404 of the router with one', async () => {
    await using world = await startWorld();
    const caller = await callerIn(world);

    expect((await caller.get('/nonsense')).status).toBe(404);
    expect((await caller.with({ 'x-auth-token': 'none' }).get('/nonsense')).status).toBe(401);
  });

  test('an unscoped token is of no project', async () => {
    await using world = await startWorld();
    const token = await tokenOf(world, 'dpm');
    const { url } = world.openstack.keystone;
    const body = JSON.stringify({
      auth: { identity: { methods: ['token'], token: { id: token } }, scope: 'unscoped' },
    });
    const unscoped = await fetch(`${url}/auth/tokens`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    });
    const caller = (await callerIn(world)).with({ 'x-auth-token': unscoped.headers.get('x-subject-token') ?? '' });

    expect((await caller.get('/volumes')).status).toBe(400);
  });
});
