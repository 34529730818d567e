import { boolean, choice, integer, path, secretText, text } from './option.ts';
import type { Option, OptionValue } from './option.ts';
import {
  adapterPort,
  catalogInfo,
  computeDriver,
  endpointTemplate,
  fcpDevice,
  hmcUrl,
  hostConnector,
  hostName,
  network,
  objectId,
  physicalNetwork,
  serviceUrl,
  volumeDriver,
  wwnnRule,
  wwpn,
} from './value-types.ts';

const UNBOUNDED = Number.MAX_SAFE_INTEGER;

const defaultSection = {
  host: {
    ...hostName,
    help: 'Name of this compute host. It is also the name of the CPC subset and part of every partition name. Default: the short host name.',
    example: 'compute1',
  },
  compute_driver: {
    ...computeDriver,
    default: 'dpm.DPMDriver',
    help: 'The virt driver: dpm.DPMDriver, fake.FakeDriver (keeps instances in memory, needs no HMC), or a module of your own.',
  },
  state_path: {
    ...path,
    default: '/var/lib/nova-dpm',
    help: 'Directory of the instances and the journal. If the default is not writable, nova-dpm in the XDG state directory is used.',
  },
} as const satisfies Record<string, Option>;

const dpmSection = {
  hmc: {
    ...hmcUrl,
    list: true,
    required: true,
    help: 'The HMC: host, host:port or URL. Separate redundant HMCs by commas; they are tried in this order. The default port is 6794. Plain http is accepted for a loopback address only.',
    example: 'hmc1.example.com, hmc2.example.com',
  },
  hmc_username: { ...text, required: true, help: 'User of the HMC Web Services API.', example: 'novauser' },
  hmc_password: {
    ...secretText,
    secret: true,
    help: 'Password of this user; hmc_password_file is safer. If neither is set, dpm asks for it at a terminal.',
  },
  hmc_password_file: {
    ...path,
    help: 'File that contains only the password of the HMC user, readable by its owner only. A relative path is relative to the settings file.',
    example: '/etc/nova-dpm/hmc-password',
  },
  hmc_ca_certs: {
    ...path,
    help: 'PEM file, or directory of PEM files, with the CA certificates that verify the certificate of the HMC. Default: the CA certificates of Node.js.',
    example: '/etc/nova-dpm/hmc-ca.pem',
  },
  hmc_insecure: {
    ...boolean,
    default: 'false',
    help: 'Do not verify the certificate of the HMC. An attacker on the network can then read the password.',
  },
  hmc_stomp_port: {
    ...integer(0, 65_535),
    default: '61612',
    help: 'Port of each HMC for notifications, by STOMP over TLS. nova-dpm connects to it during long waits, and for as long as "dpm serve" runs. If the port is closed, nova-dpm polls. 0: always poll.',
  },
  cpc_object_id: {
    ...objectId,
    help: 'Object id of the CPC. Either cpc_object_id or cpc_name is required.',
    example: '6f0d2a3e-5b0c-3c8f-9a63-d2c5bd2e3ec6',
  },
  cpc_name: { ...text, help: 'Name of the CPC on the HMC.', example: 'A90' },
  max_processors: {
    ...integer(1, UNBOUNDED),
    required: true,
    help: "The CPC subset's share of processors (IFLs).",
    example: '10',
  },
  max_memory: {
    // The lower bound is the retired driver's; nova-virt-driver.md 5.3.
    ...integer(512, UNBOUNDED, 'MiB'),
    required: true,
    help: "The CPC subset's share of memory, in MiB.",
    example: '65536',
  },
  physical_storage_adapter_mappings: {
    ...adapterPort,
    multi: true,
    help: 'FCP adapter port of the domain; one line for each port. Every partition gets a vHBA (or a connection of its storage group) on each port, and the first port is preferred for boot. Required for Cinder volumes, but not for servers that use only existing storage groups.',
    example: '2a3e6f0d-0c5b-8f3c-639a-2e3ec6d2c5bd:0',
  },
  networks: {
    ...network,
    multi: true,
    envSeparator: /\n|,(?!\s*\w+=\w+\s*(?:[,\n]|$))/,
    help: 'Network by name, for --network: a port of a network adapter (OSA, HiperSockets, RoCE, Network Express), and perhaps a VLAN; one line for each network. Several networks can use the same port.',
    example: 'prod=5b0c2a3e-6f0d-3c8f-9a63-d2c5bd2e3ec6:0,vlan=120',
  },
  physical_network_adapter_mappings: {
    ...physicalNetwork,
    multi: true,
    help: 'Physical network of Neutron and the adapter port that reaches it, in the form of the retired networking-dpm; the port is 0 if it is omitted. One line for each physical network. A physical network can also be used by name, without a VLAN.',
    example: 'physnet1:5b0c2a3e-6f0d-3c8f-9a63-d2c5bd2e3ec6:0',
  },
  target_wwpn_ignore_list: {
    ...wwpn,
    list: true,
    default: '',
    help: 'Target WWPNs that are never used.',
    example: '5005076802100c1b, 5005076802200c1b',
  },
  volume_drivers: {
    ...volumeDriver,
    multi: true,
    default: 'fibre_channel=builtin',
    help: 'Volume driver for a driver_volume_type of Cinder; one line for each driver. Each is added to the built-in driver, or replaces it if the type is the same.',
    example: 'fibre_channel=nova-dpm-my-volumes#MyFibreChannelDriver',
  },
  host_connectors: {
    ...hostConnector,
    multi: true,
    help: 'Host connector for a protocol (a driver_volume_type of Cinder); one line for each connector. Host connectors serve local-attach and every other command that reads the volumes of this Linux host. With @ and a platform (the output of uname -m) it applies to that platform only. Each is added to the built-in connectors and takes precedence over them; the module name builtin means the built-in one.',
    example: 'fibre_channel@s390x=nova-dpm-my-volumes#MyHostConnector',
  },
  host_fcp_devices: {
    ...fcpDevice,
    list: true,
    default: '',
    help: 'FCP devices of this s390x Linux host. local-attach removes them from the ignore list and sets them online before it uses them. Default: the devices that are online.',
    example: '0.0.8001, 0.0.8002',
  },
  spawn_order: {
    ...choice(['deferred', 'stock']),
    default: 'deferred',
    help: "deferred: volumes are connected within spawn, after the partition has its WWPNs. stock: Nova's own order, which calls prepareForSpawn first.",
  },
  connector_wwnns: {
    ...wwnnRule,
    default: 'none',
    help: 'WWNNs in the connector. DPM reports none, but many back ends require them. wwpn: repeat the WWPNs. 16 hex digits: a template in which each x is replaced by the digit of the WWPN at that place. Unity and VNX need the real WWNNs.',
    example: 'wwpn',
  },
  boot_attempts: {
    ...integer(1, 16),
    // Two fabrics, and a back end that lists the targets of both for each initiator: four combinations.
    default: '4',
    help: 'Number of boot paths that are tried before a spawn fails. Many back ends also list targets of fabrics to which a port is not connected.',
  },
  boot_timeout: {
    // Bounds and default: HMC Web Services, partition property boot-timeout.
    ...integer(60, 600, 'seconds'),
    default: '60',
    help: 'Time after which the machine abandons a boot.',
  },
  login_before_zoning: {
    ...boolean,
    default: 'false',
    help: 'Start each new partition once without a boot device before its volumes are mapped, so that its ports log in. For fabrics and arrays that zone and map only initiators that have logged in. Adds a start and a stop to each spawn, a minute or more.',
  },
  discovery_timeout: {
    ...integer(1, 86_400, 'seconds'),
    default: '900',
    help: 'On machines with storage groups: time for DPM to find the LUNs of volumes that Cinder has mapped. If the HMC cannot start a discovery on request, DPM looks every ten minutes.',
  },
  start_timeout: {
    ...integer(1, 86_400, 'seconds'),
    default: '900',
    help: 'Time limit for starting or stopping a partition: the job and the change of status that follows.',
  },
  max_hmc_requests: {
    ...integer(1, 100),
    default: '8',
    help: 'Maximum number of simultaneous requests to the HMC; further requests wait.',
  },
  max_concurrent_builds: {
    ...integer(1, 1000),
    default: '10', // as Nova
    aliases: ['DEFAULT.max_concurrent_builds'],
    help: 'Maximum number of simultaneous builds; further builds wait.',
  },
  queue_timeout: {
    ...integer(1, 86_400, 'seconds'),
    default: '3600',
    help: 'Time after which a waiting operation is refused. Nothing has been changed then.',
  },
  history_days: {
    ...integer(1, 36_500, 'days'),
    default: '30',
    help: 'Age up to which the journal keeps flows that have ended.',
  },
  history_flows: {
    ...integer(0, 1_000_000),
    default: '1000',
    help: 'Number of ended flows that the journal keeps; the newest are kept.',
  },
} as const satisfies Record<string, Option>;

