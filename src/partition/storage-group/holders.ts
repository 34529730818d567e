import type { Waiting } from '../../base/index.ts';
import type { HmcSession, StorageGroup, VirtualStorageResource } from '../../hmc-client/index.ts';
import { markOf } from '../naming.ts';
import type { GroupDirectory } from './directory.ts';
import { readFcpGroups } from './ports.ts';
import type { GroupWithPorts } from './ports.ts';
import type { HoldersRequest, PortHolder } from '../storage.ts';

type ReadGroups = () => Promise<readonly GroupWithPorts[]>;

/** Which partitions have the storage group of an instance, or ports of it. */
export class GroupHolders {
  readonly #hmc: HmcSession;
  readonly #cpcUri: string;
  readonly #directory: GroupDirectory;

  constructor(hmc: HmcSession, cpcUri: string, directory: GroupDirectory) {
    this.#hmc = hmc;
    this.#cpcUri = cpcUri;
    this.#directory = directory;
  }

  /** Those of each request, in its place. The groups of the CPC are read at most once. */
  async find(requests: readonly HoldersRequest[], w: Waiting): Promise<readonly (readonly PortHolder[])[]> {
    let groups: Promise<readonly GroupWithPorts[]> | undefined;
    const readGroups = async () => await (groups ??= readFcpGroups(this.#hmc, this.#cpcUri, w));
    const found = [];
    for (const request of requests) found.push(await this.#findOne(request, readGroups, w));
    return found;
  }

  /** Its group tells where it is attached; of a partition that this user may not see, only its ports tell. */
  async #findOne(request: HoldersRequest, readGroups: ReadGroups, w: Waiting): Promise<readonly PortHolder[]> {
    const { owner } = request;
    const read = async ({ uri, name }: Pick<StorageGroup, 'uri' | 'name'>) => {
      const how = `has the storage group "${name}" of this server`;
      return await holdersOf(this.#hmc, uri, { holds: 'group', how, bootSources: [uri] }, w);
    };
    const own = await this.#directory.using(owner, w, read);
    if (own !== undefined) return own;
    // One whose description a person has changed still tells where it is attached.
    const named = await this.#directory.summary(owner, w);
    return named === undefined ? await this.#byPorts(request, readGroups, w) : await read(named);
  }

  /** A person may have renamed the group too. */
  async #byPorts({ owner, wwpns }: HoldersRequest, readGroups: ReadGroups, w: Waiting): Promise<readonly PortHolder[]> {
    if (wwpns.length === 0) return [];
    const holders: PortHolder[] = [];
    for (const { group, resources } of await readGroups()) {
      const wwpn = resources.flatMap((resource) => resource.wwpn ?? []).find((each) => wwpns.includes(each));
      if (wwpn === undefined) continue;
      // The group of another instance, or one that is not ours, may have been given a WWPN that was given up.
      const isOfAnother = this.#directory.isOfAnother(owner, group);
      const mayBeBootSource = !isOfAnother && markOf(owner.host, group.description) === 'ours';
      const holder = {
        holds: isOfAnother ? ('port' as const) : ('group' as const),
        how: `has WWPN ${wwpn} of this server, by storage group "${group.name}"`,
        bootSources: mayBeBootSource ? [group.uri] : [],
      };
      holders.push(...(await holdersOf(this.#hmc, group.uri, holder, w)));
    }
    return holders;
  }
}

/** Partitions that a group is attached to, each as a holder of it. */
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

/** Of a partition that the user may not see, one of the two answers may tell more. */
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
