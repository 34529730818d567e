import type { Waiting } from '../../base/index.ts';
import type { HmcSession, StorageGroup, VirtualStorageResource } from '../../hmc-client/index.ts';
import type { Initiator } from '../storage.ts';

/** A storage group with its ports. */
export interface GroupWithPorts {
  readonly group: StorageGroup;
  readonly resources: readonly VirtualStorageResource[];
}

/** Reads every FCP storage group of the CPC that this user may see. Makes three requests if the HMC reads in bulk. */
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

/** Returns the WWPNs of the group that no partition uses yet. */
export function unassigned({ unassignedWwpns }: StorageGroup): Initiator[] {
  return unassignedWwpns.flatMap(({ wwpn }) =>
    wwpn === undefined ? [] : [{ wwpn, deviceNumber: null, elementUri: null, adapterPortUri: null }],
  );
}

/** Returns the port of a virtual storage resource; none if it has no WWPN yet. */
export function toInitiator({ uri, wwpn, deviceNumber, adapterPortUri: port }: VirtualStorageResource): Initiator[] {
  if (wwpn === undefined) return [];
  return [{ wwpn, deviceNumber: deviceNumber ?? null, elementUri: uri, adapterPortUri: port ?? null }];
}
