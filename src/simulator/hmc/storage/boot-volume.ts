import type { HmcContext } from '../context.ts';
import { textOf, textsOf } from '../model/json.ts';
import type { Resource } from '../model/model.ts';
import { failed, loaded, loadFromPath, programOf, type LoadResult } from '../power/load-path.ts';
import { pathsOf } from './paths.ts';

/** Loads from the storage volume that the boot properties name: from a disk of the SAN, or from one that is there without it. */
export function loadFromStorageVolume(context: HmcContext, partition: Resource): LoadResult {
  const volume = bootVolumeOf(context, partition);
  const group = volume === undefined ? undefined : context.model.parentOf(volume);
  if (volume === undefined || group === undefined) return failed('there is no boot volume');
  if (group.props.type !== 'fcp') return loaded();
  // Of several paths a SCSI load knows the first only.
  const path = pathsOf(context, group, volume).find(({ partitionUri }) => partitionUri === partition.uri);
  return path === undefined ? failed('the boot volume has no path') : loadFromPath(context, path, programOf(partition));
}

/** Why the group of the boot volume does not let the partition start: a sentence, or nothing. */
export function incompleteBootGroup(context: HmcContext, partition: Resource): string[] {
  if (partition.props['boot-device'] !== 'storage-volume') return [];
  const volume = bootVolumeOf(context, partition);
  const group = volume === undefined ? undefined : context.model.parentOf(volume);
  const state = group === undefined ? 'missing' : textOf(group.props, 'fulfillment-state');
  return state === 'complete' ? [] : [`the storage group of the boot volume is ${state}`];
}

/** Whether a group other than that of the boot volume is not complete: the partition runs, but degraded. */
export function hasIncompleteGroup({ model }: HmcContext, partition: Resource): boolean {
  const groups = textsOf(partition.props, 'storage-group-uris').map((uri) => model.find('storage-group', uri));
  return groups.some((group) => group !== undefined && group.props['fulfillment-state'] !== 'complete');
}

function bootVolumeOf({ model }: HmcContext, partition: Resource): Resource | undefined {
  return model.find('storage-volume', textOf(partition.props, 'boot-storage-volume'));
}
