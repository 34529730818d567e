import { isIP } from 'node:net';
import { isReadableOnTheWay, parseBusId, wwpnSchema } from '../base/index.ts';
import type { Wwpn } from '../base/index.ts';
import { valueType } from './option.ts';
import type { ValueType } from './option.ts';

/** An FCP adapter port of the domain. */
export interface AdapterPort {
  /** Object id of the adapter, lower case. */
  readonly adapterObjectId: string;
  /** Element id of its storage port, 0 to 3. */
  readonly port: number;
}

/** Names the driver of a `driver_volume_type`. */
export interface VolumeDriverSetting {
  /** Cinder's `driver_volume_type`. */
  readonly type: string;
  /** A module specifier, or `builtin`. */
  readonly module: string;
  readonly exportName?: string;
}

/** Names the host connector of a protocol. */
export interface HostConnectorSetting {
  /** Cinder's `driver_volume_type`. */
  readonly protocol: string;
  /** Machine name as in `uname -m`; absent for every platform. */
  readonly platform?: string;
  /** A module specifier, or `builtin`. */
  readonly module: string;
  readonly exportName?: string;
}

/** Source: HMC Web Services, default port of the API (users-and-conventions.md 4.3). */
const HMC_PORT = 6794;

/** Names of partitions have at most 64 characters; ours are `OpenStack-<host>-<uuid>`, and 10 + 17 + 1 + 36 is 64. */
const MAX_HOST_NAME = 17;

/** The compute host's name, which is part of the name of every partition. */
export const hostName: ValueType<string> = valueType(
  'string',
  `1 to ${MAX_HOST_NAME} of the characters A-Z a-z 0-9 . _ - (it is part of partition names, which have at most 64)`,
  ['', 'a-name-of-18-chars', 'rack 1', 'host/1', 'hôte'],
  (value) => (new RegExp(`^[A-Za-z0-9._-]{1,${MAX_HOST_NAME}}$`).test(value) ? value : undefined),
);

