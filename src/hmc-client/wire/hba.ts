import { z } from 'zod';
import { deviceNumber, deviceNumberToSend, nameToSend, uri, wwpnOrNone } from './common.ts';
import { field, optional, writerOf } from './fields.ts';
import type { ReadOf, WriteOf } from './fields.ts';

/** Source: IBM WS API, Data model - HBA element object, 3932-AGL. */
export const hbaFields = {
  name: field('name', z.string(), nameToSend),
  description: field('description', optional(z.string()), z.string().max(1024)),
  /** Initiator WWPN, assigned by DPM. Normalised, because some z13 HMCs add `0x`. */
  wwpn: field('wwpn', wwpnOrNone),
  deviceNumber: field('device-number', deviceNumber, deviceNumberToSend),
  adapterPortUri: field('adapter-port-uri', uri),
} as const;

/** A virtual HBA of a partition. @public */
export type Hba = ReadOf<typeof hbaFields> & { readonly uri: string };

/** Input of Create HBA. Without a device number, the HMC chooses one. @public */
export type CreateHba = WriteOf<typeof hbaFields, 'description' | 'deviceNumber'> & {
  readonly name: string;
  readonly adapterPortUri: string;
};

/** @public */
export type UpdateHba = WriteOf<typeof hbaFields, 'name' | 'description' | 'deviceNumber'>;

/** Body of Create HBA. */
export const createHbaBody = writerOf(hbaFields, ['name', 'description', 'deviceNumber', 'adapterPortUri']);
/** Body of Update HBA Properties. */
export const updateHbaBody = writerOf(hbaFields, ['name', 'description', 'deviceNumber']);
