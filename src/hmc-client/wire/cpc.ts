import { z } from 'zod';
import { uri, wwpnOrNone } from './common.ts';
import { field, optional, readAll } from './fields.ts';
import type { ReadOf } from './fields.ts';

const feature = z.looseObject({ name: z.string(), state: z.boolean() });

/** Absent before API 2.23, which means: none. Source: python-zhmcclient docs/concepts.rst, Firmware features. */
const enabledFeatures = z
  .array(feature)
  .nullish()
  .transform((list): ReadonlySet<string> => new Set((list ?? []).filter(({ state }) => state).map(({ name }) => name)));

/** What we read of a CPC. Source: python-zhmcclient _cpc.py; memory is MiB. */
export const cpcFields = {
  name: field('name', z.string()),
  status: field('status', z.string()),
  dpmEnabled: field('dpm-enabled', z.boolean()),
  seVersion: field('se-version', z.string()),
  machineType: field('machine-type', optional(z.string())),
  machineModel: field('machine-model', optional(z.string())),
  machineSerialNumber: field('machine-serial-number', optional(z.string())),
  processorCountIfl: field('processor-count-ifl', optional(z.int())),
  processorCountGeneralPurpose: field('processor-count-general-purpose', optional(z.int())),
  storageCustomer: field('storage-customer', optional(z.number())),
  storageCustomerAvailable: field('storage-customer-available', optional(z.number())),
  maximumPartitions: field('maximum-partitions', optional(z.int())),
  managementWwpn: field('management-world-wide-port-name', wwpnOrNone),
  features: field('available-features-list', enabledFeatures),
} as const;

/** Item of List CPC Objects. The last two since 2.14. Source: python-zhmcclient _cpc.py. */
const cpcSummaryFields = {
  uri: field('object-uri', uri),
  name: field('name', z.string()),
  status: field('status', z.string()),
  dpmEnabled: field('dpm-enabled', optional(z.boolean())),
  seVersion: field('se-version', optional(z.string())),
} as const;

/** @public */
export type CpcSummary = ReadOf<typeof cpcSummaryFields>;

/** Answer of List CPC Objects. */
export const cpcListAnswer = z.looseObject({
  cpcs: z.array(readAll(cpcSummaryFields)),
});

/**
 * Name of the firmware feature that replaces HBAs by storage groups. Source: python-zhmcclient docs/concepts.rst,
 * Firmware features.
 */
const STORAGE_MANAGEMENT = 'dpm-storage-management';

/**
 * A CPC. Memory is MiB; a count that the machine level does not have is undefined.
 *
 * @public
 */
export type Cpc = ReadOf<typeof cpcFields> & {
  readonly uri: string;
  /** Whether the CPC has storage groups instead of vHBAs, according to its firmware features, not its machine type. */
  readonly hasStorageManagement: boolean;
};

/** Adds derived properties. */
export function toCpc(uri: string, read: ReadOf<typeof cpcFields>): Cpc {
  return { uri, ...read, hasStorageManagement: read.features.has(STORAGE_MANAGEMENT) };
}
