import type { HmcContext } from '../context.ts';
import { numberOf, textOf, textsOf, type Props } from '../model/json.ts';
import type { Resource, ResourceClass } from '../model/model.ts';
import { refuse } from '../model/refusal.ts';
import { bootDevices, bootDevicesWithCompanion, bootDevicesWithFields } from './partition-rules.ts';
import { requireFields } from './property-rule.ts';

/** What the fields of a Create Partition have to do with each other. */
export function checkNewPartition(context: HmcContext, cpc: Resource, body: Readonly<Props>): void {
  checkProcessors(body);
  checkMemory(context, body);
  checkSharing(body, body);
  if (body['autogenerate-partition-id'] === false) requireFields(body, ['partition-id']);
  if (body['autogenerate-partition-id'] !== false && textOf(body, 'partition-id') !== '') {
    refuse('contradiction', "'partition-id' is given although it is to be generated");
  }
  if (body.type === 'ssc') requireFields(body, ['ssc-host-name', 'ssc-master-userid', 'ssc-master-pw']);
  checkBootDevice(context, cpc, body);
  const device = textOf(body, 'boot-device');
  requireFields(body, bootDevicesWithFields[device] ?? []);
  if (bootDevicesWithCompanion[device] !== undefined) {
    refuse('contradiction', `'boot-device' ${device} needs what a partition has only after it was created`);
  }
  checkSecureBoot({ type: 'linux', ...body });
}

/** Exactly one kind of processors (zhmcclient issue 258). */
function checkProcessors(body: Readonly<Props>): void {
  const kinds = ['ifl-processors', 'cp-processors'].filter((field) => body[field] !== undefined);
  if (kinds.length === 2) refuse('contradiction', "only one of 'ifl-processors' and 'cp-processors' may be given");
  if (kinds.length === 0) refuse('fieldMissing', "one of 'ifl-processors' and 'cp-processors' is required");
}

/** What is required and what may be combined, once the update is merged with what the partition has. */
export function checkPartitionUpdate(context: HmcContext, partition: Resource, body: Readonly<Props>): void {
  const merged: Props = { ...partition.props, ...body };
  checkMemory(context, merged);
  checkProcessorCounts(merged, body);
  checkSharing(merged, body);
  checkCapacityGroup(context, partition, body);
  checkBootDevice(context, partition, body);
  checkCompanions(merged, body);
  checkReferences(context, partition, body);
  checkSecureBoot(merged);
}

/** Initial memory is at most maximum memory, both in the machine's increments (the increment itself is not public). */
function checkMemory({ options }: HmcContext, props: Readonly<Props>): void {
  const increment = options.memoryIncrementMib ?? 512;
  const fields = ['initial-memory', 'maximum-memory'];
  const odd = fields.find((field) => numberOf(props, field) % increment !== 0);
  if (odd !== undefined) refuse('fieldInvalid', `the value of '${odd}' must be a multiple of ${increment} MiB`);
  if (numberOf(props, 'initial-memory') > numberOf(props, 'maximum-memory')) {
    refuse('contradiction', "'initial-memory' exceeds 'maximum-memory'");
  }
}

/** A partition has processors of one kind (zhmcclient issue 258); the reasons of an update are not public (inferred). */
function checkProcessorCounts(merged: Readonly<Props>, body: Readonly<Props>): void {
  const kinds = ['ifl-processors', 'cp-processors'];
  const used = kinds.filter((field) => numberOf(merged, field) > 0);
  if (kinds.some((field) => body[field] !== undefined) && used.length !== 1)
    refuse('contradiction', "exactly one of 'ifl-processors' and 'cp-processors' must exceed 0");
}

/**
 * Weights and caps are for shared processors, and an initial weight is between the minimum and the maximum weight. Source:
 * zhmccli, partition create and update; the reason codes are not public (inferred).
 */
