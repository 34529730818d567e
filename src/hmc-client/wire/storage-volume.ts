import { z } from 'zod';
import { deviceNumber, hex16ToSend, lunOrNone, nameToSend, uri, uriOrNone, wwpnOrNone } from './common.ts';
import { field, optional, readAll, writerOf } from './fields.ts';
import type { ReadOf, WriteOf } from './fields.ts';

/** A path that discovery has verified. Source: python-zhmcclient _storage_volume.py. */
const path = readAll({
  partitionUri: field('partition-uri', uriOrNone),
  deviceNumber: field('device-number', optional(deviceNumber)),
  targetWwpn: field('target-world-wide-port-name', wwpnOrNone),
  lun: field('logical-unit-number', lunOrNone),
});

/** Identifies FCP volumes: 32 hex digits, converted to upper case. Source: python-zhmcclient _storage_volume.py. */
const volumeUuid = z
  .string()
  .nullish()
  .transform((text) => (text ? text.toUpperCase() : undefined));

/** Properties of a storage volume of any type of group. Sizes are GiB. */
const storageVolumeFields = {
  name: field('name', optional(z.string()), nameToSend),
  description: field('description', optional(z.string()), z.string().max(100)),
  sizeGib: field('size', optional(z.number()), z.number().min(1).max(1_048_576)),
  activeSizeGib: field('active-size', optional(z.number())),
  usage: field('usage', optional(z.string()), z.enum(['boot', 'data'])),
  fulfillmentState: field('fulfillment-state', optional(z.string())),
  uuid: field('uuid', volumeUuid),
  paths: field('paths', z.array(path).default([])),
  /** FICON and NVMe volumes. */
  deviceNumber: field('device-number', optional(deviceNumber)),
  model: field('model', optional(z.string())),
  adapterUri: field('adapter-uri', uriOrNone),
} as const;

/** A storage volume of a storage group. @public */
export type StorageVolume = ReadOf<typeof storageVolumeFields> & { readonly uri: string };

/** Answer of Get Storage Volume Properties. */
export const storageVolumeAnswer = readAll(storageVolumeFields);

const writable = ['name', 'description', 'sizeGib', 'usage'] as const;

/** A volume to create. The caller chooses the name, because DPM's names are not unique. @public */
export type NewStorageVolume = WriteOf<typeof storageVolumeFields, 'description' | 'usage'> & {
  readonly name: string;
  readonly sizeGib: number;
};

/** One change to the volumes of a group. @public */
export type StorageVolumeChange =
  | ({ readonly operation: 'create' } & NewStorageVolume)
  | ({ readonly operation: 'modify'; readonly uri: string } & WriteOf<
      typeof storageVolumeFields,
      (typeof writable)[number]
    >)
  | { readonly operation: 'delete'; readonly uri: string };

/** A volume of Create Storage Group, where `create` is the only operation. */
export const newVolume = writerOf(storageVolumeFields, writable).transform((body) => ({
  operation: 'create',
  ...body,
}));

function changeFields(operation: StorageVolumeChange['operation']) {
  const literal = z.literal(operation);
  return { ...storageVolumeFields, operation: field('operation', literal), uri: field('element-uri', uri) };
}

/** A volume of Modify Storage Group Properties. */
export const volumeChange = z.union([
  writerOf(changeFields('create'), ['operation', ...writable]),
  writerOf(changeFields('modify'), ['operation', 'uri', ...writable]),
  writerOf(changeFields('delete'), ['operation', 'uri']),
]);

/** Input of Fulfill FCP Storage Volume: where the LUN of a volume is. @public */
export type FcpFulfillment = WriteOf<typeof fulfillmentFields> & {
  readonly targetWwpn: string;
  readonly lun: string;
  readonly adapterPortUri: string;
};

const fulfillmentFields = {
  targetWwpn: field('world-wide-port-name', wwpnOrNone, hex16ToSend),
  lun: field('logical-unit-number', lunOrNone, hex16ToSend),
  adapterPortUri: field('adapter-port-uri', uri),
} as const;

/** Body of Fulfill FCP Storage Volume. */
export const fulfillFcpBody = writerOf(fulfillmentFields, ['targetWwpn', 'lun', 'adapterPortUri']);