/** A built-in driver in Nova's form `package.Class`, or a module specifier and `#ExportName`. */
export const computeDriver: ValueType<string> = valueType(
  'string',
  'dpm.DPMDriver, fake.FakeDriver or <module specifier>#<ExportName>',
  ['libvirt.LibvirtDriver', '', 'module#', '#Export', 'module#not a name'],
  (value) => (/^(?:dpm\.DPMDriver|fake\.FakeDriver|[^#\s]+#[A-Za-z_$][\w$]*)$/.test(value) ? value : undefined),
);

function readUrl(value: string): URL | undefined {
  if (/\s/.test(value) || !URL.canParse(value)) return undefined;
  const url = new URL(value);
  const plain = url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  return plain && url.hostname !== '' && /^https?:$/.test(url.protocol) ? url : undefined;
}

function readHmc(value: string): string | undefined {
  // In a URL, an IPv6 address needs brackets.
  const authority = isIP(value) === 6 ? `[${value}]` : value;
  const url = readUrl(/^https?:\/\//i.test(value) ? value : `https://${authority}`);
  if (url?.pathname !== '/' || !hasHostForm(url.hostname)) return undefined;
  if (isReadableOnTheWay(url.href)) return undefined;
  const port = Number(givenPort(value) ?? HMC_PORT);
  return port === 0 ? undefined : `${url.protocol}//${url.hostname}:${port}`;
}

/** The URL parser also accepts `%41` and `a;b`. Underscores do occur in internal names. */
function hasHostForm(hostname: string): boolean {
  return /^\[[0-9a-f:.]+\]$|^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$/i.test(hostname);
}

/** Returns the port as written: the URL parser drops 443 and 80, which are not our defaults. */
function givenPort(value: string): string | undefined {
  if (isIP(value) === 6) return undefined;
  return /:(\d+)\/?$/.exec(value.replace(/^https?:\/\//i, ''))?.[1];
}

/** An HMC as `https://host:port`; plain http for a loopback address only. */
export const hmcUrl: ValueType<string> = valueType(
  'string',
  'a host, host:port or https URL without path or password (http only for a loopback address)',
  ['http://hmc1.example.com', 'ftp://hmc1', 'hmc1:99999', 'https://hmc1/api', 'https://user:pw@hmc1', 'hmc 1', '*'],
  readHmc,
);

/** The URL of an OpenStack service, without a trailing slash. */
export const serviceUrl: ValueType<string> = {
  ...valueType(
    'URL',
    'an http or https URL without user, password or query',
    ['keystone', 'ftp://keystone/v3', 'https://user:pw@keystone/v3', 'https://keystone/v3?a=b', 'https://'],
    // Rejects the rest of a template.
    (value) => (/[%$][({]/.test(value) ? undefined : readUrl(value)?.href.replace(/\/+$/, '')),
  ),
  emptyIsNone: true,
};

const objectIdForm = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/** IDs in zhmcclient mock definitions (`cpc1`), which no HMC has. */
const definitionIdForm = /^[a-z][a-z0-9_]{0,35}$/;

/** Refuses names that the HMC shows (`A90`, `A16`): those are upper case. */
function readObjectId(value: string): string | undefined {
  const id = value.toLowerCase();
  return objectIdForm.test(id) || definitionIdForm.test(value) ? id : undefined;
}

/** An HMC object ID, lower-cased. */
export const objectId: ValueType<string> = {
  ...valueType(
    'object id',
    'an object id such as 6f0d2a3e-5b0c-3c8f-9a63-d2c5bd2e3ec6',
    ['A90', '6f0d2a3e-5b0c-3c8f-9a63-d2c5bd2e3ecg', '/api/cpcs/6f0d2a3e-5b0c-3c8f-9a63-d2c5bd2e3ec6'],
    readObjectId,
  ),
  emptyIsNone: true,
};

/** `<adapter object-id>:<port>`. */
export const adapterPort: ValueType<AdapterPort> = valueType(
  'adapter port',
  '<adapter object-id>:<port 0 to 3>',
  ['6f0d2a3e-5b0c-3c8f-9a63-d2c5bd2e3ec6', '6f0d2a3e-5b0c-3c8f-9a63-d2c5bd2e3ec6:4', 'A16:0', ''],
  (value) => {
    const [given = '', port = '', ...rest] = value.split(':');
    const id = readObjectId(given);
    if (id === undefined || !/^[0-3]$/.test(port) || rest.length > 0) return undefined;
    return { adapterObjectId: id, port: Number(port) };
  },
);

/** A network by name: a port of a network adapter, and perhaps a VLAN. */
export interface NetworkSetting {
  readonly name: string;
  /** Object id of the adapter, lower case. */
  readonly adapterObjectId: string;
  /** Element id of its network port. */
  readonly port: number;
  /** 1 to 4094; null for none. */
  readonly vlanId: number | null;
}

/** `<name>=<adapter object-id>:<port>[,vlan=<id>]`. The range of VLAN IDs is that of IEEE 802.1Q. */
export const network: ValueType<NetworkSetting> = valueType(
  'network',
  '<name>=<adapter object-id>:<port 0 to 3>[,vlan=<1 to 4094>]',
  [
    'a1b2c3d4-0000-3c8f-9a63-d2c5bd2e3ec6:0',
    '=osd1:0',
    'two words=osd1:0',
    'prod=osd1',
    'prod=osd1:4',
    'prod=A16:0',
    'prod=osd1:0,vlan=0',
    'prod=osd1:0,vlan=4095',
    'prod=osd1:0,vlan=ten',
    'prod=osd1:0,mtu=9000',
  ],
  (value) => {
    const match = /^([\w.-]+)\s*=\s*([^:,\s]+):([0-3])(?:,\s*vlan=(\d{1,4}))?$/.exec(value);
    const [, name, given = '', port, vlan] = match ?? [];
    const adapterObjectId = readObjectId(given);
    const vlanId = vlan === undefined ? null : Number(vlan);
    if (name === undefined || adapterObjectId === undefined) return undefined;
    if (vlanId !== null && (vlanId < 1 || vlanId > 4094)) return undefined;
    return { name, adapterObjectId, port: Number(port), vlanId };
  },
);

/** `<physical network>:<adapter object-id>[:<port>]`. Source: networking-dpm conf/config.py and conf/types.py. */
export const physicalNetwork: ValueType<NetworkSetting> = valueType(
  'physical network',
  '<physical network>:<adapter object-id>[:<port 0 to 3>]',
  ['physnet1', ':osd1:0', 'physnet1:A16:0', 'physnet1:osd1:4', 'physnet1:osd1:0:0', 'two words:osd1:0'],
  (value) => {
    const match = /^([^:,\s]+):([^:,\s]+)(?::([0-3])?)?$/.exec(value); // networking-dpm accepts an empty port too
    const [, name, given = '', port = '0'] = match ?? [];
    const adapterObjectId = readObjectId(given);
    if (name === undefined || adapterObjectId === undefined) return undefined;
    return { name, adapterObjectId, port: Number(port), vlanId: null };
  },
);

/** An FCP device of a Linux host, as its bus ID. */
export const fcpDevice: ValueType<string> = valueType(
  'FCP device',
  'bus IDs such as 0.0.8001, or device numbers such as 8001, separated by commas',
  ['801', '0.0.80011', '0.9.8001', '../8001', 'host0'],
  parseBusId,
);

/** A WWPN in any spelling. */
export const wwpn: ValueType<Wwpn> = valueType(
  'WWPN',
  'WWPNs of 16 hex digits, not zero, separated by commas',
  ['5005076802160', '0000000000000000', '50050768021604170', 'target'],
  (value) => wwpnSchema.safeParse(value).data,
);

/** `<driver_volume_type>=<module specifier>[#ExportName]`. */
export const volumeDriver: ValueType<VolumeDriverSetting> = valueType(
  'volume driver',
  '<driver_volume_type>=<module specifier>[#ExportName]',
  ['fibre_channel', '=builtin', 'fibre_channel=', 'fibre channel=builtin', 'x=module#not-a-name', 'x=#Export'],
  (value) => {
    const match = /^([\w.-]+)\s*=\s*([^#\s]+)(?:#([A-Za-z_$][\w$]*))?$/.exec(value);
    const [, type, module, exportName] = match ?? [];
    if (type === undefined || module === undefined) return undefined;
    return { type, module, ...(exportName === undefined ? {} : { exportName }) };
  },
);

/** `<protocol>[@<platform>]=<module specifier>[#ExportName]`. */
export const hostConnector: ValueType<HostConnectorSetting> = valueType(
  'host connector',
  '<protocol>[@<platform>]=<module specifier>[#ExportName]',
  ['fibre_channel', '=module', 'local=', 'local@=module', 'a b=module', 'x=module#not-a-name', 'x@s390x=#Export'],
  (value) => {
    const match = /^([\w.-]+)(?:@([\w.-]+))?\s*=\s*([^#\s]+)(?:#([A-Za-z_$][\w$]*))?$/.exec(value);
    const [, protocol, platform, module, exportName] = match ?? [];
    if (protocol === undefined || module === undefined) return undefined;
    const where = platform === undefined ? {} : { platform };
    return { protocol, ...where, module, ...(exportName === undefined ? {} : { exportName }) };
  },
);

/** How to make WWNNs: undefined for none, else 16 characters in which `x` means the WWPN's digit at this place. */
export const wwnnRule: ValueType<{ readonly template: string | undefined }> = valueType(
  'string',
  'none, wwpn, or 16 hex digits in which each x is replaced by the digit of the WWPN at that place',
  ['yes', '', '5005076', 'c05076ffe680xxxxx', 'c05076ffe680yyyy'],
  (value) => {
    const rule = value.toLowerCase();
    if (rule === 'none') return { template: undefined };
    if (rule === 'wwpn') return { template: 'x'.repeat(16) };
    return /^[0-9a-fx]{16}$/.test(rule) ? { template: rule } : undefined;
  },
);

/** Returns the WWNN for a WWPN, by the template of `dpm.connector_wwnns`. */
export function wwnnFromTemplate(template: string, wwpnOfPort: Wwpn): string {
  return template.replaceAll(/x/g, (_, place: number) => wwpnOfPort.charAt(place));
}

/** Cinder's entry in the service catalog: type, name (mostly empty) and interface. */
export const catalogInfo: ValueType<string> = {
  ...valueType(
    'string',
    '<service type>:<service name, may be empty>:<interface>',
    ['volumev3', 'volumev3:publicURL', 'a:b:c:d', '::publicURL', 'volumev3::nowhere'],
    (value) => (/^[\w.-]+:[^:\s]*:(?:public|internal|admin)(?:URL)?$/.test(value) ? value : undefined),
  ),
  emptyIsNone: true,
};

/** Nova's `endpoint_template`: an override with a project ID, which we add ourselves. */
export const endpointTemplate: ValueType<string> = {
  ...valueType(
    'URL',
    'an http or https URL, with %(project_id)s or $(project_id)s at its end at most',
    ['cinder', 'https://cinder/v3/%(user)s'],
    (value) => serviceUrl.schema.safeParse(value.replace(/\/[%$]\((?:project|tenant)_id\)s\/?$/, '')).data,
  ),
  emptyIsNone: true,
};
