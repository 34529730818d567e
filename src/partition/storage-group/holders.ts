import type { Waiting } from '../../base/index.ts';
import type { HmcSession, StorageGroup, VirtualStorageResource } from '../../hmc-client/index.ts';
import { markOf } from '../naming.ts';
import type { GroupDirectory } from './directory.ts';
import { readFcpGroups } from './ports.ts';
import type { GroupWithPorts } from './ports.ts';
import type { HoldersRequest, PortHolder } from '../storage.ts';

/**
 * Finds the partitions that have the storage group of an instance, or ports of it. Reads the groups of the CPC at most once.
 *
 * @returns the holders of each request, in the order of the requests
 */
export async function findHolders(
  hmc: HmcSession,
  cpcUri: string,
  directory: GroupDirectory,
  requests: readonly HoldersRequest[],
  w: Waiting,
): Promise<readonly (readonly PortHolder[])[]> {
  let groups: readonly GroupWithPorts[] | undefined;
  /** A group lists its partitions. A hidden partition is found only by its ports. */
  const findOne = async ({ owner, wwpns }: HoldersRequest): Promise<readonly PortHolder[]> => {
    const read = async ({ uri, name }: Pick<StorageGroup, 'uri' | 'name'>) => {
      const how = `has the storage group "${name}" of this server`;
      return await holdersOf(hmc, uri, { holds: 'group', how, bootSources: [uri] }, w);
    };
    const own = await directory.using(owner, w, read);
    if (own !== undefined) return own;
    // If an administrator changed the description of the group, it still lists its partitions.
    const named = await directory.summary(owner, w);
    if (named !== undefined) return await read(named);
    if (wwpns.length === 0) return [];
    // An administrator may have renamed the group too.
    const holders: PortHolder[] = [];
    for (const { group, resources } of (groups ??= await readFcpGroups(hmc, cpcUri, w))) {
      const wwpn = resources.flatMap((resource) => resource.wwpn ?? []).find((each) => wwpns.includes(each));
      if (wwpn === undefined) continue;
      // A released WWPN may be assigned to the group of another instance, or to a group of another owner.
      const isOfAnother = directory.isOfAnother(owner, group);
      const mayBeBootSource = !isOfAnother && markOf(owner.host, group.description) === 'ours';
      const holder = {
        holds: isOfAnother ? ('port' as const) : ('group' as const),
        how: `has WWPN ${wwpn} of this server, by storage group "${group.name}"`,
        bootSources: mayBeBootSource ? [group.uri] : [],
      };
      holders.push(...(await holdersOf(hmc, group.uri, holder, w)));
    }
    return holders;
  };
  const found = [];
  for (const request of requests) found.push(await findOne(request));
  return found;
}

/** Returns the partitions to which a group is attached, as its holders. */
export async function holdersOf(
  hmc: HmcSession,
  groupUri: string,
  holder: Omit<PortHolder, 'partitionUri' | 'name'>,
  w: Waiting,
): Promise<PortHolder[]> {
  const { virtualStorageResourceUris } = await hmc.storageGroups.get(groupUri, w);
  const [resources, partitions] = await Promise.all([
    hmc.virtualStorageResources.getMany(virtualStorageResourceUris, w),
    hmc.storageGroups.getPartitions(groupUri, w),
  ]);
  return attachedTo(resources, partitions).map((attached) => ({ ...attached, ...holder }));
}

/** Merges both answers: either may show more of a partition that the user may not see. */
function attachedTo(
  resources: readonly Pick<VirtualStorageResource, 'partitionUri'>[],
  partitions: readonly { readonly uri?: string | undefined; readonly name: string }[],
): readonly Pick<PortHolder, 'partitionUri' | 'name'>[] {
  const seen = partitions.flatMap(({ uri, name }) => (uri === undefined ? [] : [{ partitionUri: uri, name }]));
  const denied = partitions.filter(({ uri }) => uri === undefined);
  const uris = new Set(resources.flatMap(({ partitionUri }) => partitionUri ?? []));
  const others = [...uris].filter((uri) => !seen.some(({ partitionUri }) => partitionUri === uri));
  const [only, ...more] = denied;
  if (only !== undefined && more.length === 0) return [...seen, { partitionUri: others[0], name: only.name }];
  const unnamed = others.map((partitionUri) => ({ partitionUri }));
  return [...seen, ...unnamed, ...denied.map(({ name }) => ({ partitionUri: undefined, name }))];
}
