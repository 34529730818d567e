import { z } from 'zod';
import { deviceNumber, deviceNumberToSend, nameToSend, uri, uriOrNone } from './common.ts';
import { field, optional, readAll, writerOf } from './fields.ts';
import type { ReadOf, WriteOf } from './fields.ts';

/** Lower case with colons. Source: IBM WS API, Create NIC, 3931-LA1. */
const macToSend = z.string().regex(/^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/, 'expected six lower-case hex pairs with colons');
const mac = optional(z.string().transform((text) => text.toLowerCase()));
const vlanId = z.int().min(1).max(4094);

/** Source: IBM WS API, Data model - NIC element object, Z16M-A01; zhmc-ansible-modules zhmc_nic.py. */
export const nicFields = {
  name: field('name', z.string(), nameToSend),
  description: field('description', optional(z.string()), z.string().max(1024)),
  /** `osd`, `iqd`, `roce`, `cna`; on z17 also `osh`, `neth`, `netd`. */
  type: field('type', optional(z.string())),
  /** Of an `osd` NIC, the first of three. */
  deviceNumber: field('device-number', deviceNumber, deviceNumberToSend),
  /** Until z16, for OSA and HiperSockets. */
  virtualSwitchUri: field('virtual-switch-uri', uriOrNone, uri),
  /** For RoCE and CNA; since z17 for every adapter. */
  networkAdapterPortUri: field('network-adapter-port-uri', uriOrNone, uri),
  /** Can be set since z14. */
  macAddress: field('mac-address', mac, macToSend),
  vlanId: field('vlan-id', optional(z.int()), vlanId.nullable()),
  /** `enforced` since z14 together with a VLAN ID. */
  vlanType: field('vlan-type', optional(z.string()), z.literal('enforced').nullable()),
} as const;

/** A virtual network interface card of a partition. @public */
export type Nic = ReadOf<typeof nicFields> & { readonly uri: string };

/**
 * Input of Create NIC: exactly one of the two backings. Without a device number, the HMC chooses one.
 *
 * @public
 */
export type CreateNic = WriteOf<
  typeof nicFields,
  'description' | 'deviceNumber' | 'virtualSwitchUri' | 'networkAdapterPortUri' | 'macAddress' | 'vlanId' | 'vlanType'
> & { readonly name: string };

/** @public */
export type UpdateNic = WriteOf<typeof nicFields, 'name' | 'description' | 'deviceNumber' | 'macAddress'>;

/** Body of Create NIC. */
export const createNicBody = writerOf(nicFields, [
  'name',
  'description',
  'deviceNumber',
  'virtualSwitchUri',
  'networkAdapterPortUri',
  'macAddress',
  'vlanId',
  'vlanType',
]);
/** Body of Update NIC Properties. */
export const updateNicBody = writerOf(nicFields, ['name', 'description', 'deviceNumber', 'macAddress']);

/** Source: python-zhmcclient _virtual_switch.py. */
const virtualSwitchFields = {
  uri: field('object-uri', uri),
  name: field('name', z.string()),
  /** URI of the CPC. */
  parent: field('parent', optional(z.string())),
  /** `osd` or `hipersockets`. */
  type: field('type', optional(z.string())),
  backingAdapterUri: field('backing-adapter-uri', uri),
  /** Index of the port of the adapter. */
  port: field('port', z.int()),
} as const;

/** A virtual switch: one for each network port of an OSA or HiperSockets adapter, until z16. @public */
export type VirtualSwitch = ReadOf<typeof virtualSwitchFields>;

const ofClass = z.looseObject({ class: z.string() });

/** Answer of Get Inventory for the class virtual-switch; items of other classes are left out. */
export const virtualSwitchInventoryAnswer: z.ZodType<VirtualSwitch[]> = z
  .array(ofClass)
  .transform((items) => items.filter((item) => item.class === 'virtual-switch'))
  .pipe(z.array(readAll(virtualSwitchFields)) as z.ZodType<VirtualSwitch[], z.output<typeof ofClass>[]>); // any object
