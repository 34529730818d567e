import type { Waiting } from '../../base/index.ts';
import type { HmcSession, StorageGroup, VirtualStorageResource } from '../../hmc-client/index.ts';

/** A storage group with the ports that partitions have by it. */
export interface GroupWithPorts {
  readonly group: StorageGroup;
  readonly resources: readonly VirtualStorageResource[];
}

/** Every FCP storage group of the CPC that this user may see. Three requests where the HMC reads in bulk. */
export async function readFcpGroups(hmc: HmcSession, cpcUri: string, w: Waiting): Promise<readonly GroupWithPorts[]> {
  const summaries = await hmc.storageGroups.list({ cpcUri, type: 'fcp' }, w);
  const groups = await hmc.storageGroups.getMany(
    summaries.map(({ uri }) => uri),
    w,
  );
  const uris = groups.flatMap(({ virtualStorageResourceUris }) => virtualStorageResourceUris);
  const resources = new Map((await hmc.virtualStorageResources.getMany(uris, w)).map((each) => [each.uri, each]));
  return groups.map((group) => ({
    group,
    resources: group.virtualStorageResourceUris.flatMap((uri) => resources.get(uri) ?? []),
  }));
}
