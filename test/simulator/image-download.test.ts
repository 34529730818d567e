/* Downloads of images from the simulated Glance. */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openCinderIn } from './cinder-support.ts';
import { field, send, startWorld, tokenOf } from './openstack/support.ts';
import type { World } from './openstack/support.ts';

const content = Buffer.from('an image that is not large '.repeat(10_000));
const properties = { 'dpm:boot_iso_ins': 'generic.ins' };
const images = [
  { name: 'rescue', size: 1, diskFormat: 'iso', content, properties },
  { name: 'empty', size: 1 },
  { name: 'withdrawn', size: 1, content, status: 'deactivated' as const },
];

let directory: string;
beforeAll(() => void (directory = mkdtempSync(join(tmpdir(), 'nova-dpm-image-'))));
afterAll(() => rmSync(directory, { recursive: true }));

async function captureError(work: Promise<unknown>): Promise<Error> {
  return await work.then(
    () => new Error('no error'),
    (error: unknown) => error as Error,
  );
}

const w = () => ({ signal: AbortSignal.timeout(30_000) });
const idOf = (world: World, name: string) => world.openstack.images.find((each) => each.name === name)?.id ?? '';

test('the simulated Glance gives content, size and sums, and has rules of its own for the download', async () => {
  await using world = await startWorld({ images });
  const glance = world.openstack.glance?.url ?? '';
  const get = async (path: string, user: string) =>
    await send(`${glance}${path}`, 'GET', { 'x-auth-token': await tokenOf(world, user) });

  const shown = await get(`/v2/images/${idOf(world, 'rescue')}`, 'dpm');
  const statuses = await Promise.all([
    get(`/v2/images/${idOf(world, 'empty')}/file`, 'dpm'),
    get(`/v2/images/${idOf(world, 'withdrawn')}/file`, 'demo'),
    send(`${glance}/v2/images/${idOf(world, 'rescue')}/file`, 'GET', {}),
  ]);

  expect(shown.body).toMatchObject({ disk_format: 'iso', size: content.length, os_hash_algo: 'sha512', ...properties });
  expect(String(field(shown.body, 'os_hash_value'))).toMatch(/^[0-9a-f]{128}$/);
  expect(statuses.map(({ status }) => status)).toEqual([204, 403, 401]);
});

test('an image reaches a file that only its owner can read', async () => {
  await using world = await startWorld({ images });
  using cinder = openCinderIn(world);
  const file = join(directory, 'whole');

  const image = await cinder.getImage(idOf(world, 'rescue'), w());
  await cinder.downloadImage(image, file, w());

  expect(image).toMatchObject({ name: 'rescue', diskFormat: 'iso', bytes: content.length, status: 'active' });
  expect(image.properties).toMatchObject(properties);
  expect(readFileSync(file).equals(content)).toBe(true);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('a download whose connection breaks begins again', async () => {
  const faultRules = [
    { id: 'cut', server: 'glance' as const, operation: 'Download Image', kind: { type: 'truncate' as const } },
  ];
  await using world = await startWorld({ images, faultRules });
  using cinder = openCinderIn(world);
  const file = join(directory, 'broken');

  await cinder.downloadImage(await cinder.getImage(idOf(world, 'rescue'), w()), file, w());

  expect(readFileSync(file).equals(content)).toBe(true);
  expect(world.log.entries.filter(({ operation }) => operation === 'Download Image')).toHaveLength(2);
});

test('content with another size or sum is an error', async () => {
  await using world = await startWorld({ images });
  using cinder = openCinderIn(world);
  const image = await cinder.getImage(idOf(world, 'rescue'), w());
  const download = async (more: object) =>
    await captureError(cinder.downloadImage({ ...image, ...more }, join(directory, 'other'), w()));

  const size = await download({ bytes: 5 });
  const sum = await download({ hash: { algorithm: 'sha512', value: 'abc' } });

  expect(size.message).toContain(`received ${content.length} bytes, expected 5`);
  expect(sum.message).toMatch(/the sha512 sum is [0-9a-f]{128}, expected abc/);
});

test('a file that cannot be written is named, and Glance is asked once', async () => {
  await using world = await startWorld({ images });
  using cinder = openCinderIn(world);
  const image = await cinder.getImage(idOf(world, 'rescue'), w());

  const file = join(directory, 'missing', 'image');
  const error = await captureError(cinder.downloadImage(image, file, w()));

  expect(error).toMatchObject({ code: 'CONFLICT' });
  expect(error.message).toContain(`the file "${file}" cannot be written: ENOENT`);
  expect(world.log.entries.filter(({ operation }) => operation === 'Download Image')).toHaveLength(1);
});

test('an unknown image is not found', async () => {
  await using world = await startWorld({ images });
  using cinder = openCinderIn(world);

  const error = await captureError(cinder.getImage('6bd2a1ee-5d7b-4b05-9b07-9c7fb3f54b6a', w()));

  expect(error).toMatchObject({ code: 'NOT_FOUND' });
});
