import { HmcHttpError } from '../../hmc-client/errors/index.ts';
import type { StorageVolume } from '../../hmc-client/index.ts';
import type { PartitionOwner } from '../naming.ts';
import { newVolume } from './allocation.ts';
import { isMismatch, isOurVolumeName } from './directory.ts';
import type { OwnGroup, ReadGroup } from './directory.ts';
import { VolumeFinder } from './finder.ts';
import type { FinderParts } from './finder.ts';
import { describeVolume } from './fulfilment.ts';
import { findSpares, isComplete, isOverprovisioned, isUsable } from './identity.ts';
import { describePath } from './paths.ts';
import type { SanPath } from './paths.ts';
import type { ConnectedVolume, Initiator, StorageTarget, StorageWaiting, VolumePath } from '../storage.ts';

/** `isTold` is true if DPM was given the path of the volume, false if discovery must find it. */
interface Told {
  readonly volume: ConnectedVolume;
  readonly isTold: boolean;
}

/** `uris` maps Cinder volumes to storage volumes; `isAttached` says whether the partition has the group. */
interface Members {
  readonly uris: ReadonlyMap<string, string>;
  readonly isAttached: boolean;
}

/** Adds volumes to an instance's storage group, identifies and removes them. */
export class GroupVolumes {
  readonly #parts: FinderParts;
  readonly #finder: VolumeFinder;
  /**
   * Groups with a single volume that this process has just fulfilled. The directory creates a new object when a group is
   * reused.
   */
  readonly #fulfilled = new WeakSet<OwnGroup>();

  constructor(parts: FinderParts) {
    this.#parts = parts;
    this.#finder = new VolumeFinder(parts);
  }

  async expose(
    target: StorageTarget,
    requests: readonly ConnectedVolume[],
    w: StorageWaiting,
  ): Promise<readonly ConnectedVolume[]> {
    const { directory } = this.#parts;
    const exposed = await directory.using(target, w, async (own) => await this.#exposeIn(own, target, requests, w));
    if (exposed === undefined) throw directory.missing(target);
    return exposed;
  }

  /**
   * Deletes storage volumes from the group. Their LUNs are still presented, so DPM may find them again as mismatches, which
   * keep the group incomplete: these are rejected. An empty group is never complete and would degrade its partition, so it is
   * detached.
   */
  async conceal(
    owner: PartitionOwner,
    volumes: readonly Pick<ConnectedVolume, 'volumeId'>[],
    w: StorageWaiting,
  ): Promise<void> {
    const { directory, hmc } = this.#parts;
    await directory.using(owner, w, async ({ uri }) => {
      // Clears the cached volumes: the next expose must read the group.
      directory.remember(owner, uri);
      let read = await directory.read(uri, w);
      const leaving = read.volumes.filter(({ name }) => volumes.some(({ volumeId }) => volumeId === name));
      if (leaving.length > 0) {
        const going = new Set([...leaving, ...findSpares(read.volumes)].map((volume) => volume.uri));
        const storageVolumes = [...going].map((each) => ({ operation: 'delete' as const, uri: each }));
        await hmc.storageGroups.modify(uri, { storageVolumes }, w);
        read = await directory.read(uri, w);
        this.#reportOrphans(leaving, read);
      }
      await this.#finder.reject(read, w, leaving);
      const isEmpty = read.volumes.every((volume) => isMismatch(volume));
      if (isEmpty && read.group.virtualStorageResourceUris.length > 0) await this.#detach(uri, w);
    });
  }

  /** Lists storage volumes with the name of a Cinder volume; none after it was concealed. Changes nothing. */
  async remains(owner: PartitionOwner, volumeId: string, w: StorageWaiting): Promise<readonly string[]> {
    const { directory } = this.#parts;
    const left = await directory.using(owner, w, async (own) => {
      const { volumes } = await directory.read(own.uri, w);
      const named = volumes.filter(({ name }) => name === volumeId);
      return named.map(({ uri }) => `storage volume ${uri} of volume ${volumeId} in storage group "${own.name}"`);
    });
    return left ?? [];
  }

  /** Logs storage volumes that are still in the group after their deletion. */
  #reportOrphans(leaving: readonly StorageVolume[], { group, volumes }: ReadGroup): void {
    for (const { uri, name: volumeId } of leaving.filter((each) => volumes.some((volume) => volume.uri === each.uri))) {
      const facts = { event: 'orphan', volumeId, storageVolumeUri: uri, storageGroup: group.name };
      this.#parts.log.warn(facts, 'a storage volume is still in its group after it was deleted');
    }
  }

