import { isHmcError } from '../../hmc-client/errors/index.ts';
import { ConflictError } from '../../base/index.ts';
import type { Waiting } from '../../base/index.ts';
import type { HmcSession, StorageGroup, StorageGroupSummary, StorageVolume } from '../../hmc-client/index.ts';
import { isNamedForAnother } from '../assignment.ts';
import { instanceNamed, markOf, partitionName } from '../naming.ts';
import type { PartitionOwner } from '../naming.ts';
import { amend, isUnmade } from '../records.ts';
import type { PartitionRecords } from '../records.ts';
import type { AllocatedStorage } from '../storage.ts';
import { readFcpGroups } from './ports.ts';
import type { GroupWithPorts } from './ports.ts';

/** The storage group of an instance, as this process remembers it. */
export interface OwnGroup {
  readonly uri: string;
  readonly name: string;
  /** Storage volumes by the id of the Cinder volume that they were made for; as far as known without asking. */
  readonly volumeUris: ReadonlyMap<string, string>;
}

/** A group with its volumes, read just now. */
export interface ReadGroup {
  readonly group: StorageGroup;
  readonly volumes: readonly StorageVolume[];
}

/** The group has the name that its instance's partition was given, and like it carries the mark of its host. */
export const groupName = partitionName;

/** The names that Cinder gives its volumes, by which ours are told in a group. */
const cinderId = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * DPM has found a LUN that nobody asked for, and waits to be told what to do with it. Source: tessia-baselib
 * hypervisors/hmc.
 */
export function isMismatch(volume: Pick<StorageVolume, 'fulfillmentState'>): boolean {
  return volume.fulfillmentState === 'pending-with-mismatches';
}

export function isOurVolumeName(name: string | undefined): boolean {
  return name !== undefined && cinderId.test(name);
}

/** Not one of ours, nor a mere finding of DPM's: somebody has put it there. */
export function isForeign(volume: Pick<StorageVolume, 'name' | 'fulfillmentState'>): boolean {
  return !isMismatch(volume) && !isOurVolumeName(volume.name);
}

function unread({ group, volumes }: ReadGroup): string | undefined {
  return group.storageVolumeUris.find((uri) => !volumes.some((volume) => volume.uri === uri));
}

/** A volume that the HMC is deleting is not one of the group any more. Source of the state: zhmc-prometheus-exporter. */
function withoutLeaving({ group, volumes }: ReadGroup): ReadGroup {
  return { group, volumes: volumes.filter(({ fulfillmentState }) => fulfillmentState !== 'deleting') };
}

