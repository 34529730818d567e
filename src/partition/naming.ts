/** Longest name of a partition or vHBA (IBM WS API, Create Partition, 3932-LA2; Create HBA, 3932-AGL). */
const MAX_NAME = 64;

/** Which compute host's share a partition belongs to, and which instance it realises. */
export interface PartitionOwner {
  readonly host: string;
  readonly instanceUuid: string;
}

/**
 * Names are kept as the retired Python nova-dpm made them, so that its partitions are recognised.
 * Source: nova-dpm virt/dpm/vm.py.
 */
export function partitionName(owner: PartitionOwner): string {
  return `${hostPrefix(owner.host)}${owner.instanceUuid}`;
}

/** What the name of every partition of this CPC subset begins with. */
export function hostPrefix(host: string): string {
  return `OpenStack-${host}-`;
}

/** The mark in a partition's description that says whose it is. */
export function partitionDescription(host: string): string {
  return `OpenStack CPCSubset=${host}`;
}

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * The instance that a partition of this host realises; undefined when the partition is not ours. Both the name and,
 * where it is known, the description must say so: a name alone could be anybody's.
 */
export function instanceOf(
  host: string,
  partition: { name: string; description?: string | undefined },
): string | undefined {
  const prefix = hostPrefix(host);
  if (!partition.name.startsWith(prefix)) return undefined;
  const rest = partition.name.slice(prefix.length);
  if (!uuid.test(rest)) return undefined;
  if (partition.description !== undefined && !isOurDescription(partition.description, host)) return undefined;
  return rest;
}

function isOurDescription(description: string, host: string): boolean {
  return description.split(/[\s,;]+/).includes(`CPCSubset=${host}`);
}

/** One FCP adapter port of the domain. */
export interface AdapterPort {
  readonly adapterObjectId: string;
  readonly port: number;
}

export function hbaName(port: AdapterPort): string {
  return `OpenStack_Port_${port.adapterObjectId}_${port.port}`.slice(0, MAX_NAME);
}

/** `OpenStack_Port_…` is how a vHBA or NIC of ours is told from one that a person added. */
export function isOurElementName(name: string): boolean {
  return name.startsWith('OpenStack_Port_');
}

export function adapterPortUri(port: AdapterPort): string {
  return `/api/adapters/${port.adapterObjectId}/storage-ports/${port.port}`;
}

/** The port as the settings name it, `<adapter object-id>:<port>`; a URI of another form as it is. */
export function portOfUri(uri: string): string {
  const [, adapter, port] = /^\/api\/adapters\/([^/]+)\/storage-ports\/([^/]+)$/.exec(uri) ?? [];
  return adapter === undefined || port === undefined ? uri : `${adapter}:${port}`;
}
