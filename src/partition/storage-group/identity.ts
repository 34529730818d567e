import type { StorageGroup, StorageVolume, StorageVolumeChange } from '../../hmc-client/index.ts';
import { isMismatch, isOurVolumeName } from './directory.ts';
import type { ConnectedVolume } from '../storage.ts';

/** What discovery found says about the wanted volumes, and what has to be put right on the HMC. */
export interface Findings {
  /** Storage volume of each Cinder volume whose LUN is found, usable or not. */
  readonly found: ReadonlyMap<string, StorageVolume>;
  /** Those that are not found, or not usable yet. */
  readonly pending: readonly ConnectedVolume[];
  /** Names and usages to be put right, so that each storage volume is named by the Cinder volume that it is. */
  readonly changes: readonly StorageVolumeChange[];
  /** Found LUNs that are wanted, but that DPM holds for a mistake, or too large: to be accepted once they have their names. */
  readonly accept: readonly string[];
}

/** Volumes in these states can be used. Source: tessia-baselib. States of volumes and of groups are two tables. */
const usableStates: ReadonlySet<string> = new Set(['complete', 'overprovisioned']);

export function isUsable({ fulfillmentState }: Pick<StorageVolume, 'fulfillmentState'>): boolean {
  return usableStates.has(fulfillmentState ?? '');
}

/**
 * DPM has found the LUN of the volume, and it is larger than was asked for: usable, but the group is
 * `pending-with-mismatches` until somebody accepts it.
 * Source: IBM WS API, Storage Group object: Class specific additional properties, 3932-LA2.
 */
export function isOverprovisioned({ fulfillmentState }: Pick<StorageVolume, 'fulfillmentState'>): boolean {
  return fulfillmentState === 'overprovisioned';
}

/** Everything in the group is as it was asked for, or accepted: a partition starts with it. */
export function isComplete({ fulfillmentState }: Pick<StorageGroup, 'fulfillmentState'>): boolean {
  return fulfillmentState === 'complete';
}

/**
 * Says which storage volume is which Cinder volume, by what discovery found behind each: the page 83 identifier where
 * Cinder told it, else initiator, target and LUN together. A name or a size is never evidence, since DPM deals out LUNs
 * of equal size as they come. A pure function.
 *
 * @param initiatorOf - WWPN of the partition's port by its device number
 */
export function identify(
  volumes: readonly StorageVolume[],
  wanted: readonly ConnectedVolume[],
  initiatorOf: ReadonlyMap<string, string>,
): Findings {
  const found = new Map<string, StorageVolume>();
  for (const want of wanted) {
    const volume = volumes.find((candidate) => isSame(candidate, want, initiatorOf) && isLargeEnough(candidate, want));
    const known = volume ?? volumes.find((candidate) => isTold(candidate, want));
    if (known !== undefined) found.set(want.volumeId, known);
  }
  const isPending = ({ volumeId }: ConnectedVolume) => {
    const volume = found.get(volumeId);
    return volume === undefined || !isUsable(volume);
  };
  return {
    found,
    pending: wanted.filter(isPending),
    changes: corrections(volumes, wanted, found),
    accept: [...found.values()]
      .filter((volume) => isMismatch(volume) || isOverprovisioned(volume))
      .map(({ uri }) => uri),
  };
}

/** Is the LUN behind this storage volume the wanted one? Without evidence, it is not. */
export function isSame(
  volume: StorageVolume,
  want: ConnectedVolume,
  initiatorOf: ReadonlyMap<string, string>,
): boolean {
  if (volume.uuid !== undefined && want.naa !== null) return volume.uuid.toLowerCase() === want.naa.toLowerCase();
  return volume.paths.some(({ deviceNumber, targetWwpn, lun }) => {
    const initiatorWwpn = initiatorOf.get(deviceNumber ?? '');
    return want.paths.some(
      (path) => path.initiatorWwpn === initiatorWwpn && path.targetWwpn === targetWwpn && path.lun === lun,
    );
  });
}

