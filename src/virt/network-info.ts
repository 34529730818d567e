import { randomUUID } from 'node:crypto';
import type { JsonValue } from '../base/index.ts';

/**
 * An IP address of Nova's network model.
 *
 * @remarks Source: nova network/model.py, class IP.
 * @public
 */
export interface NetworkIp {
  /** IPv4 or IPv6, without prefix length. */
  readonly address: string;
}

/**
 * A subnet of Nova's network model. A subnet without `ips` gives the interface no fixed address.
 *
 * @remarks Source: nova network/model.py, class Subnet.
 * @public
 */
export interface NetworkSubnet {
  /** `10.0.0.0/24`: its prefix length is that of the addresses in `ips`. */
  readonly cidr: string;
  readonly gateway: NetworkIp | null;
  readonly dns: readonly NetworkIp[];
  readonly ips: readonly NetworkIp[];
}

/**
 * An entry of `network_info`: Nova's VIF in camelCase. Keys inside `details`, `profile` and `meta` are Neutron's own.
 *
 * The driver serves two types. Both take the VLAN ID from `details.vlan`.
 *
 * - `dpm_vswitch`: `details.object_id` is the object ID of a virtual switch
 * - `dpm_adapter`: `details.object_id` is the object ID of a network adapter, and `details.port_element_id` the element ID of
 *   its port (default `0`). The driver finds out whether the machine reaches this port through a virtual switch
 *
 * @remarks Source: nova network/model.py, class VIF; networking-dpm ml2/mech_dpm.py for the types, `object_id` and `vlan`.
 *   networking-dpm reserved `dpm_adapter` and named the element ID of the port as its missing detail; the key
 *   `port_element_id` is that of nova-dpm in TypeScript.
 * @public
 */
export interface VirtualInterface {
  /** ID of the Neutron port. The NIC has the name `OpenStack_Port_<id>`. */
  readonly id: string;
  /** MAC address, six hex pairs with colons; null lets the machine choose. */
  readonly address: string | null;
  /** Neutron's `binding:vif_type`. */
  readonly type: string;
  /** Neutron's `binding:vnic_type`; only `normal` is served. */
  readonly vnicType?: string;
  /** Neutron's `binding:vif_details`. */
  readonly details: Readonly<Record<string, JsonValue>>;
  /** Neutron's `binding:profile`. */
  readonly profile?: Readonly<Record<string, JsonValue>> | null;
  readonly devname?: string | null;
  readonly active?: boolean;
  readonly preserveOnDelete?: boolean;
  readonly network: {
    readonly id: string;
    readonly label: string;
    readonly bridge?: string | null;
    readonly subnets: readonly NetworkSubnet[];
    readonly meta?: Readonly<Record<string, JsonValue>>;
  };
}

/** Nova's `network_info`. @public */
export type NetworkInfo = readonly VirtualInterface[];

/** The VIF types that the DPM driver serves. Source: networking-dpm ml2/mech_dpm.py. */
export const vifTypes = { virtualSwitch: 'dpm_vswitch', adapterPort: 'dpm_adapter' } as const;

/** A network of the settings. */
export interface NamedNetwork {
  readonly name: string;
  /** Object ID of the network adapter. */
  readonly adapterObjectId: string;
  /** Element ID of its port. */
  readonly port: number;
  /** 1 to 4094; null for none. */
  readonly vlanId: number | null;
}

/** The addresses of an interface on a named network; all optional. */
export interface InterfaceAddresses {
  /** MAC address, six hex pairs with colons. */
  readonly mac?: string | undefined;
  /** Fixed address with its prefix length: `10.0.0.5/24`. */
  readonly address?: string | undefined;
  /** Needs an address. */
  readonly gateway?: string | undefined;
  readonly dns?: readonly string[] | undefined;
}

/**
 * Returns a new interface on a network of the settings, with an ID of its own. The caller keeps it: the ID names the NIC.
 *
 * @param addresses - checked by the caller
 */
export function interfaceOn(network: NamedNetwork, addresses: InterfaceAddresses = {}): VirtualInterface {
  const { adapterObjectId, port, vlanId, name } = network;
  const { mac, address, gateway, dns = [] } = addresses;
  const [ip, prefix] = address?.split('/') ?? [];
  const subnet = (fixed: string): NetworkSubnet => ({
    cidr: `${fixed}/${prefix}`,
    gateway: gateway === undefined ? null : { address: gateway },
    dns: dns.map((server) => ({ address: server })),
    ips: [{ address: fixed }],
  });
  return {
    id: randomUUID(),
    address: mac ?? null,
    type: vifTypes.adapterPort,
    vnicType: 'normal',
    details: {
      object_id: adapterObjectId,
      port_element_id: String(port),
      ...(vlanId === null ? {} : { vlan: vlanId }),
    },
    network: { id: name, label: name, subnets: ip === undefined ? [] : [subnet(ip)] },
  };
}
