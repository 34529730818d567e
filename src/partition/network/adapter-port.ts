import type { Adapter } from '../../hmc-client/index.ts';

/**
 * Families of network adapters. The channel devices of an adapter with virtual switches are those of the kernel's qeth driver.
 * Network Express: a NIC without a type becomes an OSA function (inferred). Source: IBM WS API, Adapter object,
 * adapter-family.
 */
const families: Readonly<Record<string, { readonly hasSwitches: boolean; readonly isChannelDevice: boolean }>> = {
  osa: { hasSwitches: true, isChannelDevice: true },
  hipersockets: { hasSwitches: true, isChannelDevice: true },
  'network-express': { hasSwitches: false, isChannelDevice: true },
  roce: { hasSwitches: false, isChannelDevice: false },
  cna: { hasSwitches: false, isChannelDevice: false },
  networking: { hasSwitches: false, isChannelDevice: false },
};

/** Returns what is known of a family of adapters; undefined if it has no network ports. */
export function networkFamily(family: string) {
  return Object.hasOwn(families, family) ? families[family] : undefined;
}

/** Returns the element IDs of the network ports of an adapter. */
export function networkPortsOf({ networkPortUris }: Pick<Adapter, 'networkPortUris'>): readonly string[] {
  return networkPortUris.map((uri) => uri.split('/').at(-1) ?? '');
}

export function hasNetworkPort(adapter: Pick<Adapter, 'networkPortUris'>, port: number): boolean {
  return networkPortsOf(adapter).includes(String(port));
}

/** Returns how many NICs are configured on an adapter, and how many are allowed; undefined if the HMC does not report it. */
export function nicCapacity({ configuredCapacity: used, allowedCapacity: allowed }: Adapter) {
  return used === undefined || allowed === undefined ? undefined : { used, allowed };
}
