import { z } from 'zod';
import type { Image, ImageDetail, VolumeType } from '../types.ts';
import { identifier } from './parse.ts';

/** A volume type. Source: cinder api/v3/views/types.py. */
const volumeType = z
  .looseObject({ id: identifier, name: z.string(), description: z.string().nullish() })
  .transform(({ id, name, description }): VolumeType => ({ id, name, description: description ?? undefined }));

export const volumeTypePage = z.looseObject({ volume_types: z.array(volumeType) });

/** A user message. Source: cinder api/v3/views/messages.py. */
const message = z
  .looseObject({ user_message: z.string(), resource_uuid: z.string().nullish() })
  .transform((wire) => ({ text: wire.user_message, resourceId: wire.resource_uuid ?? undefined }));

export const messagePage = z.looseObject({ messages: z.array(message) });

/** An image of Glance v2. Source: glance api/v2/images.py, ResponseSerializer. */
const image = z
  .looseObject({ id: identifier, name: z.string().nullish(), status: z.string() })
  .transform(({ id, name, status }): Image => ({ id, name: name ?? '', status }));

export const imageAnswer = image;
export const imagePage = z.looseObject({ images: z.array(image) });

/** Source: glance schema-image and api/v2/images.py: custom properties are members of the image, beside its own ones. */
export const imageDetailAnswer = z
  .looseObject({
    id: identifier,
    name: z.string().nullish(),
    status: z.string(),
    disk_format: z.string().nullish(),
    size: z.number().int().nonnegative().nullish(),
    checksum: z.string().nullish(),
    os_hash_algo: z.string().nullish(),
    os_hash_value: z.string().nullish(),
  })
  .transform((wire): ImageDetail => {
    const { id, name, status, disk_format: diskFormat, size, checksum } = wire;
    const { os_hash_algo: algorithm, os_hash_value: value } = wire;
    const md5 = checksum ? { algorithm: 'md5', value: checksum.toLowerCase() } : undefined;
    return {
      id,
      name: name ?? '',
      status,
      diskFormat: diskFormat ?? null,
      bytes: size ?? null,
      hash: algorithm && value ? { algorithm, value: value.toLowerCase() } : md5,
      properties: Object.fromEntries(
        Object.entries(wire).filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
      ),
    };
  });
