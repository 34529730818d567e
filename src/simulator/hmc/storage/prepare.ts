import type { HmcContext } from '../context.ts';
import type { Props } from '../model/json.ts';
import type { Resource } from '../model/model.ts';
import { claimDiscovery, finishDiscovery } from './discovery.ts';
import { fcpState } from './fcp-state.ts';
import { updateGroupState } from './fulfillment.ts';
import { addGroup } from './groups.ts';

/**
 * A storage group that a storage administrator made beforehand.
 * @public
 */
export interface PreparedStorageGroup {
  readonly name: string;
  readonly type: 'fcp' | 'fc' | 'nvme';
  readonly volumes: readonly { readonly name: string; readonly sizeGib: number; readonly usage?: 'boot' | 'data' }[];
  /** Paths to each volume; default 2. */
  readonly connectivity?: number;
}

/** A prepared group as it was made; FCP groups have WWPNs, for which disks have to be presented yet. */
export interface MadeStorageGroup {
  readonly uri: string;
  readonly volumeUris: readonly string[];
  readonly wwpns: readonly string[];
}

/**
 * Makes a group without a request. FICON and NVMe groups are complete at once: their volumes do not come from the simulated SAN.
 * @throws Error when the machine has nothing that the group could be made of
 */
export function prepareGroup(context: HmcContext, cpc: Resource, wanted: PreparedStorageGroup): MadeStorageGroup {
  const volumes = wanted.volumes.map((volume, index) => ({
    ...entryOf(context, wanted, volume, index),
    operation: 'create',
  }));
  const body: Props = {
    'cpc-uri': cpc.uri,
    type: wanted.type,
    name: wanted.name,
    shared: false,
    connectivity: wanted.connectivity ?? 2,
    ...(wanted.type === 'fcp' ? { 'max-partitions': 1 } : {}),
    'storage-volumes': volumes,
  };
  const { group, volumeUris } = addGroup(context, body);
  if (wanted.type === 'fc') fulfillAll(context, group);
  const wwpns = wanted.type === 'fcp' ? fcpState(context, group).initiators.map(({ wwpn }) => wwpn) : [];
  return { uri: group.uri, volumeUris, wwpns };
}

function entryOf(
  context: HmcContext,
  { type }: PreparedStorageGroup,
  volume: PreparedStorageGroup['volumes'][number],
  index: number,
): Props {
  const { name, sizeGib, usage = 'data' } = volume;
  if (type === 'fcp') return { name, usage, size: sizeGib };
  if (type === 'fc') return { name, usage, model: 'EAV', size: sizeGib };
  const adapter = context.model.all('adapter').filter(({ props }) => props.type === 'nvme')[index];
  if (adapter === undefined) throw new Error(`the machine has no NVMe adapter for volume ${name}`);
  return { name, usage, 'adapter-uri': adapter.uri };
}

function fulfillAll(context: HmcContext, group: Resource): void {
  const unit = context.model.all('storage-control-unit')[0];
  context.model.childrenOf(group, 'storage-volume').forEach(({ props }, index) => {
    const address = index.toString(16).padStart(2, '0');
    const mapping = { 'control-unit-uri': unit?.uri ?? null, 'unit-address': address, 'eckd-type': 'base' };
    Object.assign(props, mapping, { 'fulfillment-state': 'complete', 'active-size': props.size ?? null });
  });
  updateGroupState(context, group);
}

/** Discovers an FCP group now, whatever the timing says. */
export function discoverNow(context: HmcContext, group: Resource): void {
  finishDiscovery(context, group, claimDiscovery(context, group));
}
