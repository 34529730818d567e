import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentLogger } from '../base/index.ts';
import type { ImageDetail } from '../cinder-client/index.ts';
import type { BootFrom, ComputeDriver } from '../virt/index.ts';
import { rescueFromImage } from './rescue.ts';
import type { ImageMeta } from './rescue.ts';

let directory: string;
beforeAll(() => void (directory = mkdtempSync(join(tmpdir(), 'nova-dpm-rescue-'))));
afterAll(() => rmSync(directory, { recursive: true }));

const instance = {
  ...{ uuid: '2f0c8a52-7f1e-4a6e-9c3b-1d2e3f405162', name: 'web1', host: 'compute1' },
  flavor: { vcpus: 1, memoryMb: 1024 },
};
const iso: ImageDetail = {
  ...{ id: 'image-1', name: 'Rescue System 1.iso', status: 'active', diskFormat: 'iso', bytes: 7, hash: undefined },
  properties: { 'dpm:boot_iso_ins': 'boot/generic.ins' },
};

interface Setting {
  readonly image?: Partial<ImageDetail>;
  readonly meta?: ImageMeta | null;
  readonly rescueError?: Error;
  readonly signal?: AbortSignal;
}

/** Runs a rescue, and returns what the driver and Glance were asked for. */
async function run({ image, meta = { id: 'image-1' }, rescueError, signal }: Setting = {}) {
  const asked: string[] = [];
  const booted: { from?: BootFrom; hadFile?: boolean } = {};
  const driver = {
    readBoot: () => Promise.resolve({ bootDevice: 'storage-adapter' }),
    rescue: (_context: unknown, _instance: unknown, _network: unknown, from: BootFrom & { image: string }) => {
      asked.push('rescue');
      Object.assign(booted, { from, hadFile: existsSync(from.image) });
      return rescueError === undefined ? Promise.resolve() : Promise.reject(rescueError);
    },
    restoreBoot: (context: { signal: AbortSignal }, _instance: unknown, settings: { bootDevice: string }) => {
      asked.push(`restore ${settings.bootDevice}, aborted: ${context.signal.aborted}`);
      return Promise.resolve();
    },
  } as unknown as ComputeDriver; // only what a rescue calls
  const images = {
    getImage: () => {
      asked.push('image');
      return Promise.resolve({ ...iso, ...image });
    },
    downloadImage: (_image: unknown, file: string) => {
      writeFileSync(file, 'content');
      return Promise.resolve();
    },
  };
  const context = { requestId: 'req-1', signal: signal ?? AbortSignal.timeout(30_000) };
  const rescue = {
    instance,
    networkInfo: null,
    image: meta,
    info: { rootDeviceName: '/dev/sda', blockDeviceMapping: [] },
  };
  const error: unknown = await rescueFromImage({ driver, images, directory, log: silentLogger }, rescue, context).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return { asked, booted, error, left: readdirSync(directory) };
}

test('boots from the downloaded image, and removes the file', async () => {
  const { asked, booted, error, left } = await run();

  expect(error).toBeUndefined();
  expect(asked).toEqual(['image', 'rescue']);
  expect(booted).toEqual({
    from: {
      source: 'iso',
      image: join(directory, instance.uuid, 'Rescue-System-1.iso'),
      insFile: 'boot/generic.ins',
    },
    hadFile: true,
  });
  expect(left).toEqual([]);
});

test.each([
  { what: 'without an image', setting: { meta: null }, message: 'name an ISO image of Glance', asked: [] },
  {
    what: 'for a format that Nova knows already',
    setting: { meta: { id: 'image-1', name: 'disk', disk_format: 'qcow2' } },
    message: 'image "disk" (image-1) has the disk format "qcow2", not "iso"',
    asked: [],
  },
  {
    what: 'for another format',
    setting: { image: { diskFormat: 'raw' } },
    message: 'has the disk format "raw", not "iso": a partition is rescued from an ISO image',
    asked: ['image'],
  },
  {
    what: 'for an image that is not active',
    setting: { image: { status: 'deactivated' } },
    message: 'has the status "deactivated", not "active"',
    asked: ['image'],
  },
  { what: 'for an empty image', setting: { image: { bytes: 0 } }, message: 'is empty', asked: ['image'] },
  {
    what: 'for an image that the disk has no room for',
    setting: { image: { bytes: 2 ** 60 } },
    message: /has 1099511627776 MiB, but .* has room for \d+ MiB/,
    asked: ['image'],
  },
])('changes nothing $what', async ({ setting, message, asked }) => {
  const result = await run(setting);

  expect(result.error).toMatchObject({ code: 'CONFLICT' });
  expect((result.error as Error).message).toEqual(
    typeof message === 'string' ? expect.stringContaining(message) : expect.stringMatching(message),
  );
  expect(result.asked).toEqual(asked);
  expect(result.left).toEqual([]);
});

test('restores the boot settings when the boot fails, also after a cancellation', async () => {
  const rescueError = new Error('the partition cannot load the image');
  const { asked, error, left } = await run({ rescueError, signal: AbortSignal.abort() });

  expect(error).toBe(rescueError);
  expect(asked).toEqual(['image', 'rescue', 'restore storage-adapter, aborted: false']);
  expect(left).toEqual([]);
});
