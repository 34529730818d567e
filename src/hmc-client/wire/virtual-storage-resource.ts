import { z } from 'zod';
import { deviceNumber, deviceNumberToSend, nameToSend, uri, uriOrNone, wwpnOrNone } from './common.ts';
import { field, optional, readAll, writerOf } from './fields.ts';
import type { ReadOf, WriteOf } from './fields.ts';

const wwpnInfo = optional(z.looseObject({ 'world-wide-port-name': wwpnOrNone, status: optional(z.string()) }));

/** Source: python-zhmcclient _virtual_storage_resource.py. */
const virtualStorageResourceFields = {
  name: field('name', z.string(), nameToSend),
  description: field('description', optional(z.string()), z.string().max(1024)),
  partitionUri: field('partition-uri', uriOrNone),
  deviceNumber: field('device-number', optional(deviceNumber), deviceNumberToSend),
  /** Absent until discovery has verified a port. */
  adapterPortUri: field('adapter-port-uri', uriOrNone, uri),
  wwpnInfo: field('world-wide-port-name-info', wwpnInfo),
  /** The plain form, which z14 samples show beside the structured one. */
  plainWwpn: field('world-wide-port-name', wwpnOrNone),
} as const;

type Read = ReadOf<typeof virtualStorageResourceFields>;

/**
 * A virtual storage resource: on machines with storage management, it takes the place of a vHBA. `wwpnStatus` is
 * `validated` or `not-validated`.
 *
 * @public
 */
export type VirtualStorageResource = Omit<Read, 'wwpnInfo' | 'plainWwpn'> & {
  readonly uri: string;
  readonly wwpn: Read['plainWwpn'];
  readonly wwpnStatus: string | undefined;
};

/** Answer of Get Virtual Storage Resource Properties. */
export const virtualStorageResourceAnswer = readAll(virtualStorageResourceFields);

/** Returns the WWPN from either of its two forms. */
export function toVirtualStorageResource(uri: string, read: Read): VirtualStorageResource {
  const { wwpnInfo: info, plainWwpn, ...rest } = read;
  return { uri, ...rest, wwpn: info?.['world-wide-port-name'] ?? plainWwpn, wwpnStatus: info?.status };
}

/** @public */
export type UpdateVirtualStorageResource = WriteOf<
  typeof virtualStorageResourceFields,
  'name' | 'description' | 'deviceNumber' | 'adapterPortUri'
>;

/** Body of Update Virtual Storage Resource Properties. */
export const updateVirtualStorageResourceBody = writerOf(virtualStorageResourceFields, [
  'name',
  'description',
  'deviceNumber',
  'adapterPortUri',
]);
