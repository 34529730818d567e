import type { HmcContext } from '../context.ts';
import { objectsOf, textOf, type Props } from '../model/json.ts';
import type { Resource } from '../model/model.ts';
import { failed, loaded, loadFromPath, type LoadPath, type LoadResult } from '../power/boot.ts';

/** Loads from the storage volume that the boot properties name: from a disk of the SAN, or from one that is there without it. */
export function loadFromStorageVolume(context: HmcContext, partition: Resource): LoadResult {
  const volume = context.model.find('storage-volume', textOf(partition.props, 'boot-storage-volume'));
  if (volume === undefined) return failed('there is no boot volume');
  const group = context.model.parentOf(volume);
  if (group?.props.type !== 'fcp') return loaded();
  const path = bootPath(context, partition, volume);
  return path === undefined ? failed('the boot volume has no path') : loadFromPath(context, path);
}

/** Why the group of the boot volume does not let the partition start: a sentence, or nothing. */
export function incompleteBootGroup({ model }: HmcContext, partition: Resource): string[] {
  if (partition.props['boot-device'] !== 'storage-volume') return [];
  const volume = model.find('storage-volume', textOf(partition.props, 'boot-storage-volume'));
  const group = volume === undefined ? undefined : model.parentOf(volume);
  const state = group === undefined ? 'missing' : textOf(group.props, 'fulfillment-state');
  return state === 'complete' ? [] : [`the storage group of the boot volume is ${state}`];
}

/** The path that the load takes: of several the first, as a SCSI load knows one path only. */
function bootPath(context: HmcContext, partition: Resource, volume: Resource): LoadPath | undefined {
  const candidates = objectsOf(volume.props, 'paths').filter((path) => path['partition-uri'] === partition.uri);
  const group = context.model.parentOf(volume);
  const resources = group === undefined ? [] : context.model.childrenOf(group, 'virtual-storage-resource');
  return candidates.map((path) => resolve(path, resources)).find((path) => path !== undefined);
}

function resolve(path: Props, resources: readonly Resource[]): LoadPath | undefined {
  const ofPath = ({ props }: Resource): boolean =>
    props['device-number'] === path['device-number'] && props['partition-uri'] === path['partition-uri'];
  const resource = resources.find(ofPath);
  if (resource === undefined) return undefined;
  return {
    initiatorWwpn: textOf(resource.props, 'world-wide-port-name'),
    adapterPortUri: textOf(resource.props, 'adapter-port-uri'),
    targetWwpn: textOf(path, 'target-world-wide-port-name'),
    lun: textOf(path, 'logical-unit-number'),
  };
}
