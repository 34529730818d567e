import { mkdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { ConflictError, describeError, neverAborted } from '../base/index.ts';
import type { Logger, Waiting } from '../base/index.ts';
import type { CinderClient, ImageDetail } from '../cinder-client/index.ts';
import type {
  BlockDeviceInfo,
  BootSettings,
  ComputeDriver,
  Instance,
  NetworkInfo,
  RequestContext,
} from '../virt/index.ts';

/** The part of Nova's image_meta that names an image of Glance. */
export interface ImageMeta {
  readonly id?: string | null | undefined;
  readonly name?: string | null | undefined;
  readonly disk_format?: string | null | undefined;
}

export interface RescueTools {
  readonly driver: ComputeDriver;
  /** Glance, with the logon of the section `[cinder]`. */
  readonly images: Pick<CinderClient, 'getImage' | 'downloadImage'>;
  /** Where an image lies between Glance and the HMC. Its content can be removed when no rescue runs. */
  readonly directory: string;
  readonly log: Logger;
}

interface Rescue {
  readonly instance: Instance;
  readonly networkInfo: NetworkInfo | null;
  readonly image: ImageMeta | null | undefined;
  readonly info: BlockDeviceInfo;
}

/** Property of an image that names the INS file in it. The flavour has an extra spec of the same name. */
const INS_FILE = 'dpm:boot_iso_ins';

/**
 * Boots the guest from an image of Glance. Uploads it to the HMC before the guest stops. A failure restores the boot settings;
 * Nova has stopped the guest by then. The file of the image is always removed.
 *
 * @throws ConflictError for an image that cannot be booted: nothing is changed
 */
export async function rescueFromImage(
  tools: RescueTools,
  { instance, networkInfo, image, info }: Rescue,
  context: RequestContext,
): Promise<void> {
  const { driver, images, directory } = tools;
  const w = { signal: context.signal };
  const found = await requireIsoImage(images, image, w);
  const place = join(directory, instance.uuid);
  await mkdir(place, { recursive: true, mode: 0o700 });
  try {
    await requireSpace(place, found);
    const file = join(place, fileName(found));
    await images.downloadImage(found, file, w);
    const from = { source: 'iso', image: file, insFile: found.properties[INS_FILE] } as const;
    const before = await driver.readBoot?.(context, instance);
    try {
      await driver.rescue?.(context, instance, networkInfo, from, null, info);
    } catch (error) {
      if (before !== undefined) await undo(tools, instance, before, context);
      throw error;
    }
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

/** Also after a cancellation. The error of the rescue is the one that Nova gets. */
async function undo(
  { driver, log }: RescueTools,
  instance: Instance,
  before: BootSettings,
  context: RequestContext,
): Promise<void> {
  try {
    await driver.restoreBoot?.({ ...context, signal: neverAborted() }, instance, before);
  } catch (error) {
    const facts = { event: 'rescue.undo', instance: instance.uuid, error: describeError(error) };
    log.error(facts, 'the boot settings before the rescue were not restored: unrescue boots the boot volume again');
  }
}

async function requireIsoImage(
  images: RescueTools['images'],
  meta: ImageMeta | null | undefined,
  w: Waiting,
): Promise<ImageDetail> {
  const { id, disk_format: format } = meta ?? {};
  if (!id) throw new ConflictError('rescue needs an image: name an ISO image of Glance');
  // Nova may know the format already; then Glance need not be asked.
  if (format && format !== 'iso') throw wrongImage(meta?.name ?? '', id, `has the disk format "${format}", not "iso"`);
  const image = await images.getImage(id, w);
  const { name, status, diskFormat, bytes } = image;
  if (diskFormat !== 'iso') throw wrongImage(name, id, `has the disk format "${diskFormat ?? ''}", not "iso"`);
  if (status !== 'active') throw wrongImage(name, id, `has the status "${status}", not "active"`);
  if (bytes === null || bytes === 0) throw wrongImage(name, id, 'is empty');
  return image;
}

function wrongImage(name: string, id: string, why: string): ConflictError {
  return new ConflictError(
    `image "${name}" (${id}) ${why}: a partition is rescued from an ISO image that has an INS file for a load`,
    { image: id },
  );
}

async function requireSpace(directory: string, { name, id, bytes }: ImageDetail): Promise<void> {
  const { bavail, bsize } = await statfs(directory);
  const free = bavail * bsize;
  if (bytes === null || free >= bytes) return;
  const mib = (count: number) => Math.ceil(count / 1024 / 1024);
  throw new ConflictError(
    `image "${name}" (${id}) has ${mib(bytes)} MiB, but ${directory} has room for ${mib(free)} MiB`,
    { image: id },
  );
}

/** The HMC shows this name as that of the mounted image. */
function fileName({ name, id }: ImageDetail): string {
  const readable = name.replaceAll(/[^A-Za-z0-9._-]+/g, '-').replace(/^[.-]+/, '');
  return readable === '' ? id : readable.slice(0, 100);
}