  async #detach(groupUri: string, w: StorageWaiting): Promise<void> {
    const { storageGroups, partitions } = this.#parts.hmc;
    for (const partition of await storageGroups.getPartitions(groupUri, w)) {
      if (partition.uri !== undefined) await partitions.detachStorageGroup(partition.uri, groupUri, w);
    }
  }

  async hasJustSentLuns(owner: PartitionOwner, w: StorageWaiting): Promise<boolean> {
    const own = await this.#parts.directory.find(owner, w);
    return own !== undefined && this.#fulfilled.has(own);
  }

  /**
   * Waits before a start: DPM runs a partition only with the complete group of its boot volume. Source: zhmc-ansible-modules
   * issue 474.
   */
  async waitForVolumes(
    owner: PartitionOwner,
    exposed: readonly ConnectedVolume[],
    w: StorageWaiting,
  ): Promise<readonly ConnectedVolume[]> {
    const { directory, hmc } = this.#parts;
    const ready = await directory.using(owner, w, async (own) => {
      this.#fulfilled.delete(own);
      const group = await hmc.storageGroups.get(own.uri, w);
      // DPM cannot confuse a single volume with another one.
      const isPlain = group.storageVolumeUris.length <= 1 || exposed.length === 0;
      if (group.storageVolumeUris.length === 0 || (isPlain && isComplete(group))) return exposed;
      return await this.#waitInGroup(own, exposed, w);
    });
    return ready ?? exposed;
  }

  async #waitInGroup(own: OwnGroup, exposed: readonly ConnectedVolume[], w: StorageWaiting) {
    const wanted = exposed.filter(({ storageVolumeUri }) => storageVolumeUri !== null);
    if (exposed.length === 0) await this.#acceptGrown(own, w);
    const found = await this.#finder.find(own, wanted, [], w);
    const read = await this.#parts.directory.read(own.uri, w);
    if (isComplete(read.group)) return restored(exposed, found);
    // The requested volumes have their names now: reject all other LUNs.
    await this.#finder.reject(read, w);
    return restored(exposed, await this.#finder.find(own, found, [], w, groupMissing));
  }

  /** Accepts volumes of nova-dpm that have grown. They were identified when they were added. */
  async #acceptGrown(own: OwnGroup, w: StorageWaiting): Promise<void> {
    const { volumes } = await this.#parts.directory.read(own.uri, w);
    const grown = volumes.filter((volume) => isOverprovisioned(volume) && isOurVolumeName(volume.name));
    if (grown.length === 0) return;
    this.#parts.log.info(
      { event: 'storage.grown', volumes: grown.map(describeVolume) },
      'accepting LUNs that have grown',
    );
    await this.#finder.accept(
      own.uri,
      grown.map(({ uri }) => uri),
      w,
    );
  }

  async #exposeIn(own: OwnGroup, target: StorageTarget, requests: readonly ConnectedVolume[], w: StorageWaiting) {
    const { uris, isAttached } = await this.#ensureVolumes(own, target.initiators, requests, w);
    const told: Told[] = [];
    for (const request of requests) told.push(await this.#tell(request, uris.get(request.volumeId), target, w));
    // Attach after adding the volumes: attaching makes DPM search for LUNs.
    if (!isAttached) await this.#parts.hmc.partitions.attachStorageGroup(target.partition.uri, own.uri, w);
    const volumes = told.map(({ volume }) => volume);
    if (told.every(({ isTold }) => isTold)) {
      if (own.volumeUris.size === 1) this.#fulfilled.add(own);
      return volumes;
    }
    return await this.#finder.find(own, volumes, isAttached ? target.initiators : [], w);
  }

  /** Returns the storage volumes of these requests; creates those that exist neither by name nor by LUN. */
  async #ensureVolumes(
    own: OwnGroup,
    initiators: readonly Initiator[],
    requests: readonly ConnectedVolume[],
    w: StorageWaiting,
  ): Promise<Members> {
    if (requests.every(({ volumeId }) => own.volumeUris.has(volumeId))) {
      return { uris: own.volumeUris, isAttached: initiators.every(({ elementUri }) => elementUri !== null) };
    }
    const { group, volumes, findings } = await this.#finder.look(own.uri, requests, initiators, w);
    const isAttached = group.virtualStorageResourceUris.length > 0;
    // Of duplicates, the last one in the list, which is usable, replaces the others.
    const inOrder = volumes.toSorted((a, b) => Number(isUsable(a)) - Number(isUsable(b)));
    const uris = new Map(inOrder.map(({ name = '', uri }) => [name, uri]));
    const missing = requests.filter(
      // If the compute manager does not give the size, DPM must find the LUN itself, and it is then accepted.
      ({ volumeId, sizeGib }) => sizeGib > 0 && !uris.has(volumeId) && !findings.found.has(volumeId),
    );
    if (missing.length === 0) return { uris, isAttached };
    const storageVolumes = missing.map((request) => ({ operation: 'create' as const, ...newVolume(request) }));
    const created = await this.#parts.hmc.storageGroups.modify(own.uri, { storageVolumes }, w);
    for (const [index, { volumeId }] of missing.entries()) uris.set(volumeId, created[index] ?? '');
    return { uris, isAttached };
  }

  /** Tests the paths of a boot volume, and gives DPM the first that answers. Discovery finds data volumes. */
  async #tell(
    request: ConnectedVolume,
    storageVolumeUri: string | undefined,
    { initiators }: StorageTarget,
    w: StorageWaiting,
  ): Promise<Told> {
    const asked = { ...request, storageVolumeUri: storageVolumeUri ?? null };
    if (!request.isBoot) return { volume: asked, isTold: false };
    const { checker, hmc, log } = this.#parts;
    w.progress?.(`testing the paths of boot volume ${request.volumeId}`);
    const { found, failed } = await checker.firstReachable(request, initiators, w);
    for (const each of failed)
      log.warn({ event: 'volume.path-unreachable', volumeId: request.volumeId }, describePath(each));
    const volume = { ...asked, paths: firstOf(asked.paths, found.path) };
    if (storageVolumeUri === undefined) return { volume, isTold: false };
    const { targetWwpn, lun } = found.path;
    try {
      const place = { targetWwpn, lun, adapterPortUri: found.adapterPortUri };
      await hmc.storageVolumes.fulfillFcp(storageVolumeUri, place, w);
      return { volume, isTold: true };
    } catch (error) {
      if (!isValidatedAlready(error)) throw error;
      return { volume, isTold: false };
    }
  }
}

