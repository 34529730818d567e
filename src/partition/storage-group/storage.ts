import { isHmcError } from '../../hmc-client/errors/index.ts';
import { ConflictError, InternalError } from '../../base/index.ts';
import type { Logger, Waiting } from '../../base/index.ts';
import type { HmcSession, Partition, UpdatePartition } from '../../hmc-client/index.ts';
import { findHiddenUse } from '../hidden-use.ts';
import type { PartitionRef } from '../lifecycle.ts';
import { adapterPortUri } from '../naming.ts';
import type { AdapterPort, PartitionOwner } from '../naming.ts';
import { MemoryPartitionRecords } from '../records.ts';
import type { PartitionRecords } from '../records.ts';
import { mayHoldResources } from '../status.ts';
import type { StorageAudit } from '../storage-audit.ts';
import { GroupAllocation } from './allocation.ts';
import { groupAudit } from './audit.ts';
import { GroupDirectory, groupName } from './directory.ts';
import { Fulfilment } from './fulfilment.ts';
import type { FulfilmentPolicy } from './fulfilment.ts';
import { findHolders } from './holders.ts';
import { groupInspection } from './inspection.ts';
import { PathChecker } from './paths.ts';
import { readFcpGroups, toInitiator, unassigned } from './ports.ts';
import { preparedStorageGroups } from './prepared.ts';
import { GroupVolumes } from './volumes.ts';
import type {
  BootSource,
  ConnectedVolume,
  HoldersRequest,
  Initiator,
  PartitionStorage,
  PathInspection,
  PortHolder,
  PreparedGroups,
  StorageTarget,
  StorageWaiting,
  InstanceVolume,
} from '../storage.ts';

export interface StorageGroupOptions {
  readonly cpcUri: string;
  /** The configured adapter ports; each group has one path for each port. */
  readonly ports: readonly AdapterPort[];
  readonly fulfilment: FulfilmentPolicy;
  /** Attach the group before its volumes are mapped, so that its ports log in at a start; otherwise attach it with the volumes. */
  readonly attachEarly: boolean;
  readonly records?: PartitionRecords;
  readonly log: Logger;
}

/**
 * Storage of machines with the feature dpm-storage-management (since z14): one storage group for each instance (reasons:
 * docs/decisions), named like its partition. Its WWPNs exist as soon as the group. Source: python-zhmcclient _storage_group.py.
 */
export class StorageGroupStorage implements PartitionStorage {
  readonly model = 'storage-group';
  readonly likelyBootFailure =
    'the volume holds nothing bootable, or its boot options do not match it: its LUN was found before the start';
  readonly hasAdapterPorts: boolean;
  readonly preparedGroups: PreparedGroups;
  readonly inspection: PathInspection;
  readonly audit: StorageAudit;
  readonly #hmc: HmcSession;
  readonly #options: StorageGroupOptions;
  readonly #directory: GroupDirectory;
  readonly #allocation: GroupAllocation;
  readonly #volumes: GroupVolumes;

  constructor(hmc: HmcSession, options: StorageGroupOptions) {
    const { cpcUri, ports, log, records = new MemoryPartitionRecords() } = options;
    this.#hmc = hmc;
    this.#options = options;
    this.hasAdapterPorts = ports.length > 0;
    this.preparedGroups = preparedStorageGroups(hmc, cpcUri, records);
    const directory = new GroupDirectory(hmc, cpcUri, records);
    this.#directory = directory;
    this.#allocation = new GroupAllocation(hmc, cpcUri, ports, directory);
    const checker = new PathChecker(hmc, cpcUri, ports);
    this.inspection = groupInspection(hmc, directory, checker);
    this.audit = groupAudit(hmc, cpcUri);
    const fulfilment = new Fulfilment(hmc, options.fulfilment, log);
    this.#volumes = new GroupVolumes({ hmc, directory, checker, fulfilment, log });
  }

  async allocate(owner: PartitionOwner, volumes: readonly InstanceVolume[], w: Waiting): Promise<string | null> {
    return await this.#allocation.allocate(owner, volumes, w);
  }

  async addPorts(owner: PartitionOwner, w: Waiting): Promise<readonly Initiator[]> {
    return await this.#allocation.addPorts(owner, w);
  }

  async deallocate(owner: PartitionOwner, w: Waiting): Promise<void> {
    await this.#allocation.deallocate(owner, w);
  }

  async listAllocated(host: string, known: ReadonlySet<string>, w: Waiting) {
    return await this.#directory.list(host, known, w);
  }

