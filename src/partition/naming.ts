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
  return `OpenStack ${MARK}${host}`;
}

/**
 * The whole description of a parked partition. Only this text says so: whatever a person adds makes it a partition of ours
 * like any other, which is listed, and left alone.
 */
export function parkedDescription(host: string): string {
  return `${partitionDescription(host)} parked`;
}

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The instance that a name of this host's pattern stands for. A name alone decides nothing: anybody can give it. */
export function instanceNamed(host: string, name: string): string | undefined {
  const prefix = hostPrefix(host);
  if (!name.startsWith(prefix)) return undefined;
  const rest = name.slice(prefix.length);
  return uuid.test(rest) ? rest : undefined;
}

/**
 * The instance whose partition or storage group this is by its name and description; undefined when it is not ours. A
 * person may write what he likes into a description: only the mark of another host disowns.
 */
export function instanceOf(host: string, thing: { name: string; description: string }): string | undefined {
  return markOf(host, thing.description) === 'another' ? undefined : instanceNamed(host, thing.name);
}

/** What a description says about whose it is: our mark, the mark of another host alone, or no mark. */
export type Mark = 'ours' | 'another' | 'none';

export function markOf(host: string, description: string): Mark {
  const hosts = markedHosts(description);
  // A person may have written on after the mark: "CPCSubset=compute1: web server". A host's name may end so, too.
  if (hosts.some((marked) => marked === host || marked.replace(/[.:!?]+$/, '') === host)) return 'ours';
  return hosts.length > 0 ? 'another' : 'none';
}

/** The hosts whose marks stand in a description: each is a word of its own, perhaps in parentheses or quotes. */
export function markedHosts(description: string): readonly string[] {
  const words = description.split(/[\s,;()[\]{}<>"']+/);
  return words.flatMap((word) => (word.startsWith(MARK) && word.length > MARK.length ? [word.slice(MARK.length)] : []));
}

const MARK = 'CPCSubset=';

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