/** Whether discovery has found the LUN meanwhile. The reason code for this is not public, so an unknown code counts as this. */
function isValidatedAlready(error: unknown): boolean {
  const known = [1, 2, 5, 6, 15];
  return error instanceof HmcHttpError && error.status === 409 && !known.includes(error.reason);
}

function firstOf(paths: readonly VolumePath[], first: SanPath): VolumePath[] {
  const isFirst = ({ initiatorWwpn, targetWwpn, lun }: VolumePath) =>
    initiatorWwpn === first.initiatorWwpn && targetWwpn === first.targetWwpn && lun === first.lun;
  return [...paths.filter(isFirst), ...paths.filter((path) => !isFirst(path))];
}

/** Returns the volumes in the given order; those of other drivers unchanged. */
function restored(exposed: readonly ConnectedVolume[], found: readonly ConnectedVolume[]): readonly ConnectedVolume[] {
  return exposed.map((volume) => found.find(({ volumeId }) => volumeId === volume.volumeId) ?? volume);
}

function groupMissing({ group, volumes }: ReadGroup): string | undefined {
  if (isComplete(group)) return undefined;
  const open = volumes.filter((volume) => !isUsable(volume)).length;
  const unwanted = volumes.filter(isMismatch).length;
  return `storage group "${group.name}" is ${group.fulfillmentState}: ${open} of ${volumes.length} volumes not found${unwanted === 0 ? '' : `, ${unwanted} of them not requested`}`;
}
