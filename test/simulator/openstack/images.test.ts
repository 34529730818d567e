/* Images of the simulated Glance, and volumes that are created from them. */
import { expect, test } from 'vitest';
import { Caller, callerIn, field, startWorld, tokenOf } from './support.ts';
import type { World } from './support.ts';

async function glanceOf(world: World): Promise<Caller> {
  return new Caller(world.openstack.glance?.url ?? '', { 'x-auth-token': await tokenOf(world, 'dpm') });
}

const statusOf = async (caller: Caller, id: string) => field(await caller.statusOf(id), 'volume', 'status');

test('Glance lists two images, filters by exact name, pages, and shows one by ID', async () => {
  await using world = await startWorld();
  const glance = await glanceOf(world);

  const all = await glance.get('/v2/images');
  const named = await glance.get('/v2/images?name=rhel-9.4-s390x');
  const page = await glance.get('/v2/images?limit=1');
  const shown = await glance.get(`/v2/images/${world.openstack.images[0]!.id}`);

  expect((field(all.body, 'images') as { name: string }[]).map(({ name }) => name)).toEqual([
    'ubuntu-24.04-s390x',
    'rhel-9.4-s390x',
  ]);
  expect(field(named.body, 'images', 0, 'id')).toBe(world.openstack.images[0]!.id);
  expect(field(named.body, 'images', 1)).toBeUndefined();
  const next = String(field(page.body, 'next'));
  expect(field((await glance.get(next)).body, 'images', 0, 'name')).toBe('rhel-9.4-s390x');
  expect(shown.body).toMatchObject({ name: 'rhel-9.4-s390x', status: 'active', size: 4 * 1024 ** 3, min_disk: 10 });
});

test('Glance answers 401 without a token, and 404 as a page', async () => {
  await using world = await startWorld();
  const glance = await glanceOf(world);

  const anonymous = await new Caller(world.openstack.glance!.url, {}).get('/v2/images');
  const unknown = await glance.get('/v2/images/6bd2a1ee-5d7b-4b05-9b07-9c7fb3f54b6a');

  expect([anonymous.status, unknown.status]).toEqual([401, 404]);
  expect(String(unknown.body)).toContain('No image found with ID 6bd2a1ee-5d7b-4b05-9b07-9c7fb3f54b6a');
});

test('a volume from an image is creating, downloading, then available and bootable', async () => {
  await using world = await startWorld({ cinder: { timing: { createMs: 100, downloadMs: 1000 } } });
  const caller = await callerIn(world);
  const imageRef = world.openstack.images[0]!.id;
  const made = await caller.post('/volumes', { volume: { size: 10, imageRef } });
  const id = String(field(made.body, 'volume', 'id'));

  const seen = [await statusOf(caller, id)];
  for (const ms of [100, 999, 1]) {
    world.advance(ms);
    seen.push(await statusOf(caller, id));
  }

  expect(seen).toEqual(['creating', 'downloading', 'downloading', 'available']);
  expect(field(await caller.statusOf(id), 'volume')).toMatchObject({
    bootable: 'true',
    volume_image_metadata: { image_id: imageRef, image_name: 'rhel-9.4-s390x' },
  });
});

test('a copy that fails leaves the volume in error, and a message says why', async () => {
  const kind = { type: 'backend-error' } as const;
  await using world = await startWorld({
    faultRules: [{ id: 'copy', server: 'cinder', operation: 'Create Volume', kind }],
  });
  const caller = await callerIn(world);
  const volume = { size: 10, imageRef: world.openstack.images[0]!.id };
  const id = String(field((await caller.post('/volumes', { volume })).body, 'volume', 'id'));

  const copying = await statusOf(caller, id);
  world.advance(60_000);

  expect([copying, await statusOf(caller, id)]).toEqual(['downloading', 'error']);
  const messages = await caller.get(`/messages?resource_uuid=${id}`);
  expect(field(messages.body, 'messages')).toMatchObject([
    { user_message: 'copy image to volume:An unknown error occurred.', resource_uuid: id, resource_type: 'VOLUME' },
  ]);
  expect((await caller.at('3.2').get('/messages')).status).toBe(404);
});
