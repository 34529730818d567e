import { isHmcError } from '../../hmc-client/errors/index.ts';
import { ConflictError, NotFoundError } from '../../base/index.ts';
import type { Waiting } from '../../base/index.ts';
import type { HmcSession, StorageGroup, StorageVolume } from '../../hmc-client/index.ts';
import { amend } from '../records.ts';
import type { PartitionRecords } from '../records.ts';
import { describeVolume } from './fulfilment.ts';
import { holdersOf } from './holders.ts';
import { isComplete } from './identity.ts';
import type { PreparedGroups } from '../storage.ts';

/** Advice for each state of a group. Source: IBM, The Storage Group details page, 3932-LA2. */
const remedies: Readonly<Record<string, string>> = {
  'pending-with-mismatches':
    'on the HMC, accept or reject the volumes that DPM found; a volume larger than requested can be accepted',
  'checking-migration':
    'DPM created it from older definitions and is still checking it: wait until the check has ended',
  incomplete: 'volumes or paths are missing that it had before: check its connection report on the HMC',
};

/** Storage groups that a storage administrator has made and fulfilled: FCP, FICON or NVMe. Their content is not changed. */
export function preparedStorageGroups(hmc: HmcSession, cpcUri: string, records: PartitionRecords): PreparedGroups {
  const require = async (name: string, w: Waiting) => {
    const [summary] = await hmc.storageGroups.list({ cpcUri, name }, w);
    if (summary !== undefined) return summary;
    throw new NotFoundError(`storage group "${name}" does not exist on this CPC`, { storageGroup: name });
  };
  return {
    require,
    find: async ({ name, isBootSource, bootVolume }, partition, w) => {
      const summary = await require(name, w);
      const group = await hmc.storageGroups.get(summary.uri, w);
      await requireFulfilled(hmc, group, w);
      await requireFree(hmc, group, partition, w);
      const bootVolumeUri = isBootSource ? await findBootVolume(hmc, group, bootVolume, w) : null;
      return { uri: group.uri, name, bootVolumeUri };
    },
    attach: async (partition, group, w) => {
      const owner = records.list().find(({ partitionUri }) => partitionUri === partition.uri);
      if (owner !== undefined) amend(records, owner.instanceUuid, { preparedGroupUri: group.uri });
      await hmc.partitions.attachStorageGroup(partition.uri, group.uri, w);
    },
    detach: async (partition, group, w) => {
      await hmc.partitions.detachStorageGroup(partition.uri, group.uri, w);
    },
    holders: async (groupUri, w) => {
      try {
        const { uri, name } = await hmc.storageGroups.get(groupUri, w);
        const how = `has the storage group "${name}", which this server was given`;
        return await holdersOf(hmc, uri, { holds: 'group', how, bootSources: [uri] }, w);
      } catch (error) {
        if (!isHmcError(error, 404, 1)) throw error;
        return [];
      }
    },
  };
}

async function requireFulfilled(hmc: HmcSession, group: StorageGroup, w: Waiting): Promise<void> {
  if (isComplete(group)) return;
  const volumes = await hmc.storageVolumes.getMany(group.storageVolumeUris, w);
  const open = volumes.filter(({ fulfillmentState }) => fulfillmentState !== 'complete').map(describeVolume);
  const remedy = remedies[group.fulfillmentState] ?? "its volumes are the storage administrator's to fulfil";
  const what = `storage group "${group.name}" is ${group.fulfillmentState} (expected complete)`;
  throw new ConflictError([what, ...open].join('; ') + `: ${remedy}`, {
    storageGroup: group.name,
    fulfillmentState: group.fulfillmentState,
  });
}

async function requireFree(hmc: HmcSession, group: StorageGroup, partition: string, w: Waiting): Promise<void> {
  const others = (await hmc.storageGroups.getPartitions(group.uri, w)).filter(({ name }) => name !== partition);
  // Shared FICON groups have no limit of partitions. Source: python-zhmcclient _storage_group.py.
  const limit = group.shared === true ? (group.maxPartitions ?? Number.POSITIVE_INFINITY) : 1;
  if (others.length < limit) return;
  const names = others.map(({ name }) => `"${name}"`).join(', ');
  throw new ConflictError(`storage group "${group.name}" is attached to ${names} already`, {
    storageGroup: group.name,
    partitions: others.map(({ name }) => name),
  });
}

async function findBootVolume(
  hmc: HmcSession,
  group: StorageGroup,
  wanted: string | undefined,
  w: Waiting,
): Promise<string> {
  const volumes = await hmc.storageVolumes.getMany(group.storageVolumeUris, w);
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

/** Whether `wanted` is the name, UUID (FCP) or device number (FICON, NVMe) of the volume: names need not be unique. */
function isMeant({ name, uuid, deviceNumber }: StorageVolume, wanted: string): boolean {
  const lower = wanted.toLowerCase();
  return name === wanted || uuid?.toLowerCase() === lower || deviceNumber?.toLowerCase() === lower;
}
