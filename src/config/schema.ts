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
  objectId,
  serviceUrl,
  volumeDriver,
  wwnnRule,
  wwpn,
} from './value-types.ts';

const UNBOUNDED = Number.MAX_SAFE_INTEGER;

const defaultSection = {
  host: {
    ...hostName,
    help: 'Name of this compute host: also the name of its CPC subset, and part of the name of every partition. Without it, the short host name.',
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
    help: 'Directory of the instances and the journal. When the default cannot be written, nova-dpm in the XDG state directory is used.',
  },
} as const satisfies Record<string, Option>;

const dpmSection = {
  hmc: {
    ...hmcUrl,
    list: true,
    required: true,
    help: 'The HMC: host, host:port or URL; several, divided by commas, are redundant HMCs, tried in this order. The port is 6794 unless given. Plain http is refused for anything but a loopback address.',
    example: 'hmc1.example.com, hmc2.example.com',
  },
  hmc_username: { ...text, required: true, help: 'User of the HMC Web Services API.', example: 'novauser' },
  hmc_password: {
    ...secretText,
    secret: true,
    help: 'Password of this user. Better: hmc_password_file. Without both, dpm asks for it where it is used at a terminal.',
  },
  hmc_password_file: {
    ...path,
    help: 'File with the password of the HMC user and nothing else, readable by its owner only. A relative path counts from the settings file.',
    example: '/etc/nova-dpm/hmc-password',
  },
  hmc_ca_certs: {
    ...path,
    help: 'PEM file, or directory of PEM files, of the certificates against which the certificate of the HMC is verified. Without it, those that come with Node.js.',
    example: '/etc/nova-dpm/hmc-ca.pem',
  },
  hmc_insecure: {
    ...boolean,
    default: 'false',
    help: 'Accept any certificate. Whoever can answer in the place of the HMC then gets its password.',
  },
  cpc_object_id: {
    ...objectId,
    help: 'Object id of the CPC. One of cpc_object_id and cpc_name is required.',
    example: '6f0d2a3e-5b0c-3c8f-9a63-d2c5bd2e3ec6',
  },
  cpc_name: { ...text, help: 'Name of the CPC, as the HMC shows it.', example: 'A90' },
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
    help: 'An FCP adapter port of the domain; give one line for each. Every partition gets a vHBA (or a path of its storage group) on each, and the first is preferred for boot. Needed for volumes of Cinder; not for servers that only use storage groups which are there already.',
    example: '2a3e6f0d-0c5b-8f3c-639a-2e3ec6d2c5bd:0',
  },
  target_wwpn_ignore_list: {
    ...wwpn,
    list: true,
    default: '',
    help: 'Target WWPNs that are never to be used.',
    example: '5005076802100c1b, 5005076802200c1b',
  },
  volume_drivers: {
    ...volumeDriver,
    multi: true,
    default: 'fibre_channel=builtin',
    help: "Volume driver for a driver_volume_type of Cinder; give one line for each. Yours are added to the built-in one, or replace it under its type's name.",
    example: 'fibre_channel=nova-dpm-my-volumes#MyFibreChannelDriver',
  },
  host_connectors: {
    ...hostConnector,
    multi: true,
    help: 'Host connector for a protocol (a driver_volume_type of Cinder), for local-attach and whatever else looks at volumes of the Linux host on which it runs; give one line for each. With @ and what uname -m says it is for this platform alone. Yours are added to the built-in ones, or go before them; the module builtin is the built-in one.',
    example: 'fibre_channel@s390x=nova-dpm-my-volumes#MyHostConnector',
  },
  host_fcp_devices: {
    ...fcpDevice,
    list: true,
    default: '',
    help: 'FCP devices of the s390x Linux host on which it runs, which local-attach frees from the ignore list and sets online before it uses them. Without it, those that are online.',
    example: '0.0.8001, 0.0.8002',
  },
  spawn_order: {
    ...choice(['deferred', 'stock']),
    default: 'deferred',
    help: 'deferred: volumes are connected within spawn, once the partition has its WWPNs. stock: the order of a Nova that calls prepareForSpawn first.',
  },
  connector_wwnns: {
    ...wwnnRule,
    default: 'none',
    help: 'WWNNs in the connector. Many back ends refuse a connector without; DPM gives none. wwpn repeats the WWPNs; sixteen hex digits with x for the digits of the WWPN build them. Unity and VNX need the real ones.',
    example: 'wwpn',
  },
  boot_attempts: {
    ...integer(1, 16),
    // Two fabrics, and a back end that lists the targets of both for each initiator: four combinations.
    default: '4',
    help: 'Boot paths that are tried before a spawn fails. Many back ends also list targets of a fabric that a port is not in.',
  },
  boot_timeout: {
    // Bounds and default: HMC Web Services, partition property boot-timeout.
    ...integer(60, 600, 'seconds'),
    default: '60',
    help: 'Time after which the machine gives up a boot.',
  },
  login_before_zoning: {
    ...boolean,
    default: 'false',
    help: 'Start each new partition once without a boot device before its volumes are mapped, so that its ports log in: for fabrics and arrays that zone and map only initiators they have seen. Costs a start and a stop for each spawn, a minute or more.',
  },
  discovery_timeout: {
    ...integer(1, 86_400, 'seconds'),
    default: '900',
    help: 'On machines with storage groups: time for DPM to find the LUNs of volumes that Cinder has mapped. Where it takes no request for a discovery, it looks every ten minutes.',
  },
  start_timeout: {
    ...integer(1, 86_400, 'seconds'),
    default: '900',
    help: 'Time for a start or stop of a partition as a whole: the job and the status that follows it.',
  },
  max_hmc_requests: {
    ...integer(1, 100),
    default: '8',
    help: 'Requests to the HMC in flight at once; more wait their turn.',
  },
  max_concurrent_builds: {
    ...integer(1, 1000),
    default: '10', // as Nova
    aliases: ['DEFAULT.max_concurrent_builds'],
    help: 'Instances built at once; more wait their turn.',
  },
  queue_timeout: {
    ...integer(1, 86_400, 'seconds'),
    default: '3600',
    help: 'Time that an operation waits for its turn before it is refused, with nothing begun.',
  },
  history_days: {
    ...integer(1, 36_500, 'days'),
    default: '30',
    help: 'Age up to which flows that have ended stay in the journal.',
  },
  history_flows: {
    ...integer(0, 1_000_000),
    default: '1000',
    help: 'Number of flows that have ended that stay in the journal, the newest ones.',
  },
} as const satisfies Record<string, Option>;

