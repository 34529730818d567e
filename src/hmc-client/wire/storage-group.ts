import { z } from 'zod';
import { nameToSend, uri, uriOrNone, uris, wwpnOrNone } from './common.ts';
import { field, optional, readAll, writerOf } from './fields.ts';
import type { ReadOf, WriteOf } from './fields.ts';
import { newVolume, volumeChange } from './storage-volume.ts';
import type { NewStorageVolume, StorageVolumeChange } from './storage-volume.ts';

/**
 * Initiators that DPM has created for the group, and that no virtual storage resource uses yet. Source:
 * python-zhmcclient _storage_group.py.
 */
const unassignedWwpn = z
  .looseObject({ 'world-wide-port-name': wwpnOrNone, status: optional(z.string()) })
  .transform((wire) => ({ wwpn: wire['world-wide-port-name'], status: wire.status }));

/**
 * Properties of a storage group that the client reads or sends. A property of one type of group is undefined for other
 * types. Source: python-zhmcclient _storage_group.py.
 */
const storageGroupFields = {
  name: field('name', z.string(), nameToSend),
  description: field('description', z.string(), z.string().max(200)),
  type: field('type', z.string(), z.enum(['fcp', 'fc', 'nvme'])),
  cpcUri: field('cpc-uri', uri),
  shared: field('shared', optional(z.boolean()), z.boolean()),
  connectivity: field('connectivity', optional(z.int()), z.int().min(1)),
  maxPartitions: field('max-partitions', optional(z.int()), z.int().min(1)),
  directConnectionCount: field('direct-connection-count', optional(z.int()), z.int().min(0).max(1000)),
  fulfillmentState: field('fulfillment-state', z.string()),
  storageVolumeUris: field('storage-volume-uris', uris),
  virtualStorageResourceUris: field('virtual-storage-resource-uris', uris),
  candidateAdapterPortUris: field('candidate-adapter-port-uris', uris),
  activeConnectivity: field('active-connectivity', optional(z.int())),
  activeMaxPartitions: field('active-max-partitions', optional(z.int())),
  unassignedWwpns: field('unassigned-world-wide-port-names', z.array(unassignedWwpn).default([])),
  storageVolumes: field('storage-volumes', z.unknown().optional(), z.array(volumeChange)),
} as const;

const { storageVolumes: _request, ...readFields } = storageGroupFields;

/** A storage group. @public */
export type StorageGroup = ReadOf<typeof readFields> & { readonly uri: string };

/** Answer of Get Storage Group Properties. */
export const storageGroupAnswer = readAll(readFields);

/** Item of List Storage Groups. Source: python-zhmcclient _storage_group.py. */
const storageGroupSummaryFields = {
  uri: field('object-uri', uri),
  cpcUri: field('cpc-uri', uri),
  name: field('name', z.string()),
  fulfillmentState: field('fulfillment-state', z.string()),
  type: field('type', z.string()),
} as const;

/** @public */
export type StorageGroupSummary = ReadOf<typeof storageGroupSummaryFields>;

/** Answer of List Storage Groups. */
export const storageGroupListAnswer = z.looseObject({ 'storage-groups': z.array(readAll(storageGroupSummaryFields)) });

const settings = ['description', 'shared', 'connectivity', 'maxPartitions', 'directConnectionCount'] as const;

/**
 * Input of Create Storage Group. Each volume has a name of the caller, so that it can be looked up if the answer is
 * lost. @public
 */
export type CreateStorageGroup = WriteOf<typeof storageGroupFields, (typeof settings)[number]> & {
  readonly cpcUri: string;
  readonly type: 'fcp' | 'fc' | 'nvme';
  readonly name: string;
  readonly storageVolumes: readonly NewStorageVolume[];
};

/** Input of Modify Storage Group Properties: settings, and volumes to create, change or delete. @public */
export type ModifyStorageGroup = WriteOf<typeof storageGroupFields, 'name' | (typeof settings)[number]> & {
  readonly storageVolumes?: readonly StorageVolumeChange[] | undefined;
};

const creating = { ...storageGroupFields, storageVolumes: field('storage-volumes', z.unknown(), z.array(newVolume)) };
/** Body of Create Storage Group. */
export const createStorageGroupBody = writerOf(creating, ['cpcUri', 'type', 'name', ...settings, 'storageVolumes']);
/** Body of Modify Storage Group Properties. */
export const modifyStorageGroupBody = writerOf(storageGroupFields, ['name', ...settings, 'storageVolumes']);

/** Item of Get Partitions for a Storage Group. Source: python-zhmcclient, StorageGroup.list_attached_partitions. */
const attachedPartitionFields = {
  /** Absent if the user may not see the partition. Source: IBM WS API, Get Partitions for a Tape Link, 3931-LA1. */
  uri: field('object-uri', uriOrNone),
  name: field('name', z.string()),
  status: field('status', optional(z.string())),
} as const;

/** A partition that a storage group is attached to. @public */
export type AttachedPartition = ReadOf<typeof attachedPartitionFields>;

/** Answer of Get Partitions for a Storage Group. */
export const attachedPartitionsAnswer = z.looseObject({ partitions: z.array(readAll(attachedPartitionFields)) });

/**
 * URIs of new volumes, in the order of the request. May be absent if no volume is new. Source: python-zhmcclient
 * _storage_group.py.
 */
export const volumesCreated = z
  .looseObject({ 'element-uris': uris })
  .optional()
  .transform((wire): readonly string[] => wire?.['element-uris'] ?? []);

/** A new group and its volumes, in the order of the request. @public */
export interface CreatedStorageGroup {
  readonly uri: string;
  readonly volumeUris: readonly string[];
}

/** Answer of Create Storage Group. */
export const storageGroupCreated = z
  .looseObject({ 'object-uri': uri, 'element-uris': uris })
  .transform((wire): CreatedStorageGroup => ({ uri: wire['object-uri'], volumeUris: wire['element-uris'] }));

const storageConfiguration = z.looseObject({ 'volumes-configuration-status': z.string() });

/**
 * Answer of Get Connection Report. Only these fields are documented well enough; the others stay in `raw`. Source: IBM
 * WS API, Get Connection Report.
 */
export const connectionReportAnswer = z
  .looseObject({
    'last-scan-time': z.number().nullish(),
    'fcp-storage-subsystems': z
      .array(z.looseObject({ 'storage-configurations': z.array(storageConfiguration).default([]) }))
      .default([]),
  })
  .transform((wire) => ({
    lastScanTime: wire['last-scan-time'] ?? undefined,
    configurationStatuses: wire['fcp-storage-subsystems'].flatMap((subsystem) =>
      subsystem['storage-configurations'].map((it) => it['volumes-configuration-status']),
    ),
    raw: wire, // all fields, including unknown ones
  }));

/**
 * The result of discovery: the time of the last search (epoch milliseconds), and for each storage subsystem and
 * initiator whether it presents the right volumes (`correct-volumes`).
 *
 * @public
 */
export type ConnectionReport = z.output<typeof connectionReportAnswer>;
