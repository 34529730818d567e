import { z } from 'zod';
import { hex16ToSend, lunOrNone, nameToSend, uri, uriOrNone, uris, wwpnOrNone } from './common.ts';
import { cryptoOrNone } from './crypto.ts';
import { field, optional, readSome, writerOf } from './fields.ts';
import type { ReadSome, WireName, WriteOf } from './fields.ts';

const text = z.string();
const flag = optional(z.boolean());
const count = optional(z.number());
const processors = z.int().min(0);
const memoryMib = z.int().min(1);
const weight = z.int().min(1).max(999);
const uriToSend = uri.nullable();

/**
 * Properties of a partition. Memory is MiB, the boot time-out seconds. Properties that a level does not know are undefined.
 * Source: zhmc-ansible-modules zhmc_partition.py.
 */
export const partitionFields = {
  name: field('name', text, nameToSend),
  description: field('description', text, z.string().max(1024)),
  type: field('type', text, z.enum(['linux', 'ssc', 'zvm'])),
  status: field('status', text),
  hasUnacceptableStatus: field('has-unacceptable-status', flag),
  acceptableStatus: field('acceptable-status', optional(z.array(text)), z.array(text)),
  shortName: field('short-name', optional(text), z.string().regex(/^[A-Z0-9]{1,8}$/)),
  partitionId: field('partition-id', optional(text), z.string().regex(/^[0-7][0-9a-f]$/)),
  autogeneratePartitionId: field('autogenerate-partition-id', flag, z.boolean()),

  iflProcessors: field('ifl-processors', z.int(), processors),
  cpProcessors: field('cp-processors', z.int(), processors),
  processorMode: field('processor-mode', text, z.enum(['shared', 'dedicated'])),
  initialMemory: field('initial-memory', z.number(), memoryMib),
  maximumMemory: field('maximum-memory', z.number(), memoryMib),
  reserveResources: field('reserve-resources', flag, z.boolean()),
  initialIflProcessingWeight: field('initial-ifl-processing-weight', count, weight),
  minimumIflProcessingWeight: field('minimum-ifl-processing-weight', count, weight),
  maximumIflProcessingWeight: field('maximum-ifl-processing-weight', count, weight),
  initialCpProcessingWeight: field('initial-cp-processing-weight', count, weight),
  iflProcessingWeightCapped: field('ifl-processing-weight-capped', flag, z.boolean()),
  iflAbsoluteProcessorCapping: field('ifl-absolute-processor-capping', flag, z.boolean()),
  iflAbsoluteProcessorCappingValue: field('ifl-absolute-processor-capping-value', count, z.number().min(0.01).max(255)),
  /** Changed by operations of its own. */
  cryptoConfiguration: field('crypto-configuration', cryptoOrNone),

  osName: field('os-name', optional(text)),
  osType: field('os-type', optional(text)),
  osVersion: field('os-version', optional(text)),
  degradedAdapters: field('degraded-adapters', z.array(text).default([])),

  bootDevice: field(
    'boot-device',
    text,
    z.enum([
      'none',
      'storage-adapter',
      'storage-volume',
      'network-adapter',
      'ftp',
      'ftps',
      'sftp',
      'removable-media',
      'iso-image',
    ]),
  ),
  /** vHBA of the boot path; only without storage management. */
  bootStorageDevice: field('boot-storage-device', uriOrNone, uriToSend),
  bootWorldWidePortName: field('boot-world-wide-port-name', wwpnOrNone, hex16ToSend),
  bootLogicalUnitNumber: field('boot-logical-unit-number', lunOrNone, hex16ToSend),
  /** Storage volume to boot from; only with storage management. */
  bootStorageVolume: field('boot-storage-volume', uriOrNone, uriToSend),
  bootConfigurationSelector: field('boot-configuration-selector', count, z.int().min(0).max(30)),
  /**
   * Whether the boot configuration selector is used. Absent on levels that always use it, null without a boot volume.
   * (zhmccli, partition update; DPM exports in zhmcclient's tests.)
   */
  bootConfiguration: field('boot-configuration', text.nullish(), z.enum(['selector', 'automatic'])),
  bootRecordLba: field('boot-record-lba', optional(text), z.string().regex(/^[0-9a-f]{1,16}$/)),
  bootLoaderMode: field('boot-loader-mode', optional(text), z.enum(['channel-command-word', 'list-directed'])),
  bootLoadParameters: field('boot-load-parameters', optional(text), z.string().regex(/^[0-9A-Z@$#. ]{0,8}$/)),
  bootOsSpecificParameters: field('boot-os-specific-parameters', optional(text), z.string().max(256)),
  bootNetworkDevice: field('boot-network-device', uriOrNone, uriToSend),
  bootFtpHost: field('boot-ftp-host', text.nullish(), text.nullable()),
  bootFtpUsername: field('boot-ftp-username', text.nullish(), text.nullable()),
  /** Never returned. */
  bootFtpPassword: field('boot-ftp-password', text.nullish(), text.nullable()),
  bootFtpInsfile: field('boot-ftp-insfile', text.nullish(), text.nullable()),
  /** The mounted ISO image; see "Mount ISO Image". */
  bootIsoImageName: field('boot-iso-image-name', text.nullish()),
  bootIsoInsFile: field('boot-iso-ins-file', text.nullish(), text.nullable()),
  bootTimeout: field('boot-timeout', count, z.int().min(60).max(600)),
  secureBoot: field('secure-boot', flag, z.boolean()),

  nicUris: field('nic-uris', uris),
  /** Empty, or absent, on a CPC with storage management. */
  hbaUris: field('hba-uris', uris),
  /** Absent on a CPC without storage management. */
  storageGroupUris: field('storage-group-uris', uris),
  parent: field('parent', optional(text)),
} as const;

/** Wire name of a readable property. @public */
export type PartitionProperty = WireName<typeof partitionFields>;

/** A partition with the requested properties. @public */
export type PartitionWith<P extends PartitionProperty> = ReadSome<typeof partitionFields, P> & {
  readonly uri: string;
};

/** A partition with all properties. @public */
export type Partition = PartitionWith<PartitionProperty>;

/** Properties of List Partitions on every level. Source: IBM WS API, List Partitions of a CPC, Z16M-A01. */
export const summaryProperties = ['name', 'status', 'type'] as const satisfies readonly PartitionProperty[];

/** @public */
export type PartitionSummary = PartitionWith<(typeof summaryProperties)[number]>;

/** Answer of List Partitions of a CPC, with the URI and these properties. */
export function partitionListAnswer<P extends PartitionProperty>(properties: readonly P[]) {
  const table = { uri: field('object-uri', uri), ...partitionFields };
  const item = readSome(table, ['object-uri', ...properties]) as z.ZodType<PartitionWith<P>>; // the URI is in the table
  return z.looseObject({ partitions: z.array(item) });
}

const creatable = [
  'name',
  'description',
  'type',
  'shortName',
  'partitionId',
  'autogeneratePartitionId',
  'iflProcessors',
  'cpProcessors',
  'processorMode',
  'initialMemory',
  'maximumMemory',
  'reserveResources',
  'initialIflProcessingWeight',
  'minimumIflProcessingWeight',
  'maximumIflProcessingWeight',
  'iflProcessingWeightCapped',
  'iflAbsoluteProcessorCapping',
  'iflAbsoluteProcessorCappingValue',
  'bootTimeout',
] as const satisfies readonly (keyof typeof partitionFields)[];

const updatable = [
  'name',
  'description',
  'shortName',
  'acceptableStatus',
  'iflProcessors',
  'cpProcessors',
  'processorMode',
  'initialMemory',
  'maximumMemory',
  'reserveResources',
  'initialIflProcessingWeight',
  'minimumIflProcessingWeight',
  'maximumIflProcessingWeight',
  'initialCpProcessingWeight',
  'iflProcessingWeightCapped',
  'iflAbsoluteProcessorCapping',
  'iflAbsoluteProcessorCappingValue',
  'bootDevice',
  'bootStorageDevice',
  'bootWorldWidePortName',
  'bootLogicalUnitNumber',
  'bootStorageVolume',
  'bootConfigurationSelector',
  'bootConfiguration',
  'bootRecordLba',
  'bootLoaderMode',
  'bootLoadParameters',
  'bootOsSpecificParameters',
  'bootNetworkDevice',
  'bootFtpHost',
  'bootFtpUsername',
  'bootFtpPassword',
  'bootFtpInsfile',
  'bootIsoInsFile',
  'bootTimeout',
  'secureBoot',
] as const satisfies readonly (keyof typeof partitionFields)[];

/**
 * Input of Create Partition. Exactly one of `iflProcessors` and `cpProcessors` may be present, because 0 may count as
 * present. Set the boot from a disk with an update. Source: IBM WS API, Create Partition,
 * 3932-LA2; python-zhmcclient issue 258.
 *
 * @public
 */
export type CreatePartition = WriteOf<typeof partitionFields, (typeof creatable)[number]> & {
  readonly name: string;
  readonly initialMemory: number;
  readonly maximumMemory: number;
};

/** Input of Update Partition Properties. @public */
export type UpdatePartition = WriteOf<typeof partitionFields, (typeof updatable)[number]>;

/** Body of Create Partition. */
export const createPartitionBody = writerOf(partitionFields, creatable).refine(
  (body) => 'ifl-processors' in body !== 'cp-processors' in body,
  'exactly one of iflProcessors and cpProcessors is needed',
);
/** Body of Update Partition Properties. */
export const updatePartitionBody = writerOf(partitionFields, updatable);
