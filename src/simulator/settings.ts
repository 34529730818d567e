import type { SimulatedHmc } from './hmc/index.ts';
import type { Openstack } from './openstack/index.ts';

/**
 * Settings of nova-dpm by section and option, in the words of its configuration files.
 * @public
 */
export type SimulatorSettings = Readonly<
  Record<'DEFAULT' | 'dpm' | 'cinder' | 'service_user', Readonly<Record<string, string | string[]>>>
>;

/**
 * Settings with which the driver works against these servers: all usable FCP ports of the machine, all its processors and
 * memory, and up to two networks.
 */
export function composeSettings(
  hmc: SimulatedHmc,
  openstack: Openstack,
  caFile: string | undefined,
): SimulatorSettings {
  return {
    DEFAULT: { host: 'compute1', compute_driver: 'dpm.DPMDriver' },
    dpm: dpmSettings(hmc, caFile),
    cinder: cinderSettings(openstack, caFile),
    service_user: serviceUserSettings(openstack),
  };
}

function dpmSettings(hmc: SimulatedHmc, caFile: string | undefined): Record<string, string | string[]> {
  const cpc = hmc.model.find('cpc', `/api/cpcs/${hmc.cpcObjectId}`);
  return {
    hmc: hmc.url,
    hmc_username: hmc.username,
    hmc_password: hmc.password,
    ...(hmc.broker === undefined ? {} : { hmc_stomp_port: String(hmc.broker.port) }),
    ...(caFile === undefined ? {} : { hmc_ca_certs: caFile }),
    cpc_object_id: hmc.cpcObjectId,
    max_processors: amount(cpc?.props['processor-count-ifl']),
    max_memory: amount(cpc?.props['storage-customer']),
    networks: networks(hmc, cpc?.uri),
    physical_storage_adapter_mappings: usableAdapters(hmc, cpc?.uri).map(
      ({ props }) => `${amount(props['object-id'])}:0`,
    ),
  };
}

/** FCP adapters that work and have a port 0: the others are of no use to anybody. */
function usableAdapters({ model }: SimulatedHmc, cpcUri: string | undefined) {
  return model.all('adapter').filter(({ uri, parent, props }) => {
    const isFcp = parent === cpcUri && props.type === 'fcp' && props.status === 'active';
    return isFcp && model.find('storage-port', `${uri}/storage-ports/0`) !== undefined;
  });
}

/** VLAN of the second network. */
const vlan = 120;

/** Up to two networks on OSA adapters that work, or one of another kind: `net1`, and `net2`, if possible with a VLAN. */
function networks({ model }: SimulatedHmc, cpcUri: string | undefined): string[] {
  // A z13 cannot enforce a VLAN: it has no vlan-type.
  const hasVlans = !amount(model.find('cpc', cpcUri ?? '')?.props['se-version']).startsWith('2.13');
  const ports = model.all('network-port').flatMap((port) => {
    const adapter = model.parentOf(port);
    // A setting names a port by its element ID, which a real machine numbers like the index. A definition file may not.
    const isNamed = port.uri.endsWith(`/network-ports/${amount(port.props.index)}`);
    return isNamed && adapter !== undefined && adapter.parent === cpcUri && adapter.props.status === 'active'
      ? [{ adapter, port }]
      : [];
  });
  const osas = ports.filter(({ adapter, port }) => adapter.props.type === 'osd' && port.props.index === 0);
  const chosen = osas.length > 0 ? osas.slice(0, 2) : ports.slice(0, 1);
  return chosen.map(({ adapter, port }, index) => {
    const place = `${amount(adapter.props['object-id'])}:${amount(port.props.index)}`;
    if (index === 0) return `net1=${place}`;
    return hasVlans ? `net2=${place},vlan=${vlan}` : `net2=${place}`;
  });
}

/** A definition file may leave out what a fresh machine has. */
function amount(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '1';
}

function cinderSettings({ cinder, keystone }: Openstack, caFile: string | undefined): Record<string, string> {
  const trust = caFile === undefined ? {} : { cafile: caFile };
  if (cinder.auth === 'noauth') {
    return { auth_type: 'none', endpoint_override: cinder.url, project_id: cinder.projectId, ...trust };
  }
  const user = keystone.users.find(({ name }) => name === 'dpm') ?? keystone.users.at(-1);
  return {
    auth_type: 'password',
    auth_url: keystone.url,
    username: user?.name ?? '',
    password: user?.password ?? '',
    project_name: Object.keys(user?.projects ?? {})[0] ?? '',
    user_domain_name: 'Default',
    project_domain_name: 'Default',
    region_name: keystone.region,
    ...trust,
  };
}

/**
 * Cinder guards attachments of instances: only with a service token can they be deleted again (cinder volume/api.py,
 * attachment_deletion_allowed).
 */
function serviceUserSettings({ cinder, keystone }: Openstack): Record<string, string> {
  const user = keystone.users.find(({ name }) => name === 'dpm');
  if (cinder.auth === 'noauth' || user === undefined) return {};
  return {
    send_service_user_token: 'true',
    auth_type: 'password',
    auth_url: keystone.url,
    username: user.name,
    password: user.password,
    project_name: Object.keys(user.projects)[0] ?? '',
    user_domain_name: 'Default',
    project_domain_name: 'Default',
  };
}
