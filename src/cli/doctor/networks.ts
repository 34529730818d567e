import type { Waiting } from '../../base/index.ts';
import type { HmcSession } from '../../hmc-client/index.ts';
import { isHmcError } from '../../hmc-client/index.ts';
import { hasNetworkPort, networkPortsOf, nicCapacity } from '../../partition/network/index.ts';
import type { NamedNetwork } from '../../virt/index.ts';
import { hmcAdvice } from '../hmc-advice.ts';
import type { CpcRef } from './adapter-ports.ts';
import type { DoctorCheck } from './checks.ts';
import { fail, failed, ok, warn } from './checks.ts';

/** Checks the adapter port of every network of the settings: exists, is of this CPC, active, with room for more NICs. */
export async function checkNetworks(
  hmc: HmcSession,
  cpc: CpcRef,
  networks: readonly NamedNetwork[],
  w: Waiting,
): Promise<readonly DoctorCheck[]> {
  return await Promise.all(networks.map((network) => checkNetwork(hmc, cpc, network, w)));
}

const seeAdapters = 'dpm adapter list shows the adapters and their object IDs';

async function checkNetwork(
  hmc: HmcSession,
  cpc: CpcRef,
  { name, adapterObjectId, port, vlanId }: NamedNetwork,
  w: Waiting,
): Promise<DoctorCheck> {
  const check = `network ${name}`;
  try {
    const adapter = await hmc.adapters.get(`/api/adapters/${adapterObjectId}`, w);
    const vlan = vlanId === null ? '' : `, VLAN ${vlanId}`;
    const detail = `${adapter.name} (${adapter.adapterId}), port ${port}${vlan}, type ${adapter.type}, status ${adapter.status}`;
    if (adapter.parent !== undefined && adapter.parent !== cpc.uri)
      return fail(check, `${detail}; the adapter is of another CPC than ${cpc.name}`, seeAdapters, 'CONFIG');
    if (!hasNetworkPort(adapter, port)) {
      const ports = networkPortsOf(adapter);
      const has = ports.length === 0 ? 'no network port' : `the ports ${ports.join(' and ')}`;
      return fail(check, `${detail}; the adapter has ${has}`, seeAdapters, 'CONFIG');
    }
    if (adapter.status !== 'active') return warn(check, detail, 'check the cable, and that the adapter is online');
    const capacity = nicCapacity(adapter);
    if (capacity !== undefined && capacity.used >= capacity.allowed) {
      return warn(
        check,
        `${detail}, ${capacity.used} of ${capacity.allowed} connections`,
        'no further NIC fits on this adapter',
      );
    }
    return ok(check, detail);
  } catch (error) {
    const advice = isHmcError(error, 404)
      ? `the adapter does not exist, or the user has no object access permission to it; ${seeAdapters}`
      : (hmcAdvice(error) ?? 'look at the adapter on the HMC');
    return failed(check, error, advice, w.signal);
  }
}