/**
 * Finds the storage groups of instances: by the object id that was recorded, then by name, and then only those that carry
 * our mark: a group that is not recorded and not marked is left behind rather than deleted. What was found or made is
 * remembered, so that a spawn does not look its own group up again; a group that turns out to be gone is looked up anew.
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

  /** The instance's group; undefined when there is none, or when what has its name does not carry our mark. */
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

  /** A person may have renamed it: its ports are recorded. Of an instance without a partition they may be somebody else's by now. */
  async #byPorts(owner: PartitionOwner, w: Waiting): Promise<StorageGroup | undefined> {
    const record = this.#records.find(owner.instanceUuid);
    if (record === undefined || record.wwpns.length === 0 || isUnmade(record)) return undefined;
    const isOwn = ({ group, resources }: GroupWithPorts) =>
      markOf(owner.host, group.description) === 'ours' &&
      !this.isOfAnother(owner, group) &&
      resources.some(({ wwpn }) => wwpn !== undefined && record.wwpns.includes(wwpn));
    return (await readFcpGroups(this.#hmc, this.#cpcUri, w)).find(isOwn)?.group;
  }

  #recorded({ instanceUuid }: PartitionOwner): string | null {
    return this.#records.find(instanceUuid)?.storageGroupUri ?? null;
  }

  /** Is there a group under the name of the instance's, ours or not? */
  async summary(owner: PartitionOwner, w: Waiting): Promise<StorageGroupSummary | undefined> {
    const [summary] = await this.#hmc.storageGroups.list({ cpcUri: this.#cpcUri, name: groupName(owner) }, w);
    return summary;
  }

  /** What stands on the HMC under the name of the instance's group, ours or not. */
  async lookUp(owner: PartitionOwner, w: Waiting): Promise<{ group: StorageGroup; isOurs: boolean } | undefined> {
    const summary = await this.summary(owner, w);
    if (summary === undefined) return undefined;
    const group = await this.#hmc.storageGroups.get(summary.uri, w);
    const mark = markOf(owner.host, group.description);
    return { group, isOurs: group.type === 'fcp' && mark === 'ours' };
  }

  /** Groups that carry our mark, of instances that are not known; what only has such a name is not among them. */
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

  /** Works with the instance's group; when what was remembered is gone, once more with what is found. */
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

  /** @throws ConflictError when the group lists a volume that cannot be read: what is not seen is not decided about */
  async read(uri: string, w: Waiting): Promise<ReadGroup> {
    const first = await this.#readOnce(uri, w);
    if (unread(first) === undefined) return withoutLeaving(first);
    // It has gone between the two requests, or else the list would not have it any more.
    const second = await this.#readOnce(uri, w);
    const missing = unread(second);
    if (missing === undefined) return withoutLeaving(second);
    throw new ConflictError(`storage volume ${missing} of storage group "${second.group.name}" cannot be read`, {
      storageGroupUri: uri,
      storageVolumeUri: missing,
    });
  }

  /** Reads the group; its volumes only where it has others than those that were made with it. */
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

  /**
   * May the group be changed as a whole: is nothing in it that somebody else put there, and is it attached to no
   * partition but its instance's? @returns why not, in words
   */
  async obstacle(owner: PartitionOwner, read: ReadGroup, w: Waiting): Promise<string | undefined> {
    return this.foreignContent(owner, read) ?? (await this.foreignUse(owner, read, w));
  }

  /** Has somebody marked it, or put something into it? */
  foreignContent({ host }: PartitionOwner, { group, volumes }: ReadGroup): string | undefined {
    if (markOf(host, group.description) === 'another')
      return `storage group "${group.name}" has the mark of another host in its description`;
    const foreign = volumes.filter(isForeign).map(({ name, uri }) => `"${name ?? uri}"`);
    if (foreign.length === 0) return undefined;
    return `storage group "${group.name}" holds volumes that are not ours: ${foreign.join(', ')}`;
  }

  /** Is it attached to a partition that is not its instance's? */
  async foreignUse(owner: PartitionOwner, { group }: ReadGroup, w: Waiting): Promise<string | undefined> {
    const partitions = await this.#hmc.storageGroups.getPartitions(group.uri, w);
    const elsewhere = partitions.filter((each) => !this.isOwn(owner, each)).map(({ name }) => `"${name}"`);
    if (elsewhere.length === 0) return undefined;
    return `storage group "${group.name}" is attached to ${elsewhere.join(', ')}`;
  }

  /** Is this the instance's own partition, by what is recorded or by its name? */
  isOwn(owner: PartitionOwner, { uri, name }: { readonly uri?: string | undefined; readonly name: string }): boolean {
    const recorded = this.#records.find(owner.instanceUuid)?.partitionUri ?? undefined;
    return (uri !== undefined && uri === recorded) || name === partitionName(owner);
  }

  /** Is this the group of another instance of this host, by what is recorded or by its name? */
  isOfAnother({ host, instanceUuid }: PartitionOwner, { uri, name }: Pick<StorageGroup, 'uri' | 'name'>): boolean {
    if (isNamedForAnother(host, name, instanceUuid)) return true;
    return this.#records.list().some((one) => one.instanceUuid !== instanceUuid && one.storageGroupUri === uri);
  }

  /** The group that an operation cannot do without. */
  missing(owner: PartitionOwner): ConflictError {
    const name = groupName(owner);
    return new ConflictError(`instance ${owner.instanceUuid} has no storage group "${name}" on this CPC`, {
      instance: owner.instanceUuid,
      storageGroup: name,
    });
  }
}