/** The options of every section that authenticates, with keystoneauth's names. */
const authOptions = {
  auth_section: { ...text, help: 'Read the authentication options from this section of the files instead.' },
  auth_type: {
    ...choice(['password', 'v3applicationcredential', 'none'], { v3password: 'password', noauth: 'none' }),
    help: 'Authentication method. Default: v3applicationcredential if an application credential is set, else password.',
    example: 'password',
  },
  auth_url: { ...serviceUrl, help: 'URL of Keystone.', example: 'https://keystone.example.com:5000/v3' },
  username: { ...text, aliases: ['user_name'], help: 'User name.', example: 'nova' },
  user_id: { ...text, help: 'User id, instead of a name and its domain.' },
  password: { ...secretText, secret: true, help: 'Password of the user.' },
  project_name: { ...text, aliases: ['tenant_name'], help: 'Name of the project.', example: 'service' },
  project_id: { ...text, aliases: ['tenant_id'], help: 'Id of the project, instead of a name and its domain.' },
  user_domain_name: { ...text, help: "Name of the user's domain.", example: 'Default' },
  user_domain_id: { ...text, help: "Id of the user's domain. If neither name nor id is set: default." },
  project_domain_name: { ...text, help: "Name of the project's domain.", example: 'Default' },
  project_domain_id: { ...text, help: "Id of the project's domain. If neither name nor id is set: default." },
  default_domain_name: { ...text, help: 'Name of the domain of user and project, if theirs is not set.' },
  default_domain_id: { ...text, help: 'Id of the domain of user and project, if theirs is not set.' },
  application_credential_id: { ...text, help: 'Id of an application credential.' },
  application_credential_name: { ...text, help: 'Name of an application credential of the user.' },
  application_credential_secret: { ...secretText, secret: true, help: 'Secret of the application credential.' },
} as const satisfies Record<string, Option>;

