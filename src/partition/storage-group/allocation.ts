import { isHmcError } from '../../hmc-client/errors/index.ts';
import { ConflictError } from '../../base/index.ts';
import type { Waiting } from '../../base/index.ts';
import type { HmcSession, StorageGroup, StorageVolumeChange } from '../../hmc-client/index.ts';
import { adapterPortUri, partitionDescription } from '../naming.ts';
import { requireAnyPort } from '../require-ports.ts';
import type { AdapterPort, PartitionOwner } from '../naming.ts';
import { groupName, isOurVolumeName } from './directory.ts';
import type { GroupDirectory, OwnGroup, ReadGroup } from './directory.ts';
import { findSpares } from './identity.ts';
import { deletableStatuses } from '../status.ts';
import type { InstanceVolume } from '../storage.ts';

/** A group that stands ready, or why what has its name cannot be taken. */
export type Allocated =
  { readonly kind: 'ready'; readonly group: StorageGroup } | { readonly kind: 'obstacle'; readonly obstacle: string };

/** Makes and removes the storage group of an instance, and takes over the one that an earlier process has made. */
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
   * Performs "Create Storage Group" with as many paths as there are adapter ports, for one partition, and names the
   * ports to DPM. The WWPNs exist from then on.
   */
  async allocate(owner: PartitionOwner, volumes: readonly InstanceVolume[], w: Waiting): Promise<Allocated> {
    requireAnyPort(this.#ports);
    const own = await this.#create(owner, volumes, w);
    if (typeof own === 'string') return { kind: 'obstacle', obstacle: own };
    const { storageGroups } = this.#hmc;
    // The WWPNs are there since the group is, whichever ports they will use. A change is not left behind under way.
    const [added, read] = await Promise.allSettled([
      storageGroups.addCandidateAdapterPorts(own.uri, this.#ports.map(adapterPortUri), w),
      storageGroups.get(own.uri, w),
    ]);
    if (added.status === 'rejected') throw added.reason;
    if (read.status === 'rejected') throw read.reason;
    return { kind: 'ready', group: read.value };
  }

  /** @throws ConflictError when it holds, or is attached to, what is not ours: it is then not touched */
  async deallocate(owner: PartitionOwner, w: Waiting): Promise<void> {
    try {
      await this.#directory.using(owner, w, async (own) => await this.#remove(owner, own, w));
    } catch (error) {
      // Somebody was quicker, unless the HMC still lists it.
      if (!isHmcError(error, 404, 1) || (await this.#directory.summary(owner, w)) !== undefined) throw error;
    }
    this.#directory.forget(owner);
  }

  /** That it is attached to nobody needs no look: an HMC deletes no group that is. */
  async #remove(owner: PartitionOwner, own: OwnGroup, w: Waiting): Promise<void> {
    const { uri } = own;
    const leave = (obstacle: string | undefined, cause?: unknown) => {
      if (obstacle === undefined) return;
      throw new ConflictError(`${obstacle}: it is left as it is`, { storageGroupUri: uri }, { cause });
    };
    const read = await this.#directory.readOwn(own, w);
    leave(this.#directory.foreignContent(owner, read));
    try {
      await this.#hmc.storageGroups.delete(uri, w);
    } catch (error) {
      if (!isHmcError(error, 409)) throw error;
      leave(await this.#directory.foreignUse(owner, read, w), error);
      // Still attached to the instance's own partition: which reason says so is not public.
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
      if (found === undefined) throw error; // the name is taken by something that this user may not see
      return found;
    }
  }

  /** The name is taken: by an earlier run of this step, or else by somebody whose group it stays. */
  async #takeOver(
    owner: PartitionOwner,
    volumes: readonly InstanceVolume[],
    w: Waiting,
  ): Promise<OwnGroup | string | undefined> {
    const found = await this.#directory.lookUp(owner, w);
    if (found === undefined) return undefined;
    const { name, uri } = found.group;
    if (!found.isOurs) return `storage group "${name}" exists already, and is not ours`;
    const read = await this.#directory.read(uri, w);
    const obstacle = await this.#directory.obstacle(owner, read, w);
    if (obstacle !== undefined) return obstacle;
    const storageVolumes = differences(read, volumes);
    if (storageVolumes.length > 0) await this.#hmc.storageGroups.modify(uri, { storageVolumes }, w);
    return this.#directory.remember(owner, uri);
  }
}

/** A volume named by its Cinder volume: the name is the record of which one it is. */
export function newVolume({ volumeId, sizeGib, isBoot }: InstanceVolume) {
  return { name: volumeId, sizeGib, usage: isBoot ? ('boot' as const) : ('data' as const) };
}

/** What makes the volumes of a group that is taken over those of the instance. */
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
