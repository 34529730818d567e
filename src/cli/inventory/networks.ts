import type { Waiting } from '../../base/index.ts';
import type { NetworkSetting } from '../../config/index.ts';
import { isHmcError } from '../../hmc-client/index.ts';
import type { Adapter, HmcSession } from '../../hmc-client/index.ts';
import { hasNetworkPort, nicCapacity } from '../../partition/network/index.ts';

/** Lists the networks of the settings in their order, each with its adapter on the HMC. */
export async function listNetworks(hmc: HmcSession, networks: readonly NetworkSetting[], w: Waiting) {
  const ids = [...new Set(networks.map(({ adapterObjectId }) => adapterObjectId))];
  const adapters = new Map(await Promise.all(ids.map(async (id) => [id, await findAdapter(hmc, id, w)] as const)));
  return networks.map((network) => networkRow(network, adapters.get(network.adapterObjectId)));
}

/** Returns the adapter; undefined if it does not exist, or the user does not see it. */
async function findAdapter(hmc: HmcSession, objectId: string, w: Waiting): Promise<Adapter | undefined> {
  try {
    return await hmc.adapters.get(`/api/adapters/${objectId}`, w);
  } catch (error) {
    if (isHmcError(error, 404)) return undefined;
    throw error;
  }
}

function networkRow({ name, adapterObjectId, port, vlanId }: NetworkSetting, adapter: Adapter | undefined) {
  const capacity = adapter && nicCapacity(adapter);
  return {
    name,
    adapter: adapter?.name ?? null,
    port,
    vlan: vlanId,
    type: adapter?.type ?? null,
    status: statusOf(adapter, port),
    object_id: adapterObjectId,
    adapter_id: adapter?.adapterId ?? null,
    card_type: adapter?.detectedCardType ?? null,
    used: capacity?.used ?? null,
    allowed: adapter?.allowedCapacity ?? null,
  };
}

function statusOf(adapter: Adapter | undefined, port: number): string {
  if (adapter === undefined) return 'no such adapter';
  return hasNetworkPort(adapter, port) ? adapter.status : 'no such port';
}