/** The options of every section that authenticates, with keystoneauth's names. */
const authOptions = {
  auth_section: { ...text, help: 'Take the options of authentication from this section of the files instead.' },
  auth_type: {
    ...choice(['password', 'v3applicationcredential', 'none'], { v3password: 'password', noauth: 'none' }),
    help: 'How to authenticate. Without it: v3applicationcredential when an application credential is given, else password.',
    example: 'password',
  },
  auth_url: { ...serviceUrl, help: 'URL of Keystone.', example: 'https://keystone.example.com:5000/v3' },
  username: { ...text, aliases: ['user_name'], help: 'User name.', example: 'nova' },
  user_id: { ...text, help: 'User id, in the place of a name and its domain.' },
  password: { ...secretText, secret: true, help: 'Password of the user.' },
  project_name: { ...text, aliases: ['tenant_name'], help: 'Name of the project.', example: 'service' },
  project_id: { ...text, aliases: ['tenant_id'], help: 'Id of the project, in the place of a name and its domain.' },
  user_domain_name: { ...text, help: "Name of the user's domain.", example: 'Default' },
  user_domain_id: { ...text, help: "Id of the user's domain. Without name and id: default." },
  project_domain_name: { ...text, help: "Name of the project's domain.", example: 'Default' },
  project_domain_id: { ...text, help: "Id of the project's domain. Without name and id: default." },
  default_domain_name: { ...text, help: 'Name of the domain of user and project, where theirs is not given.' },
  default_domain_id: { ...text, help: 'Id of the domain of user and project, where theirs is not given.' },
  application_credential_id: { ...text, help: 'Id of an application credential.' },
  application_credential_name: { ...text, help: 'Name of an application credential of the user.' },
  application_credential_secret: { ...secretText, secret: true, help: 'Secret of the application credential.' },
} as const satisfies Record<string, Option>;

const cinderSection = {
  cloud: {
    ...text,
    help: 'Take all of the options below from this entry of clouds.yaml.',
    example: 'mycloud',
  },
  ...authOptions,
  cafile: {
    ...path,
    help: 'PEM file of the certificates against which certificates are verified. Without it, those that come with Node.js.',
  },
  insecure: {
    ...boolean,
    default: 'false',
    help: 'Accept any certificate, and plain http. Whoever can answer in the place of Keystone then gets the password.',
  },
  region_name: { ...text, aliases: ['os_region_name'], help: 'Region in the service catalogue.', example: 'RegionOne' },
  catalog_info: {
    ...catalogInfo,
    default: 'volumev3::publicURL',
    help: 'Cinder in the service catalogue: <service type>:<service name>:<interface>.',
  },
  endpoint_override: {
    ...serviceUrl,
    aliases: ['endpoint'],
    help: 'URL of Cinder, in the place of the one in the catalogue; required for auth_type none.',
    example: 'https://cinder.example.com:8776/v3',
  },
  endpoint_template: {
    ...endpointTemplate,
    help: "Nova's name for an override that holds a project id. Use endpoint_override.",
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
      help: 'Send the token of this service user along. A Cinder with the remedy of CVE-2023-2088 lets only a service detach volumes of instances.',
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
