import { isHmcError } from '../../hmc-client/errors/index.ts';
import { ConflictError } from '../../base/index.ts';
import type { Waiting } from '../../base/index.ts';
import type { HmcSession, StorageGroup, StorageGroupSummary, StorageVolume } from '../../hmc-client/index.ts';
import { isNamedForAnother } from '../assignment.ts';
import { instanceNamed, markOf, partitionName } from '../naming.ts';
import type { PartitionOwner } from '../naming.ts';
import { amend, hasNoPartition } from '../records.ts';
import type { PartitionRecords } from '../records.ts';
import type { AllocatedStorage } from '../storage.ts';
import { readFcpGroups } from './ports.ts';
import type { GroupWithPorts } from './ports.ts';

/** The storage group of an instance, cached by this process. */
export interface OwnGroup {
  readonly uri: string;
  readonly name: string;
  /** Known storage volumes, by the ID of their Cinder volume. */
  readonly volumeUris: ReadonlyMap<string, string>;
}

/** A group with its volumes, as just read. */
export interface ReadGroup {
  readonly group: StorageGroup;
  readonly volumes: readonly StorageVolume[];
}

/** The group has the same name and mark as the partition. */
export const groupName = partitionName;

/** The form of Cinder's volume IDs, which name our volumes in a group. */
const cinderId = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Whether DPM has found a LUN that was not requested, and waits for a decision. Source: tessia-baselib hypervisors/hmc. */
export function isMismatch(volume: Pick<StorageVolume, 'fulfillmentState'>): boolean {
  return volume.fulfillmentState === 'pending-with-mismatches';
}

export function isOurVolumeName(name: string | undefined): boolean {
  return name !== undefined && cinderId.test(name);
}

/** Whether an administrator added the volume: nova-dpm did not create it, and DPM did not find it. */
export function isForeign(volume: Pick<StorageVolume, 'name' | 'fulfillmentState'>): boolean {
  return !isMismatch(volume) && !isOurVolumeName(volume.name);
}

function unread({ group, volumes }: ReadGroup): string | undefined {
  return group.storageVolumeUris.find((uri) => !volumes.some((volume) => volume.uri === uri));
}

/** Omits volumes that the HMC is deleting. Source of the state: zhmc-prometheus-exporter. */
function withoutLeaving({ group, volumes }: ReadGroup): ReadGroup {
  return { group, volumes: volumes.filter(({ fulfillmentState }) => fulfillmentState !== 'deleting') };
}

/**
 * Finds the storage groups of instances by the recorded object id, then by name and mark. A group without record and
 * mark is not deleted; it becomes an orphan. Caches groups, so that a spawn does not search its own group again;
 * searches again if a cached group is gone.
 */
export class GroupDirectory {
  readonly #hmc: HmcSession;
  readonly #cpcUri: string;
  readonly #records: PartitionRecords;
  readonly #known = new Map<string, OwnGroup>();

  constructor(hmc: HmcSession, cpcUri: string, records: PartitionRecords) {
    this.#hmc = hmc;
    this.#cpcUri = cpcUri;
    this.#records = records;
  }

