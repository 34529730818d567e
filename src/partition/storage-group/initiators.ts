import type { StorageGroup, VirtualStorageResource } from '../../hmc-client/index.ts';
import type { Initiator } from '../storage.ts';

/** WWPNs that DPM has made for the group, and that no partition uses yet. */
export function unassigned({ unassignedWwpns }: StorageGroup): Initiator[] {
  return unassignedWwpns.flatMap(({ wwpn }) =>
    wwpn === undefined ? [] : [{ wwpn, deviceNumber: null, elementUri: null, adapterPortUri: null }],
  );
}

/** A virtual storage resource as a port; none while it has no WWPN. */
export function toInitiator({ uri, wwpn, deviceNumber, adapterPortUri: port }: VirtualStorageResource): Initiator[] {
  if (wwpn === undefined) return [];
  return [{ wwpn, deviceNumber: deviceNumber ?? null, elementUri: uri, adapterPortUri: port ?? null }];
}
