import type { Waiting } from '../../base/index.ts';
import type { Adapter, CpcSummary, HmcSession } from '../../hmc-client/index.ts';
import type { AdapterPort } from '../../config/index.ts';

/**
 * Lists the adapters of a CPC, FCP adapters first, each with the ports that the settings name.
 *
 * @param kind - a family or a type; undefined for all
 */
export async function listAdapters(
  hmc: HmcSession,
  cpc: CpcSummary,
  kind: string | undefined,
  configured: readonly AdapterPort[],
  w: Waiting,
) {
  const listed = await hmc.adapters.list(cpc.uri, {}, w);
  const wanted = listed.filter(({ family, type }) => kind === undefined || family === kind || type === kind);
  const adapters = await Promise.all(wanted.map(({ uri }) => hmc.adapters.get(uri, w)));
  const rows = await Promise.all(adapters.map((adapter) => adapterRow(hmc, adapter, configured, w)));
  const rank = (type: string) => (type === 'fcp' ? 0 : 1);
  return rows.sort((one, other) => rank(one.type) - rank(other.type) || one.name.localeCompare(other.name));
}

async function adapterRow(hmc: HmcSession, adapter: Adapter, configured: readonly AdapterPort[], w: Waiting) {
  const isFcp = adapter.type === 'fcp';
  const ports = isFcp
    ? await Promise.all(adapter.storagePortUris.map((uri) => hmc.adapters.getStoragePort(uri, w)))
    : [];
  const named = configured.filter(({ adapterObjectId }) => adapterObjectId === adapter.objectId);
  return {
    name: adapter.name,
    object_id: adapter.objectId,
    type: adapter.type,
    mapped: named.map(({ port }) => port),
    status: adapter.status,
    ports: adapter.portCount ?? adapter.storagePortUris.length,
    location: adapter.cardLocation ?? null,
    family: adapter.family,
    adapter_id: adapter.adapterId,
    card_type: adapter.detectedCardType ?? null,
    channel_status: adapter.physicalChannelStatus ?? null,
    fabrics: ports.map(({ index, fabricId }) => ({ port: index, fabric: fabricId ?? null })),
    used: adapter.usedCapacity ?? null,
    allowed: adapter.allowedCapacity ?? null,
  };
}
