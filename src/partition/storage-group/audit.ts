import type { HmcSession, StorageGroup, StorageVolume } from '../../hmc-client/index.ts';
import { instanceNamed, instanceOf } from '../naming.ts';
import { isMismatch, isOurVolumeName } from './directory.ts';
import { findSpares, holdsNothing } from './identity.ts';
import { readFcpGroups } from './ports.ts';
import { removable } from '../storage-audit.ts';
import type { ExpectedStorage, StorageAudit, SurplusStorage } from '../storage-audit.ts';

/**
 * Finds orphans in the groups of instances: storage volumes with the ID of a Cinder volume that the instance does not
 * have, or that is in the group twice, and LUNs that were not requested. Ignores storage volumes with other names: an
 * administrator added them.
 */
export function groupAudit(hmc: HmcSession, cpcUri: string): StorageAudit {
  /** Makes three requests: lists groups, reads ours, and reads their volumes. */
  const list: StorageAudit['list'] = async (host, expected, w) => {
    if (expected.length === 0) return [];
    const owners = new Map(expected.map((each) => [each.instanceUuid, each]));
    const summaries = await hmc.storageGroups.list({ cpcUri, type: 'fcp' }, w);
    const named = summaries.filter(({ name }) => owners.has(instanceNamed(host, name) ?? '')).map(({ uri }) => uri);
    const owned = (await hmc.storageGroups.getMany(named, w)).flatMap((group) => {
      const owner = owners.get(instanceOf(host, group) ?? '');
      return owner === undefined ? [] : [{ group, owner }];
    });
    const uris = owned.flatMap(({ group }) => group.storageVolumeUris);
    const volumes = new Map((await hmc.storageVolumes.getMany(uris, w)).map((volume) => [volume.uri, volume]));
    return owned.flatMap(({ group, owner }) => {
      const own = group.storageVolumeUris.flatMap((uri) => volumes.get(uri) ?? []);
      return findSurplus(group, own, owner);
    });
  };
  return {
    list,
    remove: async (host, expected, uri, w) => {
      if (removable(await list(host, [expected], w), uri) === undefined) return;
      const storageVolumes = [{ operation: 'delete' as const, uri }];
      await hmc.storageGroups.modify(groupUriOf(uri), { storageVolumes }, w);
    },
    allWwpns: async (w) => {
      const groups = await readFcpGroups(hmc, cpcUri, w);
      const ports = groups.flatMap(({ group, resources }) => [...resources, ...group.unassignedWwpns]);
      return new Set(ports.flatMap(({ wwpn }) => wwpn ?? []));
    },
  };
}

/** A pure function. */
function findSurplus(
  group: Pick<StorageGroup, 'name'>,
  volumes: readonly StorageVolume[],
  { instanceUuid, volumeIds }: ExpectedStorage,
): readonly SurplusStorage[] {
  const spares = new Set(findSpares(volumes));
  return volumes.flatMap((volume): SurplusStorage[] => {
    const { name, uri } = volume;
    if (isMismatch(volume)) return [unasked(group, volume, instanceUuid)];
    if (name === undefined || !isOurVolumeName(name)) return [];
    const isSpare = spares.has(volume);
    if (volumeIds.has(name) && !isSpare) return [];
    const why = volumeIds.has(name)
      ? 'another storage volume in the group is this volume'
      : 'neither its server nor an attachment has this volume';
    // Not safe with a LUN: the guest may use it, and the mask would remain, because Cinder does not know it.
    const isSafe = holdsNothing(volume);
    const lun = isSafe ? 'no LUN' : `LUN ${volume.uuid ?? 'of an unknown identifier'}`;
    const detail = `${uri} of storage group "${group.name}" is ${volume.fulfillmentState ?? 'in no state'} with ${lun}: ${why}`;
    return [{ kind: 'storage-volume', name, uri, instanceUuid, detail, isSafe }];
  });
}

/**
 * Returns the orphan for a LUN that is masked to the group's ports but was not requested: a guest can access the disk
 * of another owner. Rejecting it would only hide it, because the array keeps the mask.
 */
function unasked({ name }: Pick<StorageGroup, 'name'>, volume: StorageVolume, instanceUuid: string): SurplusStorage {
  const { uri, uuid, activeSizeGib } = volume;
  const lun = `LUN ${uuid ?? 'of an unknown identifier'}${activeSizeGib === undefined ? '' : ` of ${activeSizeGib} GiB`}`;
  const detail = `DPM has found ${lun} at the ports of storage group "${name}" (${uri}), but no volume was requested with it: the array masks it to these ports`;
  return { kind: 'storage-volume', name: uuid ?? uri, uri, instanceUuid, detail, isSafe: false };
}

/** Source: python-zhmcclient _storage_volume.py (`/api/storage-groups/<id>/storage-volumes/<id>`). */
function groupUriOf(volumeUri: string): string {
  return volumeUri.slice(0, volumeUri.indexOf('/storage-volumes/'));
}
