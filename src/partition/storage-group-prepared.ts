import { ConflictError, NotFoundError } from '../base/index.ts';
import type { Waiting } from '../base/index.ts';
import type { HmcSession, StorageGroup, StorageVolume } from '../hmc-client/index.ts';
import type { PartitionRef } from './lifecycle.ts';
import { isUsable } from './storage-group-identity.ts';
import type { PreparedGroup, PreparedGroupRequest, PreparedGroups } from './storage.ts';

/**
 * Storage groups that a storage administrator has made and fulfilled: FCP, FICON or NVMe. They are attached and
 * detached, and nothing in them is changed.
 */
export class PreparedStorageGroups implements PreparedGroups {
  readonly #hmc: HmcSession;
  readonly #cpcUri: string;

  constructor(hmc: HmcSession, cpcUri: string) {
    this.#hmc = hmc;
    this.#cpcUri = cpcUri;
  }

  async find(request: PreparedGroupRequest, partition: string, w: Waiting): Promise<PreparedGroup> {
    const { name } = request;
    const [summary] = await this.#hmc.storageGroups.list({ cpcUri: this.#cpcUri, name }, w);
    if (summary === undefined) {
      throw new NotFoundError(`storage group "${name}" does not exist on this CPC`, { storageGroup: name });
    }
    const group = await this.#hmc.storageGroups.get(summary.uri, w);
    requireFulfilled(group);
    await this.#requireFree(group, partition, w);
    const bootVolumeUri = request.isBootSource ? await this.#bootVolume(group, request.bootVolume, w) : null;
    return { uri: group.uri, name, bootVolumeUri };
  }

  async attach(partition: PartitionRef, group: PreparedGroup, w: Waiting): Promise<void> {
    await this.#hmc.partitions.attachStorageGroup(partition.uri, group.uri, w);
  }

  async detach(partition: PartitionRef, group: PreparedGroup, w: Waiting): Promise<void> {
    await this.#hmc.partitions.detachStorageGroup(partition.uri, group.uri, w);
  }

  async #requireFree(group: StorageGroup, partition: string, w: Waiting): Promise<void> {
    const others = (await this.#hmc.storageGroups.getPartitions(group.uri, w)).filter(({ name }) => name !== partition);
    // FICON groups that are shared have no limit of partitions. Source: HMC sheet 7.3.
    const limit = group.shared === true ? (group.maxPartitions ?? Number.POSITIVE_INFINITY) : 1;
    if (others.length < limit) return;
    const names = others.map(({ name }) => `"${name}"`).join(', ');
    throw new ConflictError(`storage group "${group.name}" is attached to ${names} already`, {
      storageGroup: group.name,
      partitions: others.map(({ name }) => name),
    });
  }

  async #bootVolume(group: StorageGroup, wanted: string | undefined, w: Waiting): Promise<string> {
    const volumes = await this.#hmc.storageVolumes.getMany(group.storageVolumeUris, w);
    const candidates = volumes.filter(({ usage }) => usage === 'boot');
    const matching = wanted === undefined ? candidates : candidates.filter((volume) => isMeant(volume, wanted));
    const [volume, ...others] = matching;
    if (volume !== undefined && others.length === 0) return volume.uri;
    const names = candidates.map(({ name, uri }) => `"${name ?? uri}"`).join(', ') || 'none';
    const asked = wanted === undefined ? 'exactly one volume with usage boot' : `a boot volume "${wanted}"`;
    throw new ConflictError(`storage group "${group.name}": expected ${asked}; its boot volumes: ${names}`, {
      storageGroup: group.name,
      bootVolumes: candidates.map(({ name, uri }) => name ?? uri),
    });
  }
}

/** A volume is meant by its name, its UUID (FCP) or its device number (FICON, NVMe): names need not be unique. */
function isMeant({ name, uuid, deviceNumber }: StorageVolume, wanted: string): boolean {
  const lower = wanted.toLowerCase();
  return name === wanted || uuid?.toLowerCase() === lower || deviceNumber?.toLowerCase() === lower;
}

function requireFulfilled(group: StorageGroup): void {
  if (isUsable(group)) return;
  throw new ConflictError(
    `storage group "${group.name}" is ${group.fulfillmentState} (expected complete): its volumes are the storage administrator's to fulfil`,
    { storageGroup: group.name, fulfillmentState: group.fulfillmentState },
  );
}
