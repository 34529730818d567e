import { z } from 'zod';
import type { CreateVolume, Volume, VolumeAttachment } from '../types.ts';
import { identifier } from './parse.ts';

const attachment = z
  .looseObject({
    attachment_id: identifier,
    server_id: z.string().nullish(),
    host_name: z.string().nullish(),
    device: z.string().nullish(),
  })
  .transform((wire): VolumeAttachment => ({
    attachmentId: wire.attachment_id,
    serverId: wire.server_id ?? undefined,
    hostName: wire.host_name ?? undefined,
    device: wire.device ?? undefined,
  }));

/** A volume in detail. Source: cinder api/v3/views/volumes.py. */
const volume = z
  .looseObject({
    id: identifier,
    name: z.string().nullish(),
    status: z.string(),
    size: z.number(),
    /** Cinder sends a string, not a boolean. */
    bootable: z.enum(['true', 'false']).or(z.boolean()).nullish(),
    multiattach: z.boolean().nullish(),
    encrypted: z.boolean().nullish(),
    attachments: z.array(attachment).default([]),
    description: z.string().nullish(),
    volume_type: z.string().nullish(),
    availability_zone: z.string().nullish(),
    created_at: z.string().nullish(),
    metadata: z.record(z.string(), z.string()).default({}),
  })
  .transform((wire): Volume => ({
    id: wire.id,
    name: wire.name ?? '',
    status: wire.status,
    sizeGib: wire.size,
    bootable: wire.bootable === 'true' || wire.bootable === true,
    multiattach: wire.multiattach ?? false,
    encrypted: wire.encrypted ?? false,
    attachments: wire.attachments,
    description: wire.description ?? undefined,
    volumeType: wire.volume_type ?? undefined,
    availabilityZone: wire.availability_zone ?? undefined,
    createdAt: wire.created_at ?? undefined,
    metadata: wire.metadata,
  }));

const links = z.array(z.looseObject({ rel: z.string(), href: z.string() })).optional();

export const volumeAnswer = z.looseObject({ volume });
export const volumePage = z.looseObject({ volumes: z.array(volume), volumes_links: links });
/** For responses whose volumes are not used. */
export const anyVolumes = z.looseObject({ volumes: z.array(z.unknown()) });

/** Returns the body of `POST /volumes`, without undefined keys. Cinder 3.53 and later reject unknown keys. */
export function volumeRequest(wanted: CreateVolume): unknown {
  return {
    volume: {
      size: wanted.sizeGib,
      name: wanted.name,
      description: wanted.description,
      volume_type: wanted.volumeType,
      availability_zone: wanted.availabilityZone,
      metadata: wanted.metadata,
      imageRef: wanted.imageRef,
      snapshot_id: wanted.snapshotId,
      source_volid: wanted.sourceVolumeId,
    },
  };
}
