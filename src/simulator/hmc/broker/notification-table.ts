import type { ResourceClass } from '../model/model.ts';

/**
 * Classes whose `status` has the qualifier sc: a change is a status-change notification, never a property-change (IBM WS
 * API, data models of CPC, Partition, Adapter and Logical Partition; python-zhmcclient _auto_updater.py).
 */
export const statusClasses: readonly ResourceClass[] = ['adapter', 'cpc', 'logical-partition', 'partition'];

/**
 * Elements whose creation and deletion is an inventory-change notification. An HMC sends one for every object, but only for
 * some elements. Sources: IBM WS API, Inventory change notification (3931-LA1), Create HBA; for the others than HBA, NIC and
 * virtual function (inferred).
 */
export const reportedElements: readonly ResourceClass[] = [
  'capacity-group',
  'hba',
  'nic',
  'storage-volume',
  'virtual-function',
  'virtual-storage-resource',
];

/** Properties of an object that list its elements: they change with the elements. */
export const listedIn: Partial<Readonly<Record<ResourceClass, string>>> = {
  hba: 'hba-uris',
  nic: 'nic-uris',
  'storage-volume': 'storage-volume-uris',
  'virtual-function': 'virtual-function-uris',
  'virtual-storage-resource': 'virtual-storage-resource-uris',
};

/** Properties whose values are never published: those with the qualifier wo (IBM WS API, Property change notification). */
export const writeOnlyProperties: readonly string[] = ['boot-ftp-password'];

/** Properties without the qualifier pc: they identify the resource, or belong to a status-change notification. */
export const silentProperties: readonly string[] = [
  'class',
  'element-id',
  'element-uri',
  'has-unacceptable-status',
  'object-id',
  'object-uri',
  'parent',
];
