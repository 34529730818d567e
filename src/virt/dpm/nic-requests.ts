import { isIP } from 'node:net';
import { ConfigError } from '../../base/index.ts';
import type { NicAddresses, NicBacking, NicPort, NicRequest } from '../../partition/index.ts';
import { vifTypes } from '../network-info.ts';
import type { NetworkInfo, VirtualInterface } from '../network-info.ts';

/**
 * Returns the NICs for a `network_info`; none for null.
 *
 * @throws ConfigError that names the port, the value and what was expected
 */
export function nicRequests(networkInfo: NetworkInfo | null | undefined): readonly NicRequest[] {
  return (networkInfo ?? []).map(nicRequest);
}

/** Returns the ports of a `network_info`, also of one that cannot be served: their NICs are to be deleted. */
export function portsOf(networkInfo: NetworkInfo | null | undefined): readonly NicPort[] {
  return (networkInfo ?? []).map(({ id, address }) => ({ portId: id, macAddress: address?.toLowerCase() ?? null }));
}

export function nicRequest(vif: VirtualInterface): NicRequest {
  const { id, address, vnicType = 'normal' } = vif;
  // The name of the NIC: OpenStack_Port_ and an ID of up to 49 characters.
  if (!/^[\w.-]{1,49}$/.test(id)) throw wrong(vif, 'id', id, 'the ID of a Neutron port');
  if (vnicType !== 'normal') throw wrong(vif, 'vnicType', vnicType, 'normal');
  const macAddress = address?.toLowerCase() ?? null;
  if (macAddress !== null && !/^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/.test(macAddress))
    throw wrong(vif, 'address', address, 'six hex pairs with colons');
  return { portId: id, backing: backingOf(vif), vlanId: vlanOf(vif), macAddress, addresses: addressesOf(vif) };
}

function wrong({ id }: VirtualInterface, field: string, value: unknown, expected: string): ConfigError {
  const shown = value === undefined ? 'missing' : JSON.stringify(value);
  return new ConfigError(`network port ${id}: ${field} is ${shown}, expected ${expected}`, { port: id, field });
}

function backingOf(vif: VirtualInterface): NicBacking {
  const { type, details } = vif;
  const { object_id: objectId, port_element_id: element = '0' } = details;
  const known: readonly string[] = Object.values(vifTypes);
  if (!known.includes(type)) throw wrong(vif, 'type', type, known.join(' or '));
  if (typeof objectId !== 'string' || !/^[\w-]{1,64}$/.test(objectId)) {
    const what = type === vifTypes.virtualSwitch ? 'a virtual switch' : 'a network adapter';
    throw wrong(vif, 'details.object_id', objectId, `the object ID of ${what}`);
  }
  if (type === vifTypes.virtualSwitch) return { virtualSwitchId: objectId };
  const port = typeof element === 'string' && /^\d+$/.test(element) ? Number(element) : element;
  if (typeof port === 'number' && Number.isInteger(port) && port >= 0 && port <= 3)
    return { adapterObjectId: objectId, port };
  throw wrong(vif, 'details.port_element_id', element, 'the element ID of a network port, 0 to 3');
}

/** Neutron sends 0, null or nothing for a flat network. */
function vlanOf(vif: VirtualInterface): number | null {
  const { vlan = null } = vif.details;
  if (vlan === null || vlan === 0 || vlan === '') return null;
  const id = Number(vlan);
  if (Number.isInteger(id) && id >= 1 && id <= 4094) return id;
  throw wrong(vif, 'details.vlan', vlan, 'a VLAN ID from 1 to 4094');
}

function addressesOf(vif: VirtualInterface): NicAddresses | undefined {
  const requireIp = (field: string, ip: string): string => {
    if (isIP(ip) === 0) throw wrong(vif, field, ip, 'an IP address');
    return ip;
  };
  const subnets = vif.network.subnets.filter(({ ips }) => ips.length > 0);
  if (subnets.length === 0) return undefined;
  const addresses = subnets.flatMap(({ cidr, ips }) => {
    const [, prefix = ''] = cidr.split('/');
    return ips.map(({ address }) => {
      const longest = isIP(requireIp('subnets.ips', address)) === 6 ? 128 : 32;
      if (/^\d{1,3}$/.test(prefix) && Number(prefix) <= longest) return `${address}/${prefix}`;
      throw wrong(vif, 'subnets.cidr', cidr, `a network with a prefix length of up to ${longest}`);
    });
  });
  const gateways = subnets.flatMap(({ gateway }) => (gateway === null ? [] : [requireIp('gateway', gateway.address)]));
  const dns = subnets.flatMap((subnet) => subnet.dns.map(({ address }) => requireIp('dns', address)));
  return { addresses, gateways: [...new Set(gateways)], dns: [...new Set(dns)] };
}
