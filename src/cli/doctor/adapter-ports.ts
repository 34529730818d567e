import type { Waiting } from '../../base/index.ts';
import { isHmcError } from '../../hmc-client/index.ts';
import type { Adapter, HmcSession } from '../../hmc-client/index.ts';
import { adapterPortUri } from '../../partition/index.ts';
import type { AdapterPort } from '../../partition/index.ts';
import type { DoctorCheck } from '../seams.ts';
import { fail, failed, ok, warn } from './checks.ts';

/** Every adapter port of the settings: there, FCP, active, with room for more vHBAs. */
export async function checkAdapterPorts(
  hmc: HmcSession,
  ports: readonly AdapterPort[],
  w: Waiting,
): Promise<readonly DoctorCheck[]> {
  return await Promise.all(ports.map((port) => checkPort(hmc, port, w)));
}

const SETTING = 'dpm.physical_storage_adapter_mappings';

async function checkPort(hmc: HmcSession, port: AdapterPort, w: Waiting): Promise<DoctorCheck> {
  const name = `adapter port ${port.adapterObjectId}:${port.port}`;
  try {
    const adapter = await hmc.adapters.get(`/api/adapters/${port.adapterObjectId}`, w);
    return judge(name, port, adapter);
  } catch (error) {
    const advice = isHmcError(error, 404, 1)
      ? `no such adapter, or the user has no object access permission to it: check ${SETTING}`
      : 'look at the adapter on the HMC';
    return failed(name, error, advice, w.signal);
  }
}

function judge(name: string, port: AdapterPort, adapter: Adapter): DoctorCheck {
  const label = `${adapter.name} (${adapter.adapterId}), type ${adapter.type}, status ${adapter.status}`;
  if (adapter.type !== 'fcp') {
    const change = adapter.family === 'ficon' ? '; the type of this card can be changed to FCP on the HMC' : '';
    return fail(name, label, `${SETTING} takes FCP adapters${change}`, 'CONFIG');
  }
  if (!adapter.storagePortUris.includes(adapterPortUri(port))) {
    const known = adapter.storagePortUris.map((uri) => uri.split('/').at(-1)).join(', ') || 'none';
    return fail(name, `${label}; its ports: ${known}`, `check the port in ${SETTING}`, 'CONFIG');
  }
  const { usedCapacity, allowedCapacity } = adapter;
  const use =
    usedCapacity === undefined || allowedCapacity === undefined
      ? ''
      : `, ${usedCapacity} of ${allowedCapacity} connections used`;
  if (adapter.status !== 'active')
    return warn(name, label + use, 'check the cable, the switch, and that the adapter is online');
  if (usedCapacity !== undefined && allowedCapacity !== undefined && usedCapacity >= allowedCapacity) {
    return warn(name, label + use, 'no further vHBA fits: take another adapter, or remove partitions');
  }
  return ok(name, label + use);
}