  async bind(
    owner: PartitionOwner,
    partition: PartitionRef,
    known: readonly Initiator[],
    w: Waiting,
  ): Promise<readonly Initiator[]> {
    const { attachEarly } = this.#options;
    if (attachEarly)
      await this.#directory.using(owner, w, async ({ uri }) => {
        await this.#hmc.partitions.attachStorageGroup(partition.uri, uri, w);
      });
    const initiators = attachEarly || known.length === 0 ? await this.initiators(owner, partition, w) : known;
    if (initiators.length === 0) {
      const storageGroup = groupName(owner);
      throw new ConflictError(`storage group "${storageGroup}" has no WWPN`, { storageGroup });
    }
    return initiators;
  }

  async unbind(owner: PartitionOwner, partition: PartitionRef, partitionWillBeDeleted: boolean, w: Waiting) {
    const detach = async (uri: string) => await this.#hmc.partitions.detachStorageGroup(partition.uri, uri, w);
    if (!partitionWillBeDeleted) {
      await this.#directory.using(owner, w, async ({ uri }) => await detach(uri));
      return;
    }
    try {
      const { storageGroupUris } = await this.#hmc.partitions.get(partition.uri, w, ['storage-group-uris']);
      for (const uri of storageGroupUris) await this.#detachOrLeave(partition, uri, w);
    } catch (error) {
      if (!isHmcError(error, 404, 1)) throw error; // a deleted partition has no groups
    }
  }

  async unbindOthers(owner: PartitionOwner, partition: PartitionRef, w: Waiting): Promise<void> {
    const own = await this.#directory.find(owner, w);
    const { storageGroupUris } = await this.#hmc.partitions.get(partition.uri, w, ['storage-group-uris']);
    const others = storageGroupUris.filter((uri) => uri !== own?.uri);
    for (const uri of others) await this.#detachOrLeave(partition, uri, w);
  }

  /**
   * Detaches a group. Detaching a hidden group needs access to the partition only. If an HMC refuses it nevertheless, "Delete
   * Partition" detaches the group, as it does for zhmc-ansible-modules, which never detach.
   */
  async #detachOrLeave(partition: PartitionRef, uri: string, w: Waiting): Promise<void> {
    try {
      await this.#hmc.partitions.detachStorageGroup(partition.uri, uri, w);
    } catch (error) {
      if (!isHmcError(error, 404)) throw error;
      // The group is still attached: here a 404 does not mean success.
      const facts = { event: 'storage.hidden-group', partition: partition.name, storageGroupUri: uri };
      this.#options.log.warn(
        facts,
        'cannot detach a storage group that this user may not see; it is detached when the partition is deleted',
      );
    }
  }

  async initiators(owner: PartitionOwner, _partition: PartitionRef | undefined, w: Waiting) {
    const found = await this.#directory.using(owner, w, async ({ uri }) => {
      const group = await this.#hmc.storageGroups.get(uri, w);
      const resources = await this.#hmc.virtualStorageResources.getMany(group.virtualStorageResourceUris, w);
      return this.#inPortOrder([...resources.flatMap(toInitiator), ...unassigned(group)]);
    });
    return found ?? [];
  }

  async holders(requests: readonly HoldersRequest[], w: Waiting): Promise<readonly (readonly PortHolder[])[]> {
    return await findHolders(this.#hmc, this.#options.cpcUri, this.#directory, requests, w);
  }

  async hiddenUse(w: Waiting): Promise<string | undefined> {
    const { cpcUri } = this.#options;
    return await findHiddenUse(this.#hmc, cpcUri, w, async () => {
      const partitions = await this.#hmc.partitions.listDetailed(cpcUri, {}, ['reserve-resources'], w);
      const holding = new Set(partitions.filter(mayHoldResources).map(({ uri }) => uri));
      const resources = (await readFcpGroups(this.#hmc, cpcUri, w)).flatMap((group) => group.resources);
      const used = resources.filter(({ partitionUri }) => partitionUri !== undefined && holding.has(partitionUri));
      return used.flatMap((resource) => resource.adapterPortUri ?? []);
    });
  }

  async expose(target: StorageTarget, volumes: readonly ConnectedVolume[], w: StorageWaiting) {
    return await this.#volumes.expose(target, volumes, w);
  }

  async conceal(owner: PartitionOwner, volumes: readonly Pick<ConnectedVolume, 'volumeId'>[], w: StorageWaiting) {
    await this.#volumes.conceal(owner, volumes, w);
  }

  async remains(owner: PartitionOwner, volumeId: string, w: Waiting) {
    return await this.#volumes.remains(owner, volumeId, w);
  }

  async hasJustSentLuns(owner: PartitionOwner, w: StorageWaiting) {
    return await this.#volumes.hasJustSentLuns(owner, w);
  }

  async waitForVolumes(owner: PartitionOwner, exposed: readonly ConnectedVolume[], w: StorageWaiting) {
    return await this.#volumes.waitForVolumes(owner, exposed, w);
  }

  /** DPM selects the boot path. */
  bootProperties({ volumeId, storageVolumeUri }: ConnectedVolume): UpdatePartition {
    if (storageVolumeUri === null) throw new InternalError(`volume ${volumeId} has no storage volume to boot from`);
    return { bootDevice: 'storage-volume', bootStorageVolume: storageVolumeUri };
  }

  async bootSource(partition: Partition, initiators: readonly Initiator[], w: Waiting): Promise<BootSource> {
    const storageVolumeUri = partition.bootStorageVolume ?? null;
    const [volume] = storageVolumeUri === null ? [] : await this.#hmc.storageVolumes.getMany([storageVolumeUri], w);
    const path = volume?.paths.find(({ partitionUri }) => partitionUri === partition.uri);
    const initiator = path && initiators.find(({ deviceNumber }) => deviceNumber === path.deviceNumber);
    return {
      device: partition.bootDevice,
      hbaUri: null,
      storageVolumeUri,
      initiatorWwpn: initiator?.wwpn ?? null,
      targetWwpn: path?.targetWwpn ?? null,
      lun: path?.lun ?? null,
    };
  }

  /** Sorts ports that discovery has verified as in the settings; the others follow in the order of the HMC. */
  #inPortOrder(initiators: readonly Initiator[]): readonly Initiator[] {
    const uris = this.#options.ports.map(adapterPortUri);
    const rank = ({ adapterPortUri: uri }: Initiator) => {
      const index = uri === null ? -1 : uris.indexOf(uri);
      return index < 0 ? uris.length : index;
    };
    return initiators.toSorted((a, b) => rank(a) - rank(b));
  }
}
