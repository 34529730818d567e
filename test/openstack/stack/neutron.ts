import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Caller } from './identity.ts';
import { PYTHON, pythonScripts } from './processes.ts';
import {
  authtoken,
  databaseUrl,
  logon,
  quiet,
  urlOf,
  writeSettings,
  type Bed,
  type Sections,
  type Service,
} from './settings.ts';

/** Directory of the package neutron_dpm. */
const bridge = resolve(import.meta.dirname, '../../../bridge');

/** Physical networks. Each can have a flat network, and VLANs from 100 to 199. */
const physicalNetworks = ['physnet1', 'physnet2'] as const;

/**
 * Neutron with the mechanism driver `dpm`, and without agents.
 *
 * @param mappings - values of `[ml2_dpm] physical_network_adapter_mappings`:
 *   `HOST:PHYSICAL_NETWORK:ADAPTER_OBJECT_ID[:PORT]`
 */
export function neutron(bed: Bed, mappings: readonly string[]): Service {
  const { directory, processes, ports } = bed;
  const file = join(directory, 'etc/neutron.conf');
  const packages = join(directory, 'python');
  const env = { PYTHONPATH: [bridge, packages].join(':') };
  const command = (...args: string[]) => ({
    command: PYTHON,
    args: [join(pythonScripts, 'run_service.py'), ...args],
    env,
  });
  return {
    name: 'neutron',
    databases: ['neutron'],
    catalogue: { type: 'network', url: urlOf(ports.neutron) },
    configure: () => {
      installEntryPoints(packages);
      writeSettings(bed, 'neutron', settings(bed, mappings));
    },
    migrate: async () => {
      await processes.run(
        'neutron-db-manage',
        command('neutron.db.migration.cli', '--config-file', file, 'upgrade', 'heads'),
      );
    },
    start: () => {
      processes.start('neutron', command('neutron.cmd.eventlet.server', '--config-file', file));
      return Promise.resolve(['neutron']);
    },
  };
}

function settings(bed: Bed, mappings: readonly string[]): Sections {
  const { directory, stock, ports } = bed;
  return {
    DEFAULT: {
      ...quiet,
      bind_host: '127.0.0.1',
      bind_port: ports.neutron,
      api_workers: 0,
      rpc_workers: 0,
      rpc_state_report_workers: 0,
      core_plugin: 'ml2',
      service_plugins: '',
      auth_strategy: 'keystone',
      api_paste_config: join(stock, 'neutron-api-paste.ini'),
      transport_url: 'fake:///',
      state_path: join(directory, 'neutron'),
      // Guests get their fixed addresses from nova-dpm. A DHCP agent could not reach them.
      enable_traditional_dhcp: 'false',
    },
    database: { connection: databaseUrl(bed, 'neutron') },
    ml2: {
      type_drivers: 'flat,vlan',
      tenant_network_types: '',
      mechanism_drivers: 'dpm',
      extension_drivers: 'port_security',
    },
    ml2_type_flat: { flat_networks: physicalNetworks.join(',') },
    ml2_type_vlan: { network_vlan_ranges: physicalNetworks.map((name) => `${name}:100:199`).join(',') },
    // An option with several values has a line for each.
    ml2_dpm: { physical_network_adapter_mappings: mappings.join('\nphysical_network_adapter_mappings = ') },
    quotas: { quota_network: -1, quota_subnet: -1, quota_port: -1 },
    keystone_authtoken: authtoken(bed, 'neutron'),
    nova: logon(bed, 'neutron'),
    oslo_concurrency: { lock_path: join(directory, 'lock') },
  };
}

/** Neutron finds mechanism drivers by the entry points of an installed package. */
function installEntryPoints(directory: string): void {
  const metadata = join(directory, 'neutron_dpm-0.dist-info');
  mkdirSync(metadata, { recursive: true });
  writeFileSync(join(metadata, 'METADATA'), 'Metadata-Version: 2.1\nName: neutron-dpm\nVersion: 0\n');
  const driver = 'dpm = neutron_dpm.mech_driver:DPMMechanismDriver';
  writeFileSync(join(metadata, 'entry_points.txt'), `[neutron.ml2.mechanism_drivers]\n${driver}\n`);
}

/** Networks of the test bed. */
export interface Networks {
  /** A flat network. */
  readonly networkId: string;
  /** VLAN 120, which a z13 does not have, with an IPv4 and an IPv6 subnet. */
  readonly vlanNetworkId: string;
  /** A flat network on a physical network that no host reaches. */
  readonly unreachableNetworkId: string;
  /** Returns the server of each port. */
  devices(): Promise<readonly string[]>;
}

/** Creates the networks. */
export async function createNetworks({ ports }: Bed, { call }: Caller): Promise<Networks> {
  const url = (path: string) => urlOf(ports.neutron, `/v2.0/${path}`);
  const network = async (name: string, provider: Readonly<Record<string, unknown>>, cidrs: readonly string[]) => {
    const attributes = Object.fromEntries(Object.entries(provider).map(([key, value]) => [`provider:${key}`, value]));
    const made = await call<{ network: { id: string } }>('POST', url('networks'), { network: { name, ...attributes } });
    const { id } = made.network;
    for (const cidr of cidrs) {
      const subnet = { network_id: id, cidr, ip_version: cidr.includes(':') ? 6 : 4, enable_dhcp: false };
      await call('POST', url('subnets'), { subnet: { ...subnet, dns_nameservers: [] } });
    }
    return id;
  };
  const flat = { network_type: 'flat', physical_network: 'physnet1' };
  const vlan = { network_type: 'vlan', physical_network: 'physnet1', segmentation_id: 120 };
  return {
    networkId: await network('flat', flat, ['198.51.100.0/24']),
    vlanNetworkId: await network('vlan', vlan, ['203.0.113.0/24', '2001:db8::/64']),
    unreachableNetworkId: await network('unreachable', { ...flat, physical_network: 'physnet2' }, ['192.0.2.0/24']),
    devices: async () => {
      const listed = await call<{ ports: { device_id: string }[] }>('GET', url('ports?fields=device_id'));
      return listed.ports.map(({ device_id: device }) => device);
    },
  };
}