function checkSharing(merged: Readonly<Props>, body: Readonly<Props>): void {
  for (const kind of ['ifl', 'cp']) {
    const weights = ['minimum', 'initial', 'maximum'].map((which) => `${which}-${kind}-processing-weight`);
    const [least, initial, greatest] = weights.map((field) => merged[field]);
    if (Number(least ?? 1) > Number(initial ?? 100) || Number(initial ?? 100) > Number(greatest ?? 999)) {
      refuse('contradiction', `the ${kind} weights must satisfy minimum <= initial <= maximum`);
    }
    if (merged['processor-mode'] !== 'dedicated') continue;
    const caps = [`${kind}-processing-weight-capped`, `${kind}-absolute-processor-capping`];
    const wrong = weights.find((field) => body[field] !== undefined) ?? caps.find((field) => merged[field] === true);
    if (wrong !== undefined) refuse('contradiction', `'${wrong}' is for shared processors`);
  }
}

/** The partitions of a capacity group share processors (409.170 of Add Partition; of Update it is inferred). */
function checkCapacityGroup({ model }: HmcContext, partition: Resource, body: Readonly<Props>): void {
  if (body['processor-mode'] !== 'dedicated') return;
  const isMember = model
    .all('capacity-group')
    .some(({ props }) => textsOf(props, 'partition-uris').includes(partition.uri));
  if (isMember)
    refuse('processorsDedicated', 'the partition is in a capacity group, whose partitions share processors');
}

function checkBootDevice(context: HmcContext, resource: Resource, body: Readonly<Props>): void {
  if (body['boot-device'] === undefined) return;
  const values = bootDevices(context.hasStorageManagement(resource));
  if (!values.includes(textOf(body, 'boot-device'))) {
    refuse('fieldInvalid', `the value of 'boot-device' must be one of ${values.join(', ')}`);
  }
}

/** A boot device that is chosen now needs its companions, given now or before. */
function checkCompanions(merged: Readonly<Props>, body: Readonly<Props>): void {
  if (body['boot-device'] === undefined) return;
  const device = textOf(body, 'boot-device');
  const needed = [...(bootDevicesWithCompanion[device] ?? []), ...(bootDevicesWithFields[device] ?? [])];
  const missing = needed.find((field) => textOf(merged, field) === '');
  if (missing !== undefined) refuse('fieldMissing', `'boot-device' ${device} needs '${missing}'`);
}

/** URIs inside the body: 404.2 when they lead nowhere, or not to something of this partition. */
function checkReferences(context: HmcContext, partition: Resource, body: Readonly<Props>): void {
  checkOwn(context, partition, body, 'boot-storage-device', 'hba');
  checkOwn(context, partition, body, 'boot-network-device', 'nic');
  const uri = textOf(body, 'boot-storage-volume');
  if (uri === '') return;
  const volume = context.model.find('storage-volume', uri);
  if (volume === undefined) return refuse('referenceNotFound', `there is no storage volume at ${uri}`);
  if (!textsOf(partition.props, 'storage-group-uris').includes(volume.parent ?? '')) {
    refuse('contradiction', 'the storage group of the boot volume is not attached to the partition');
  }
  if (volume.props.usage !== 'boot') refuse('contradiction', "the usage of the storage volume is not 'boot'");
  if (volume.props['fulfillment-state'] !== 'complete') {
    refuse('storageVolumeNotFulfilled', 'Storage volume is not fulfilled');
  }
}

function checkOwn(
  { model }: HmcContext,
  partition: Resource,
  body: Readonly<Props>,
  field: string,
  kind: ResourceClass,
): void {
  const uri = textOf(body, field);
  if (uri !== '' && model.find(kind, uri)?.parent !== partition.uri) {
    refuse('referenceNotFound', `'${field}' names no ${kind} of the partition: ${uri}`);
  }
}

/** Secure boot is for Linux (zhmcclient's property table). */
function checkSecureBoot(props: Readonly<Props>): void {
  if (props['secure-boot'] === true && props.type !== 'linux') {
    refuse('contradiction', "'secure-boot' is for partitions of type linux");
  }
}
