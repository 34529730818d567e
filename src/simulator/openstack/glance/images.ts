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
}

/** An image with all its values. */
export type Image = Required<ImageOptions>;

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
  return options.map(({ name, id = uuidOf('image', name), size, minDisk = 0, status = 'active' }) => {
    return { name, id, size, minDisk, status };
  });
}

const GIB = 1024 ** 3;

/** Returns an image as Glance v2 shows it. Source: glance api/v2/images.py, ResponseSerializer. */
export function imageView(image: Image, since: number): Json {
  const time = timestamp(since).replace(/\.\d+$/, 'Z');
  return {
    id: image.id,
    name: image.name,
    status: image.status,
    size: image.size * GIB,
    virtual_size: null,
    min_disk: image.minDisk,
    min_ram: 0,
    disk_format: 'raw',
    container_format: 'bare',
    visibility: 'public',
    protected: false,
    os_hidden: false,
    tags: [],
    architecture: 's390x',
    checksum: null,
    owner: null,
    created_at: time,
    updated_at: time,
    self: `/v2/images/${image.id}`,
    file: `/v2/images/${image.id}/file`,
    schema: '/v2/schemas/image',
  };
}
