import { assignDeviceNumber } from '../device-numbers.ts';
import type { HmcContext } from '../context.ts';
import { numberOf, objectsOf, textOf, textsOf, type Props } from '../model/json.ts';
import type { Resource } from '../model/model.ts';
import { refuse } from '../model/refusal.ts';
import { checkBody, requireFields } from '../rules/property-rule.ts';
import { fcpState } from './fcp-state.ts';
import { volumeFields, volumeRules } from './group-rules.ts';

/** Checks the `storage-volumes` of a request before anything is changed. `group` is absent when it is to be created. */
export function checkVolumes(context: HmcContext, type: string, body: Readonly<Props>, group?: Resource): void {
  for (const entry of objectsOf(body, 'storage-volumes')) {
    requireFields(entry, ['operation']);
    const isCreate = entry.operation === 'create';
    if (!isCreate && (group === undefined || entry.operation === undefined)) {
      refuse('fieldInvalid', "a new group's volumes can only be created");
    }
    checkBody(volumeRules, entry, isCreate ? 'create' : 'update');
    checkFields(type, entry);
    if (isCreate) checkNew(context, type, entry);
    else if (group !== undefined) checkExisting(context, group, entry);
  }
}

const common = ['operation', 'element-uri', 'name', 'description', 'usage'];

function checkFields(type: string, entry: Readonly<Props>): void {
  const known = [...common, ...(volumeFields[type] ?? [])];
  const wrong = Object.keys(entry).find((field) => !known.includes(field));
  if (wrong !== undefined) refuse('fieldUnknown', `volumes of type ${type} have no '${wrong}'`);
}

function checkNew({ model }: HmcContext, type: string, entry: Readonly<Props>): void {
  if (type === 'fcp') requireFields(entry, ['size']);
  if (type === 'nvme') {
    requireFields(entry, ['adapter-uri']);
    const adapter = model.find('adapter', textOf(entry, 'adapter-uri'));
    if (adapter?.props.type !== 'nvme') refuse('referenceNotFound', 'there is no such NVMe adapter');
  }
  if (type !== 'fc') return;
  requireFields(entry, ['model']);
  const sizes = ['size', 'cylinders'].filter((field) => entry[field] !== undefined).length;
  if (sizes !== (entry.model === 'EAV' ? 1 : 0)) {
    refuse('contradiction', "volumes of model EAV, and no others, have either 'size' or 'cylinders'");
  }
}

function checkExisting({ model }: HmcContext, group: Resource, entry: Readonly<Props>): void {
  requireFields(entry, ['element-uri']);
  const uri = textOf(entry, 'element-uri');
  const volume = model.find('storage-volume', uri);
  if (volume?.parent !== group.uri) return refuse('referenceNotFound', `there is no volume at ${uri} in the group`);
  if (entry.size !== undefined && numberOf(entry, 'size') < numberOf(volume.props, 'size')) {
    refuse('fieldInvalid', "the value of 'size' can only grow");
  }
}

/** Does what checked `storage-volumes` say, and gives the URIs of the new ones. */
export function applyVolumes(context: HmcContext, group: Resource, body: Readonly<Props>): string[] {
  return objectsOf(body, 'storage-volumes').flatMap((entry) => {
    const { operation, 'element-uri': uri, ...props } = entry;
    if (operation === 'create') return [addVolume(context, group, { usage: 'data', ...props }).uri];
    const volume = context.model.find('storage-volume', typeof uri === 'string' ? uri : '');
    if (volume === undefined) return [];
    if (operation === 'delete') removeVolume(context, group, volume);
    else modifyVolume(volume, props);
    return [];
  });
}

/** Adds a volume to a group. NVMe volumes are there at once: they are adapters of the machine. */
export function addVolume(context: HmcContext, group: Resource, given: Readonly<Props>): Resource {
  const id = context.ids.next();
  const uri = `${group.uri}/storage-volumes/${id}`;
  const isThere = group.props.type === 'nvme';
  const size = numberOf(given, 'size');
  return context.model.add('storage-volume', group.uri, {
    name: `${size.toFixed(2)} GiB ${given.usage === 'boot' ? 'Boot' : 'Data'}`,
    description: '',
    'fulfillment-state': isThere ? 'complete' : 'pending',
    ...(group.props.type === 'nvme' ? {} : { size, 'active-size': null }),
    ...deviceNumber(context, group, given),
    ...given,
    'element-id': id,
    'element-uri': uri,
  });
}

/** FICON and NVMe volumes carry their device number, free in every partition that the group is attached to. */
function deviceNumber(context: HmcContext, group: Resource, given: Readonly<Props>): Props {
  if (group.props.type === 'fcp') return {};
  const namespace = group.props.type === 'nvme' ? 'pci' : 'channel';
  const number = textOf(given, 'device-number');
  const partitions = context.model
    .all('partition')
    .filter(({ props }) => textsOf(props, 'storage-group-uris').includes(group.uri));
  const numbers = partitions.map((partition) =>
    assignDeviceNumber(context, partition, { number, use: 'storage', namespace }),
  );
  const used = context.model.childrenOf(group, 'storage-volume').length;
  return { 'device-number': numbers[0] ?? (number || (0x1000 + used).toString(16)) };
}

/**
 * A volume that was complete and grows is pending until discovery sees the new size, or until it is fulfilled again: so are FICON volumes of
 * another model or number of cylinders; the rest is only description. Source: IBM WS API, Fulfill FICON Storage Volume, 3932-AGL.
 */
function modifyVolume(volume: Resource, props: Readonly<Props>): void {
  const grows = props.size !== undefined && numberOf(props, 'size') > numberOf(volume.props, 'size');
  const isOther = ['model', 'cylinders'].some(
    (field) => props[field] !== undefined && props[field] !== volume.props[field],
  );
  Object.assign(volume.props, props);
  if (grows || isOther) volume.props['fulfillment-state'] = 'pending';
}

/** Partitions that would boot from the volume do not any more (inferred). */
export function removeVolume(context: HmcContext, group: Resource, volume: Resource): void {
  forgetBootVolume(context, volume);
  if (group.props.type === 'fcp') fcpState(context, group).told.delete(volume.uri);
  context.model.remove(volume);
}

/** Takes a volume out of the boot properties of partitions, of one or of all. */
export function forgetBootVolume({ model }: HmcContext, volume: Resource, partition?: Resource): void {
  const booting = model.all('partition').filter(({ props }) => props['boot-storage-volume'] === volume.uri);
  for (const each of booting.filter((other) => partition === undefined || other === partition)) {
    each.props['boot-storage-volume'] = null;
    if (each.props['boot-device'] === 'storage-volume') each.props['boot-device'] = 'none';
  }
}
