import { ConflictError, NotFoundError } from '../../base/index.ts';
import type { Waiting } from '../../base/index.ts';
import type { CpcSummary, HmcSession, StorageGroupSummary } from '../../hmc-client/index.ts';

/** Lists the storage groups of a CPC by name. @throws ConflictError for a CPC without storage groups */
export async function listStorageGroups(hmc: HmcSession, cpc: CpcSummary, w: Waiting) {
  const groups = await readGroups(hmc, cpc, w);
  const rows = groups.map(({ name, uri, type, fulfillmentState }) => {
    return { name, object_id: objectIdOf(uri), type, state: fulfillmentState };
  });
  return rows.sort((one, other) => one.name.localeCompare(other.name));
}

/** Returns a storage group by name or object ID. @throws NotFoundError, ConflictError */
export async function showStorageGroup(hmc: HmcSession, cpc: CpcSummary, nameOrId: string, w: Waiting) {
  const groups = await readGroups(hmc, cpc, w);
  const found = groups.find(({ uri, name }) => objectIdOf(uri) === nameOrId || name === nameOrId);
  if (found === undefined) {
    const text = `storage group "${nameOrId}" does not exist on CPC "${cpc.name}"; dpm storage-group list shows the groups`;
    throw new NotFoundError(text, { storageGroup: nameOrId });
  }
  const [group, partitions] = await Promise.all([
    hmc.storageGroups.get(found.uri, w),
    hmc.storageGroups.getPartitions(found.uri, w),
  ]);
  const [volumes, ports] = await Promise.all([
    hmc.storageVolumes.getMany(group.storageVolumeUris, w),
    hmc.virtualStorageResources.getMany(group.virtualStorageResourceUris, w),
  ]);
  const free = group.unassignedWwpns.map(({ wwpn }) => wwpn);
  return {
    name: group.name,
    object_id: objectIdOf(group.uri),
    description: group.description,
    type: group.type,
    state: group.fulfillmentState,
    shared: group.shared ?? null,
    connectivity: group.connectivity ?? null,
    max_partitions: group.maxPartitions ?? null,
    partitions: partitions.map(({ name }) => name),
    volumes: volumes.map(({ name, sizeGib, usage, fulfillmentState, uuid }) => {
      return {
        name: name ?? '',
        size: sizeGib ?? null,
        usage: usage ?? null,
        state: fulfillmentState ?? null,
        uuid: uuid ?? null,
      };
    }),
    wwpns: [...ports.map(({ wwpn }) => wwpn), ...free].filter((wwpn) => wwpn !== undefined),
  };
}

async function readGroups(hmc: HmcSession, cpc: CpcSummary, w: Waiting): Promise<readonly StorageGroupSummary[]> {
  const { hasStorageManagement } = await hmc.cpcs.get(cpc.uri, w);
  if (hasStorageManagement) return await hmc.storageGroups.list({ cpcUri: cpc.uri }, w);
  const text = `CPC "${cpc.name}" has no storage groups: its partitions use vHBAs; dpm partition show shows them`;
  throw new ConflictError(text, { cpc: cpc.name });
}

function objectIdOf(uri: string): string {
  return uri.split('/').at(-1) ?? uri;
}