const cinderSection = {
  cloud: {
    ...text,
    help: 'Read all of the options below from this entry of clouds.yaml.',
    example: 'mycloud',
  },
  ...authOptions,
  cafile: {
    ...path,
    help: 'PEM file with the CA certificates that verify Keystone and Cinder. Default: the CA certificates of Node.js.',
  },
  insecure: {
    ...boolean,
    default: 'false',
    help: 'Do not verify certificates, and accept plain http. An attacker on the network can then read passwords and tokens.',
  },
  region_name: { ...text, aliases: ['os_region_name'], help: 'Region in the service catalogue.', example: 'RegionOne' },
  catalog_info: {
    ...catalogInfo,
    default: 'volumev3::publicURL',
    help: "Cinder's entry in the service catalogue: <service type>:<service name>:<interface>.",
  },
  endpoint_override: {
    ...serviceUrl,
    aliases: ['endpoint'],
    help: 'URL of Cinder, instead of the URL in the catalogue; required for auth_type none.',
    example: 'https://cinder.example.com:8776/v3',
  },
  endpoint_template: {
    ...endpointTemplate,
    help: "Nova's option for a URL with a project id, read for compatibility. Use endpoint_override.",
  },
} as const satisfies Record<string, Option>;

/**
 * The table of all settings, by section and option. The reader, its messages, the sample file and the tests use it.
 *
 * @public
 */
export const settingsSchema = {
  DEFAULT: defaultSection,
  dpm: dpmSection,
  cinder: cinderSection,
  service_user: {
    send_service_user_token: {
      ...boolean,
      default: 'false',
      help: 'Also send the token of this service user. A Cinder with the fix for CVE-2023-2088 lets only a service user detach volumes of instances.',
    },
    ...authOptions,
  },
} as const satisfies Record<string, Record<string, Option>>;

export type SectionName = keyof typeof settingsSchema;

/** The parsed values of a section. */
export type SectionValues<S extends SectionName> = {
  readonly [Name in keyof (typeof settingsSchema)[S]]: OptionValue<(typeof settingsSchema)[S][Name]>;
};

/** The sections, in the order of the sample file. */
export const sectionNames = Object.keys(settingsSchema) as readonly SectionName[]; // it has no other keys

/** Returns the options of a section, typed as rows of any section. */
export function sectionOptions(section: SectionName): Readonly<Record<string, Option>> {
  return settingsSchema[section];
}

export function findOption(section: string, name: string): Option | undefined {
  if (!isSection(section)) return undefined;
  const options = sectionOptions(section);
  return Object.hasOwn(options, name) ? options[name] : undefined;
}

/** Returns whether keystoneauth's `auth_section` moves this option to another section. */
export function isAuthOption(name: string): boolean {
  return name !== 'auth_section' && Object.hasOwn(authOptions, name);
}

export function isSection(name: string): name is SectionName {
  return Object.hasOwn(settingsSchema, name);
}
