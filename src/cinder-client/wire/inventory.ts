import { z } from 'zod';
import type { Image, VolumeType } from '../types.ts';
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
