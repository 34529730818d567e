import { isHmcError } from '../../hmc-client/errors/index.ts';
import { ConflictError } from '../../base/index.ts';
import type { Waiting } from '../../base/index.ts';
import type { HmcSession, StorageVolumeChange } from '../../hmc-client/index.ts';
import { adapterPortUri, partitionDescription, requireAnyPort } from '../naming.ts';
import type { AdapterPort, PartitionOwner } from '../naming.ts';
import { groupName, isOurVolumeName } from './directory.ts';
import type { GroupDirectory, OwnGroup, ReadGroup } from './directory.ts';
import { findSpares } from './identity.ts';
import { deletableStatuses } from '../status.ts';
import { unassigned } from './ports.ts';
import type { Initiator, InstanceVolume } from '../storage.ts';

/** Creates and deletes the storage group of an instance. Reuses one that an earlier process created. */
export class GroupAllocation {
  readonly #hmc: HmcSession;
  readonly #cpcUri: string;
  readonly #ports: readonly AdapterPort[];
  readonly #directory: GroupDirectory;

  constructor(hmc: HmcSession, cpcUri: string, ports: readonly AdapterPort[], directory: GroupDirectory) {
    this.#hmc = hmc;
    this.#cpcUri = cpcUri;
    this.#ports = ports;
    this.#directory = directory;
  }

  /**
   * Performs "Create Storage Group" for one partition, with one path for each adapter port. @returns why an existing
   * group cannot be used, or null
   */
  async allocate(owner: PartitionOwner, volumes: readonly InstanceVolume[], w: Waiting): Promise<string | null> {
    requireAnyPort(this.#ports);
    const own = await this.#create(owner, volumes, w);
    return typeof own === 'string' ? own : null;
  }

  /** Adds the adapter ports as candidates, and returns the WWPNs, which exist as soon as the group exists. */
  async addPorts(owner: PartitionOwner, w: Waiting): Promise<readonly Initiator[]> {
    const { storageGroups } = this.#hmc;
    const found = await this.#directory.using(owner, w, async ({ uri }) => {
      // Wait for both requests, so that no change is left in progress.
      const [added, read] = await Promise.allSettled([
        storageGroups.addCandidateAdapterPorts(uri, this.#ports.map(adapterPortUri), w),
        storageGroups.get(uri, w),
      ]);
      if (added.status === 'rejected') throw added.reason;
      if (read.status === 'rejected') throw read.reason;
      return unassigned(read.value);
    });
    if (found === undefined) throw this.#directory.missing(owner);
    return found;
  }

  /** @throws ConflictError when the group has foreign content, or is attached elsewhere: it is then not changed */
  async deallocate(owner: PartitionOwner, w: Waiting): Promise<void> {
    try {
      await this.#directory.using(owner, w, async (own) => await this.#remove(owner, own, w));
    } catch (error) {
      // Another user has deleted the group, unless the HMC still lists it.
      if (!isHmcError(error, 404, 1) || (await this.#directory.summary(owner, w)) !== undefined) throw error;
    }
    this.#directory.forget(owner);
  }

  /** Does not check for attachments first: an HMC refuses to delete an attached group. */
  async #remove(owner: PartitionOwner, own: OwnGroup, w: Waiting): Promise<void> {
    const { uri } = own;
    const leave = (obstacle: string | undefined, cause?: unknown) => {
      if (obstacle === undefined) return;
      throw new ConflictError(`${obstacle}; it was left unchanged`, { storageGroupUri: uri }, { cause });
    };
    const read = await this.#directory.readOwn(own, w);
    leave(this.#directory.foreignContent(owner, read));
    try {
      await this.#hmc.storageGroups.delete(uri, w);
    } catch (error) {
      if (!isHmcError(error, 409)) throw error;
      leave(await this.#directory.foreignUse(owner, read, w), error);
      // The group is attached to the instance's own partition. The reason code for that is not public.
      const partitions = await this.#hmc.storageGroups.getPartitions(uri, w);
      const self = partitions.find((each) => this.#directory.isOwn(owner, each));
      if (self?.uri === undefined) throw error;
      if (!deletableStatuses.has(self.status ?? ''))
        leave(
          `storage group ${uri} is attached to partition "${self.name}" (${self.uri}), which has status "${self.status}"`,
          error,
        );
      await this.#hmc.partitions.detachStorageGroup(self.uri, uri, w);
      await this.#hmc.storageGroups.delete(uri, w);
    }
  }

  /** @returns the group, or an obstacle */
  async #create(owner: PartitionOwner, volumes: readonly InstanceVolume[], w: Waiting): Promise<OwnGroup | string> {
    const storageVolumes = volumes.map(newVolume);
    try {
      const created = await this.#hmc.storageGroups.create(
        {
          cpcUri: this.#cpcUri,
          type: 'fcp',
          name: groupName(owner),
          description: partitionDescription(owner.host),
          shared: false,
          connectivity: this.#ports.length,
          maxPartitions: 1,
          storageVolumes,
        },
        w,
      );
      const uris = new Map(storageVolumes.map(({ name }, index) => [name, created.volumeUris[index] ?? '']));
      return this.#directory.remember(owner, created.uri, uris);
    } catch (error) {
      if (!isHmcError(error, 400, 8)) throw error;
      const found = await this.#takeOver(owner, volumes, w);
      if (found === undefined) throw error; // the HMC user may not see the group with this name
      return found;
    }
  }

  /** Reuses the group of this name, if an earlier run of this step created it. */
  async #takeOver(
    owner: PartitionOwner,
    volumes: readonly InstanceVolume[],
    w: Waiting,
  ): Promise<OwnGroup | string | undefined> {
    const found = await this.#directory.lookUp(owner, w);
    if (found === undefined) return undefined;
    const { name, uri } = found.group;
    if (!found.isOurs) return `storage group "${name}" already exists and has another owner`;
    const read = await this.#directory.read(uri, w);
    const obstacle = await this.#directory.obstacle(owner, read, w);
    if (obstacle !== undefined) return obstacle;
    const storageVolumes = differences(read, volumes);
    if (storageVolumes.length > 0) await this.#hmc.storageGroups.modify(uri, { storageVolumes }, w);
    return this.#directory.remember(owner, uri);
  }
}

/** Returns a storage volume that is named after its Cinder volume. */
export function newVolume({ volumeId, sizeGib, isBoot }: InstanceVolume) {
  return { name: volumeId, sizeGib, usage: isBoot ? ('boot' as const) : ('data' as const) };
}

/** Returns the changes that give a group exactly the volumes of the instance. */
function differences({ volumes }: ReadGroup, wanted: readonly InstanceVolume[]): readonly StorageVolumeChange[] {
  const missing = wanted.filter(({ volumeId }) => !volumes.some(({ name }) => name === volumeId));
  const spares = findSpares(volumes);
  const surplus = volumes.filter(
    (volume) =>
      spares.includes(volume) ||
      (isOurVolumeName(volume.name) && !wanted.some(({ volumeId }) => volumeId === volume.name)),
  );
  return [
    ...missing.map((request) => ({ operation: 'create' as const, ...newVolume(request) })),
    ...surplus.map(({ uri }) => ({ operation: 'delete' as const, uri })),
  ];
}
