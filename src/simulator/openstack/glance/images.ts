import { createHash } from 'node:crypto';
import { timestamp } from '../clock.ts';
import type { Json } from '../json.ts';
import { uuidOf } from '../names.ts';

/**
 * An image of the simulated Glance, visible to every project.
 * @public
 */
export interface ImageOptions {
  readonly name: string;
  /** Default: a UUID that follows from the name. */
  readonly id?: string;
  /** Size of the disk image, in GiB. */
  readonly size: number;
  /** Smallest volume that the image accepts, in GiB; default 0, which sets no limit. */
  readonly minDisk?: number;
  /** Default `active`. Cinder accepts only active images. */
  readonly status?: 'active' | 'queued' | 'saving' | 'deactivated';
  /** Default `raw`. */
  readonly diskFormat?: string;
  /** Content for downloads, which then is also the size that Glance shows. Default: the image cannot be downloaded. */
  readonly content?: Buffer;
  /** Further properties, as `openstack image set --property` sets them. */
  readonly properties?: Readonly<Record<string, string>>;
}

/** An image with all its values. */
export type Image = Required<Omit<ImageOptions, 'content'>> & Pick<ImageOptions, 'content'>;

/**
 * Images of a simulator unless others are given.
 * @public
 */
export const defaultImages: readonly ImageOptions[] = [
  { name: 'rhel-9.4-s390x', size: 4, minDisk: 10 },
  { name: 'ubuntu-24.04-s390x', size: 3 },
];

/** Returns the images with their default values, in order. */
export function completeImages(options: readonly ImageOptions[]): readonly Image[] {
  return options.map((given) => {
    const { name, id = uuidOf('image', name), minDisk = 0, status = 'active' } = given;
    const { diskFormat = 'raw', properties = {} } = given;
    return { ...given, id, minDisk, status, diskFormat, properties };
  });
}

const GIB = 1024 ** 3;

/** Returns an image as Glance v2 shows it. Source: glance api/v2/images.py, ResponseSerializer. */
export function imageView(image: Image, since: number): Json {
  const time = timestamp(since).replace(/\.\d+$/, 'Z');
  const { content } = image;
  return {
    ...image.properties,
    id: image.id,
    name: image.name,
    status: image.status,
    size: content?.length ?? image.size * GIB,
    virtual_size: null,
    min_disk: image.minDisk,
    min_ram: 0,
    disk_format: image.diskFormat,
    container_format: 'bare',
    visibility: 'public',
    protected: false,
    os_hidden: false,
    tags: [],
    architecture: 's390x',
    checksum: content === undefined ? null : digest('md5', content),
    os_hash_algo: content === undefined ? null : 'sha512',
    os_hash_value: content === undefined ? null : digest('sha512', content),
    owner: null,
    created_at: time,
    updated_at: time,
    self: `/v2/images/${image.id}`,
    file: `/v2/images/${image.id}/file`,
    schema: '/v2/schemas/image',
  };
}

/** Returns the sum that Glance records when an image is uploaded. Source: glance common/config.py, hashing_algorithm. */
export function digest(algorithm: 'md5' | 'sha512', content: Buffer): string {
  return createHash(algorithm).update(content).digest('hex');
}