  remember(owner: PartitionOwner, uri: string, volumeUris: ReadonlyMap<string, string> = new Map()): OwnGroup {
    const group = { uri, name: groupName(owner), volumeUris };
    this.#known.set(owner.instanceUuid, group);
    if (this.#recorded(owner) !== uri) amend(this.#records, owner.instanceUuid, { storageGroupUri: uri });
    return group;
  }

  forget(owner: PartitionOwner): void {
    this.#known.delete(owner.instanceUuid);
    if (this.#recorded(owner) !== null) amend(this.#records, owner.instanceUuid, { storageGroupUri: null });
  }

  /** Finds the instance's group; undefined when there is none, or the group of its name lacks our mark. */
  async find(owner: PartitionOwner, w: Waiting): Promise<OwnGroup | undefined> {
    const known = this.#known.get(owner.instanceUuid);
    if (known !== undefined) return known;
    const recorded = this.#recorded(owner);
    if (recorded !== null) return this.remember(owner, recorded);
    const found = await this.lookUp(owner, w);
    if (found?.isOurs === true) return this.remember(owner, found.group.uri);
    const renamed = found === undefined ? await this.#byPorts(owner, w) : undefined;
    return renamed === undefined ? undefined : this.remember(owner, renamed.uri);
  }

  /** Finds a renamed group by its recorded ports. Without a partition, the ports may have another owner now. */
  async #byPorts(owner: PartitionOwner, w: Waiting): Promise<StorageGroup | undefined> {
    const record = this.#records.find(owner.instanceUuid);
    if (record === undefined || record.wwpns.length === 0 || hasNoPartition(record)) return undefined;
    const isOwn = ({ group, resources }: GroupWithPorts) =>
      markOf(owner.host, group.description) === 'ours' &&
      !this.isOfAnother(owner, group) &&
      resources.some(({ wwpn }) => wwpn !== undefined && record.wwpns.includes(wwpn));
    return (await readFcpGroups(this.#hmc, this.#cpcUri, w)).find(isOwn)?.group;
  }

  #recorded({ instanceUuid }: PartitionOwner): string | null {
    return this.#records.find(instanceUuid)?.storageGroupUri ?? null;
  }

  /** Finds the group of this name, of any owner. */
  async summary(owner: PartitionOwner, w: Waiting): Promise<StorageGroupSummary | undefined> {
    const [summary] = await this.#hmc.storageGroups.list({ cpcUri: this.#cpcUri, name: groupName(owner) }, w);
    return summary;
  }

  /** Reads the group of this name, of any owner. */
  async lookUp(owner: PartitionOwner, w: Waiting): Promise<{ group: StorageGroup; isOurs: boolean } | undefined> {
    const summary = await this.summary(owner, w);
    if (summary === undefined) return undefined;
    const group = await this.#hmc.storageGroups.get(summary.uri, w);
    const mark = markOf(owner.host, group.description);
    return { group, isOurs: group.type === 'fcp' && mark === 'ours' };
  }

  /** Lists groups with our mark of unknown instances; a name alone is not enough. */
  async list(host: string, known: ReadonlySet<string>, w: Waiting): Promise<readonly AllocatedStorage[]> {
    const summaries = await this.#hmc.storageGroups.list({ cpcUri: this.#cpcUri, type: 'fcp' }, w);
    const found: AllocatedStorage[] = [];
    for (const { name, uri } of summaries) {
      const instanceUuid = instanceNamed(host, name);
      if (instanceUuid === undefined || known.has(instanceUuid)) continue;
      const { description } = await this.#hmc.storageGroups.get(uri, w);
      if (markOf(host, description) !== 'ours') continue;
      const partitions = await this.#hmc.storageGroups.getPartitions(uri, w);
      found.push({ name, uri, instanceUuid, attachedTo: partitions.map((partition) => partition.name) });
    }
    return found;
  }

  /** Runs `work` with the instance's group; if a cached group is gone, searches it and retries once. */
  async using<T>(owner: PartitionOwner, w: Waiting, work: (group: OwnGroup) => Promise<T>): Promise<T | undefined> {
    const isRemembered = this.#known.has(owner.instanceUuid) || this.#recorded(owner) !== null;
    const group = await this.find(owner, w);
    if (group === undefined) return undefined;
    try {
      return await work(group);
    } catch (error) {
      if (!isHmcError(error, 404)) throw error;
      this.forget(owner);
      if (!isRemembered) throw error;
      const again = await this.find(owner, w);
      return again === undefined ? undefined : await work(again);
    }
  }

  /** @throws ConflictError when the group lists a volume that cannot be read */
  async read(uri: string, w: Waiting): Promise<ReadGroup> {
    const first = await this.#readOnce(uri, w);
    if (unread(first) === undefined) return withoutLeaving(first);
    // A volume may have been deleted between the two requests.
    const second = await this.#readOnce(uri, w);
    const missing = unread(second);
    if (missing === undefined) return withoutLeaving(second);
    throw new ConflictError(`storage volume ${missing} of storage group "${second.group.name}" cannot be read`, {
      storageGroupUri: uri,
      storageVolumeUri: missing,
    });
  }

  /** Reads the group; reads its volumes only if it has volumes that were not created with it. */
  async readOwn({ uri, volumeUris }: OwnGroup, w: Waiting): Promise<ReadGroup> {
    const group = await this.#hmc.storageGroups.get(uri, w);
    const made = new Set(volumeUris.values());
    const isAsMade = group.storageVolumeUris.every((each) => made.has(each));
    if (isAsMade) return { group, volumes: [] };
    const seen = { group, volumes: await this.#hmc.storageVolumes.getMany(group.storageVolumeUris, w) };
    return unread(seen) === undefined ? withoutLeaving(seen) : await this.read(uri, w);
  }

  async #readOnce(uri: string, w: Waiting): Promise<ReadGroup> {
    const group = await this.#hmc.storageGroups.get(uri, w);
    const volumes = await this.#hmc.storageVolumes.getMany(group.storageVolumeUris, w);
    return { group, volumes };
  }

  /** @returns why the group must not be changed: foreign content, or attached to another partition; undefined if it may be */
  async obstacle(owner: PartitionOwner, read: ReadGroup, w: Waiting): Promise<string | undefined> {
    return this.foreignContent(owner, read) ?? (await this.foreignUse(owner, read, w));
  }

  /** Returns the foreign mark or volumes of the group, in words. */
  foreignContent({ host }: PartitionOwner, { group, volumes }: ReadGroup): string | undefined {
    if (markOf(host, group.description) === 'another')
      return `storage group "${group.name}" has the mark of another host in its description`;
    const foreign = volumes.filter(isForeign).map(({ name, uri }) => `"${name ?? uri}"`);
    if (foreign.length === 0) return undefined;
    return `storage group "${group.name}" holds volumes of another owner: ${foreign.join(', ')}`;
  }

  /** Returns the attachments to other partitions, in words. */
  async foreignUse(owner: PartitionOwner, { group }: ReadGroup, w: Waiting): Promise<string | undefined> {
    const partitions = await this.#hmc.storageGroups.getPartitions(group.uri, w);
    const elsewhere = partitions.filter((each) => !this.isOwn(owner, each)).map(({ name }) => `"${name}"`);
    if (elsewhere.length === 0) return undefined;
    return `storage group "${group.name}" is attached to ${elsewhere.join(', ')}`;
  }

  /** Whether this is the instance's own partition, by record or name. */
  isOwn(owner: PartitionOwner, { uri, name }: { readonly uri?: string | undefined; readonly name: string }): boolean {
    const recorded = this.#records.find(owner.instanceUuid)?.partitionUri ?? undefined;
    return (uri !== undefined && uri === recorded) || name === partitionName(owner);
  }

  /** Whether this is the group of another instance of this host, by record or name. */
  isOfAnother({ host, instanceUuid }: PartitionOwner, { uri, name }: Pick<StorageGroup, 'uri' | 'name'>): boolean {
    if (isNamedForAnother(host, name, instanceUuid)) return true;
    return this.#records.list().some((one) => one.instanceUuid !== instanceUuid && one.storageGroupUri === uri);
  }

  missing(owner: PartitionOwner): ConflictError {
    const name = groupName(owner);
    return new ConflictError(`instance ${owner.instanceUuid} has no storage group "${name}" on this CPC`, {
      instance: owner.instanceUuid,
      storageGroup: name,
    });
  }
}
