import { ConfigError } from '../base/index.ts';

/** Longest name of a partition or vHBA (IBM WS API, Create Partition, 3932-LA2; Create HBA, 3932-AGL). */
const MAX_NAME = 64;

/** The compute host and the instance to which a partition belongs. */
export interface PartitionOwner {
  readonly host: string;
  readonly instanceUuid: string;
}

/** Returns the name that the retired Python nova-dpm also gave, so that its partitions are found. Source: nova-dpm virt/dpm/vm.py. */
export function partitionName(owner: PartitionOwner): string {
  return `${hostPrefix(owner.host)}${owner.instanceUuid}`;
}

/** Returns the prefix of all partition names of this CPC subset. */
export function hostPrefix(host: string): string {
  return `OpenStack-${host}-`;
}

/** Returns the description of a storage group, and the first words of that of a partition: the mark of the host. */
export function partitionDescription(host: string): string {
  return `OpenStack ${MARK}${host}`;
}

/** Longest server name in a description, which itself may have 1024 characters (IBM WS API, data model of partitions). */
const MAX_NAME_SHOWN = 255;

/**
 * Returns the description of a server's partition: the mark of the host, and the server's name for people at the HMC. Nothing
 * reads the name back. The retired Python nova-dpm finds partitions by name alone (nova-dpm virt/dpm/vm.py).
 *
 * A user chooses the name. It is left out unless it consists of letters, digits and `._-`, so that it can neither look like
 * a mark, which contains "=", nor end the parentheses. The parentheses keep a server named "parked" apart from a parked
 * partition.
 */
export function serverDescription(host: string, serverName: string): string {
  const isPlain = serverName.length <= MAX_NAME_SHOWN && /^[A-Za-z0-9._-]+$/.test(serverName);
  return isPlain ? `${partitionDescription(host)} (server ${serverName})` : partitionDescription(host);
}

/**
 * Returns the description of a parked partition. If an administrator adds a word, the partition no longer counts as
 * parked: it is listed like the other partitions of this host, and never removed.
 */
export function parkedDescription(host: string): string {
  return `${partitionDescription(host)} parked`;
}

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Returns the instance in a name of this host's pattern. The name alone does not prove the owner, because anybody can
 * choose it.
 */
export function instanceNamed(host: string, name: string): string | undefined {
  const prefix = hostPrefix(host);
  if (!name.startsWith(prefix)) return undefined;
  const rest = name.slice(prefix.length);
  return uuid.test(rest) ? rest : undefined;
}

/**
 * Returns the owner of a partition or storage group by its name and description; undefined when it is not ours. A
 * description excludes a partition only if it has the mark of another host, because administrators may edit it.
 */
export function instanceOf(host: string, thing: { name: string; description: string }): string | undefined {
  return markOf(host, thing.description) === 'another' ? undefined : instanceNamed(host, thing.name);
}

/** The mark in a description: ours, only that of another host, or none. */
export type Mark = 'ours' | 'another' | 'none';

export function markOf(host: string, description: string): Mark {
  const hosts = markedHosts(description);
  // A person may have added text after the mark: "CPCSubset=compute1: web server". A host name may end so, too.
  if (hosts.some((marked) => marked === host || marked.replace(/[.:!?]+$/, '') === host)) return 'ours';
  return hosts.length > 0 ? 'another' : 'none';
}

/** Returns the hosts whose marks are in a description, each a separate word, perhaps in parentheses or quotes. */
export function markedHosts(description: string): readonly string[] {
  const words = description.split(/[\s,;()[\]{}<>"']+/);
  return words.flatMap((word) => (word.startsWith(MARK) && word.length > MARK.length ? [word.slice(MARK.length)] : []));
}

const MARK = 'CPCSubset=';

/** A configured adapter port: one line of `dpm.physical_storage_adapter_mappings`. */
export interface AdapterPort {
  readonly adapterObjectId: string;
  readonly port: number;
}

/**
 * Checks that an FCP adapter port is configured, which Cinder volumes need and prepared storage groups do not. @throws
 * ConfigError
 */
export function requireAnyPort(ports: readonly AdapterPort[]): void {
  if (ports.length > 0) return;
  const option = 'dpm.physical_storage_adapter_mappings';
  const text = `${option} names no adapter port: volumes of Cinder need at least one FCP adapter port`;
  throw new ConfigError(text, { option });
}

/** The beginning of the name of every vHBA and NIC of nova-dpm. */
const ELEMENT_PREFIX = 'OpenStack_Port_';

export function hbaName(port: AdapterPort): string {
  return `${ELEMENT_PREFIX}${port.adapterObjectId}_${port.port}`.slice(0, MAX_NAME);
}

/** The name that the retired nova-dpm gave a NIC. Source: nova-dpm virt/dpm/vm.py. */
export function nicName(portId: string): string {
  return `${ELEMENT_PREFIX}${portId}`.slice(0, MAX_NAME);
}

/** Whether nova-dpm created a vHBA or NIC: only its own are named `OpenStack_Port_…`. */
export function isOurElementName(name: string): boolean {
  return name.startsWith(ELEMENT_PREFIX);
}

/** Returns the ID of the network port in the name of a NIC; undefined for a NIC of another owner. */
export function portOfNicName(name: string): string | undefined {
  return isOurElementName(name) ? name.slice(ELEMENT_PREFIX.length) : undefined;
}

export function adapterPortUri(port: AdapterPort): string {
  return `/api/adapters/${port.adapterObjectId}/storage-ports/${port.port}`;
}

/** Returns the port in the form of the settings, `<adapter object-id>:<port>`; another URI unchanged. */
export function portOfUri(uri: string): string {
  const [, adapter, port] = /^\/api\/adapters\/([^/]+)\/storage-ports\/([^/]+)$/.exec(uri) ?? [];
  return adapter === undefined || port === undefined ? uri : `${adapter}:${port}`;
}
