import type { StorageGroup, StorageVolume, StorageVolumeChange } from '../../hmc-client/index.ts';
import { isMismatch, isOurVolumeName } from './directory.ts';
import type { ConnectedVolume } from '../storage.ts';

/** What discovery says about the wanted volumes, and what must be corrected on the HMC. */
export interface Findings {
  /** Storage volume of each Cinder volume whose LUN is found, usable or not. */
  readonly found: ReadonlyMap<string, StorageVolume>;
  /** Requested volumes that are not found, or not usable yet. */
  readonly pending: readonly ConnectedVolume[];
  /** Corrections that name each storage volume by its Cinder volume, and set its usage. */
  readonly changes: readonly StorageVolumeChange[];
  /** Requested LUNs that DPM considers unexpected or too large. They are accepted after the names are corrected. */
  readonly accept: readonly string[];
}

/** Volumes in these states can be used. Source: tessia-baselib. States of volumes and of groups are two tables. */
const usableStates: ReadonlySet<string> = new Set(['complete', 'overprovisioned']);

export function isUsable({ fulfillmentState }: Pick<StorageVolume, 'fulfillmentState'>): boolean {
  return usableStates.has(fulfillmentState ?? '');
}

/**
 * Whether DPM has found a larger LUN than requested: usable, but the group is `pending-with-mismatches` until it is accepted.
 * Source: IBM WS API, Storage Group object: Class specific additional properties, 3932-LA2.
 */
export function isOverprovisioned({ fulfillmentState }: Pick<StorageVolume, 'fulfillmentState'>): boolean {
  return fulfillmentState === 'overprovisioned';
}

/** Whether every volume of the group is as requested, or accepted, so that a partition can start. */
export function isComplete({ fulfillmentState }: Pick<StorageGroup, 'fulfillmentState'>): boolean {
  return fulfillmentState === 'complete';
}

/**
 * Identifies the storage volume of each Cinder volume by the page 83 identifier if Cinder says it, otherwise by initiator,
 * target and LUN together. Name and size are no evidence, because DPM assigns LUNs of equal size in any order. A pure function.
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

/** Whether the LUN of this storage volume is the requested one; false without evidence. */
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

/** A LUN that DPM found can have any size; sizes have two digits on the HMC. Source: python-zhmcclient _storage_volume.py. */
function isLargeEnough(volume: StorageVolume, { sizeGib }: ConnectedVolume): boolean {
  return !isMismatch(volume) || (volume.activeSizeGib ?? volume.sizeGib ?? 0) > sizeGib - 0.005;
}

/** Whether DPM was given the path of this boot volume, and discovery has not checked it yet. */
function isTold(volume: StorageVolume, { volumeId, isBoot }: ConnectedVolume): boolean {
  return isBoot && volume.name === volumeId && volume.uuid === undefined && isUsable(volume);
}

/** Whether the requested volume was never found: without a LUN, deleting it affects nobody. */
export function holdsNothing({ fulfillmentState, uuid, paths }: StorageVolume): boolean {
  return fulfillmentState === 'pending' && uuid === undefined && paths.length === 0;
}

/**
 * Returns duplicate storage volumes without a LUN. An HMC does not require unique names, so a retried request may create a
 * volume twice. Of several volumes with one name, keeps the usable one. A volume without a LUN is never found, and keeps its
 * group incomplete. A pure function.
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
 * Corrects names in a chain. If storage volume A holds the LUN of B's volume, A gets B's name, and B gets the name of the
 * volume whose LUN B holds. All volumes of a chain have the same size, because DPM confuses only those. If the chain ends in a
 * LUN that DPM added itself, no name is left for the last storage volume, which is deleted.
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