/**
 * What DPM has found by itself can be of any size; sizes have two digits on the HMC. Source: python-zhmcclient
 * _storage_volume.py.
 */
function isLargeEnough(volume: StorageVolume, { sizeGib }: ConnectedVolume): boolean {
  return !isMismatch(volume) || (volume.activeSizeGib ?? volume.sizeGib ?? 0) > sizeGib - 0.005;
}

/** A boot volume of which DPM was told where it is, and which discovery has not looked at yet. */
function isTold(volume: StorageVolume, { volumeId, isBoot }: ConnectedVolume): boolean {
  return isBoot && volume.name === volumeId && volume.uuid === undefined && isUsable(volume);
}

/** Asked for and never found: behind it is no LUN, so that whoever takes it away takes nothing from anybody. */
export function holdsNothing({ fulfillmentState, uuid, paths }: StorageVolume): boolean {
  return fulfillmentState === 'pending' && uuid === undefined && paths.length === 0;
}

/**
 * Storage volumes that were made twice: an HMC does not hold their names unique, so a request that comes late, and was
 * repeated meanwhile, is done twice. Of those with one name the best is the volume; of the others, those without a LUN are
 * one too many: they would never be found, and a group with one of them in it is never complete. A pure function.
 */
export function findSpares(volumes: readonly StorageVolume[]): readonly StorageVolume[] {
  const ours = volumes.filter(({ name }) => isOurVolumeName(name));
  return ours.filter((volume) => {
    const twins = ours.filter(({ name }) => name === volume.name);
    const best = twins.find(isUsable) ?? twins.find((each) => !holdsNothing(each)) ?? twins[0];
    return volume !== best && holdsNothing(volume);
  });
}

function corrections(
  volumes: readonly StorageVolume[],
  wanted: readonly ConnectedVolume[],
  found: ReadonlyMap<string, StorageVolume>,
): readonly StorageVolumeChange[] {
  const owners = wanted.flatMap((want) => {
    const volume = found.get(want.volumeId);
    return volume === undefined ? [] : [{ want, volume }];
  });
  const rightful = new Set(owners.map(({ volume }) => volume.uri));
  const spares = findSpares(volumes).filter(({ uri }) => !rightful.has(uri));
  const displaced = volumes.filter(
    (volume) => found.has(volume.name ?? '') && !rightful.has(volume.uri) && !spares.includes(volume),
  );
  return [
    ...spares.map(({ uri }) => ({ operation: 'delete' as const, uri })),
    ...owners.flatMap(({ want, volume }) => labelled(volume, want.volumeId, want.isBoot ? 'boot' : 'data')),
    ...displaced.flatMap((volume) => replaced(volume, found)),
  ];
}

function labelled(volume: StorageVolume, name: string, usage: 'boot' | 'data'): StorageVolumeChange[] {
  if (volume.name === name && volume.usage === usage) return [];
  return [{ operation: 'modify', uri: volume.uri, name, usage }];
}

/**
 * A storage volume whose name belongs to another one gets the name that the other one had, and so on along the chain:
 * all of them are of one size, or DPM had not mixed them up. Where the chain ends in a LUN that DPM had found by
 * itself, there is no such name, and the storage volume is one too many.
 */
function replaced(volume: StorageVolume, found: ReadonlyMap<string, StorageVolume>): StorageVolumeChange[] {
  let other: StorageVolume | undefined = found.get(volume.name ?? '');
  for (let steps = 0; other !== undefined && steps <= found.size; steps += 1) {
    const { name = '', usage } = other;
    if (!isOurVolumeName(name)) return [{ operation: 'delete', uri: volume.uri }];
    other = found.get(name);
    if (other === undefined) return labelled(volume, name, usage === 'boot' ? 'boot' : 'data');
  }
  return [];
}
