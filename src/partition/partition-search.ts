import { isHmcError } from '../hmc-client/errors/index.ts';
import type { Waiting } from '../base/index.ts';
import type { HmcSession, PartitionSummary } from '../hmc-client/index.ts';
import { isAsMade, isNamedForAnother, otherMark, parked, recordedUris } from './assignment.ts';
import { findHiddenDoubt } from './hidden-use.ts';
import { isListed } from './lifecycle.ts';
import { instanceNamed, markOf, partitionDescription, partitionName } from './naming.ts';
import type { PartitionOwner } from './naming.ts';
import { isUnknown, hasNoPartition } from './records.ts';
import type { PartitionRecord, PartitionRecords } from './records.ts';
import { deletableStatuses } from './status.ts';
import type { OwnershipTraces, PortHolder } from './storage.ts';
import type { Doubt, Evidence, OwnPartition, SearchResult } from './search-result.ts';

type Listed = Pick<PartitionSummary, 'uri' | 'name' | 'status'>;

/** Searches for the partition of an instance without a usable record: by name, ports, prepared group and mark, in this order. */
export class PartitionSearch {
  readonly #hmc: HmcSession;
  readonly #cpcUri: string;
  readonly #records: PartitionRecords;
  readonly #storage: OwnershipTraces;

  constructor(hmc: HmcSession, cpcUri: string, records: PartitionRecords, storage: OwnershipTraces) {
    this.#hmc = hmc;
    this.#cpcUri = cpcUri;
    this.#records = records;
    this.#storage = storage;
  }

  async find(
    owner: PartitionOwner,
    record: PartitionRecord | undefined,
    evidence: Evidence,
    w: Waiting,
  ): Promise<SearchResult> {
    const all = await this.#hmc.partitions.list(this.#cpcUri, {}, w);
    const listed = all.find(({ uri }) => uri === record?.partitionUri);
    if (listed !== undefined) return unreadable(listed, "it is recorded as this server's partition");
    if (hasNoPartition(record)) return await this.#unmade(owner, record, all, w);
    const named = await this.#byName(owner, all, w);
    if (named !== undefined) return named;
    const holder = await this.#byPorts(owner, record, evidence, all, w);
    if (holder !== undefined) return holder;
    const user = await this.#byPreparedGroup(owner, record, all, w);
    if (user !== undefined) return user;
    if (isUnknown(record) || evidence.hasVolumes) {
      const marked = await this.#byMark(owner, all, w);
      if (marked !== undefined) return marked;
    }
    if (isUnknown(record) && !evidence.hasVolumes) return { kind: 'absent' };
    const hidden = await findHiddenDoubt(this.#storage, { uri: record?.partitionUri ?? null }, w);
    return hidden === undefined ? { kind: 'absent' } : { kind: 'in-doubt', ...hidden };
  }

  /**
   * Searches for a partition that may have been created although the answer was lost. Never changes another partition
   * of this name. While that partition runs with ports of this instance, does not change their storage either.
   */
  async #unmade(
    owner: PartitionOwner,
    record: PartitionRecord | undefined,
    all: readonly Listed[],
    w: Waiting,
  ): Promise<SearchResult> {
    const named = all.find(({ name }) => name === partitionName(owner));
    const seen = named === undefined ? 'gone' : await this.#describe(named, w);
    if (named === undefined || seen === 'gone') return { kind: 'absent' };
    const isOurs = seen !== 'denied' && isAsMade(owner.host, { ...named, ...seen });
    if (isOurs && !recordedUris(this.#records).has(named.uri))
      return ours({ ...named, ...parked(owner.host, seen, undefined) });
    if (deletableStatuses.has(named.status)) return { kind: 'absent' };
    const [holders = []] = await this.#storage.holders([{ owner, wwpns: record?.wwpns ?? [] }], w);
    const holder = holders.find(({ partitionUri }) => partitionUri === named.uri);
    if (holder === undefined) return { kind: 'absent' };
    const why = `partition "${named.name}" (${named.uri}) has the name of this server's partition and ${holder.how}, but was not created for it`;
    return doubt([named], why, 'rename it on the HMC, and remove the ports of this server from it');
  }

  async #byName(owner: PartitionOwner, all: readonly Listed[], w: Waiting): Promise<SearchResult | undefined> {
    const name = partitionName(owner);
    const found = all.find((partition) => partition.name === name);
    if (found === undefined) return undefined;
    const seen = await this.#describe(found, w);
    if (seen === 'gone') return undefined;
    if (seen === 'denied') return unreadable(found, "it has the name of this server's partition");
    const other = recordedUris(this.#records).get(found.uri);
    if (other !== undefined && other !== owner.instanceUuid) {
      const why = `partition "${name}" (${found.uri}) has the name of this server's partition, but is recorded as the partition of instance ${other}`;
      const advice = `give it the name ${partitionName({ ...owner, instanceUuid: other })} on the HMC`;
      return doubt([found], why, advice);
    }
    const { description } = seen;
    if (markOf(owner.host, description) === 'another') return ofAnotherHost(owner, found, description);
    return ours({ ...found, ...parked(owner.host, seen, undefined) });
  }

  /** Finds the partitions of several instances by their ports, with one read of all ports. */
  async findByPorts(
    host: string,
    records: readonly PartitionRecord[],
    all: readonly Listed[],
    w: Waiting,
  ): Promise<ReadonlyMap<string, OwnPartition>> {
    const requests = records.map(({ instanceUuid, wwpns }) => ({ owner: { host, instanceUuid }, wwpns }));
    const held = await this.#storage.holders(requests, w);
    const found = new Map<string, OwnPartition>();
    for (const [index, { owner }] of requests.entries()) {
      const judged = await this.#judge(owner, held[index] ?? [], all, w);
      if (judged?.kind === 'ours') found.set(owner.instanceUuid, judged.partition);
    }
    return found;
  }

  /** Searches by the ports to which the volumes are mapped, and by the ports of the storage group. */
  async #byPorts(
    owner: PartitionOwner,
    record: PartitionRecord | undefined,
    evidence: Evidence,
    all: readonly Listed[],
    w: Waiting,
  ): Promise<SearchResult | undefined> {
    const wwpns = [...new Set([...(record?.wwpns ?? []), ...evidence.wwpns])];
    const [holders = []] = await this.#storage.holders([{ owner, wwpns }], w);
    return await this.#judge(owner, holders, all, w);
  }

  async #judge(
    owner: PartitionOwner,
    holders: readonly PortHolder[],
    all: readonly Listed[],
    w: Waiting,
  ): Promise<SearchResult | undefined> {
    const recorded = recordedUris(this.#records);
    const found: OwnPartition[] = [];
    for (const holder of holders) {
      const partition = all.find(({ uri }) => uri === holder.partitionUri);
      if (partition === undefined) return hiddenHolder(holder);
      if (isNamedForAnother(owner.host, partition.name, owner.instanceUuid) || recorded.has(partition.uri)) {
        // A released WWPN may belong to another instance of this host now; a group was not released.
        if (holder.holds === 'port' || deletableStatuses.has(partition.status)) continue;
        return groupOfAnother(partition, holder);
      }
      const seen = await this.#describe(partition, w);
      if (seen === 'gone') continue;
      if (seen === 'denied') return unreadable(partition, holder.how);
      const mark = markOf(owner.host, seen.description);
      if (mark === 'another') return ofAnotherHost(owner, partition, seen.description);
      const isOurs = mark === 'ours' || (await this.#bootsFrom(partition, holder, w));
      if (isOurs) found.push({ ...partition, ...parked(owner.host, seen, undefined) });
      else if (!deletableStatuses.has(partition.status)) return unmarkedHolder(owner, partition, holder);
    }
    const [only, ...others] = found;
    if (only === undefined) return undefined;
    if (others.length === 0) return ours(only);
    return doubt(found, `several partitions have ports of this server's: ${nameAll(found)}`, renameAdvice(owner));
  }

  /** Searches by the prepared group. Other partitions may have it too, so it proves nothing, and a match is in doubt. */
  async #byPreparedGroup(
    owner: PartitionOwner,
    record: PartitionRecord | undefined,
    all: readonly Listed[],
    w: Waiting,
  ): Promise<SearchResult | undefined> {
    const uri = record?.preparedGroupUri ?? null;
    const recorded = recordedUris(this.#records);
    for (const holder of uri === null ? [] : ((await this.#storage.preparedGroups?.holders(uri, w)) ?? [])) {
      const partition = all.find((each) => each.uri === holder.partitionUri);
      const name = partition?.name ?? holder.name ?? '';
      const recordedFor = recorded.get(holder.partitionUri ?? '') ?? owner.instanceUuid;
      if (isNamedForAnother(owner.host, name, owner.instanceUuid) || recordedFor !== owner.instanceUuid) continue;
      if (partition === undefined) return hiddenHolder(holder);
      if (deletableStatuses.has(partition.status)) continue;
      const seen = await this.#describe(partition, w);
      if (seen === 'gone') continue;
      if (seen === 'denied') return unreadable(partition, holder.how);
      const mark = markOf(owner.host, seen.description);
      const mayBeOurs = mark === 'ours' || (mark === 'none' && (await this.#bootsFrom(partition, holder, w)));
      if (mayBeOurs) return unmarkedHolder(owner, partition, holder);
    }
    return undefined;
  }

  /**
   * Whether the partition boots from the server's storage, which proves that it is the server's partition. A port alone
   * does not prove it: a WWPN may be assigned again, and an administrator may attach a group to any partition.
   */
  async #bootsFrom({ uri }: Listed, { bootSources }: PortHolder, w: Waiting): Promise<boolean> {
    if (this.#records.hasVolumesWithoutNova(uri)) return false;
    const { bootStorageDevice, bootStorageVolume } = await this.#hmc.partitions.get(uri, w);
    const sources = [bootStorageDevice, bootStorageVolume].flatMap((source) => source ?? []);
    return sources.some((source) => bootSources.some((own) => source === own || source.startsWith(`${own}/`)));
  }

  /** Searches for running partitions with our mark that no record and no name assigns to a server. */
  async #byMark(owner: PartitionOwner, all: readonly Listed[], w: Waiting): Promise<SearchResult | undefined> {
    const detailed = await this.#hmc.partitions.listDetailed(this.#cpcUri, {}, ['description'], w);
    const unread = all.filter(({ uri }) => !detailed.some((partition) => partition.uri === uri));
    if (unread.length > 0) {
      const still = new Set((await this.#hmc.partitions.list(this.#cpcUri, {}, w)).map(({ uri }) => uri));
      const [hidden] = unread.filter(({ uri }) => still.has(uri));
      if (hidden !== undefined) return unreadable(hidden, "it may be this server's");
    }
    const recorded = recordedUris(this.#records);
    const candidates = detailed.filter(
      ({ uri, name, status, description }) =>
        markOf(owner.host, description) === 'ours' &&
        instanceNamed(owner.host, name) === undefined &&
        !deletableStatuses.has(status) &&
        !recorded.has(uri) &&
        !this.#records.hasVolumesWithoutNova(uri),
    );
    if (candidates.length === 0) return undefined;
    const states = candidates.map(({ name, uri, status }) => `"${name}" (${uri}, ${status})`).join(', ');
    const mark = partitionDescription(owner.host);
    const why = `it is not found, and ${states} ${candidates.length === 1 ? 'has' : 'have'} the mark "${mark}" but a name that identifies no server`;
    const advice = `${renameAdvice(owner)}; if it is not, remove the mark from its description, or stop it until this is done`;
    return doubt(candidates, why, advice);
  }

  async #describe(partition: Listed, w: Waiting): Promise<{ description: string } | 'gone' | 'denied'> {
    try {
      return await this.#hmc.partitions.get(partition.uri, w, ['description']);
    } catch (error) {
      if (!isHmcError(error, 404, 1)) throw error;
      return (await isListed(this.#hmc, this.#cpcUri, partition, w)) ? 'denied' : 'gone';
    }
  }
}

function ours({ uri, name, status, isParked }: OwnPartition): SearchResult {
  return { kind: 'ours', partition: { uri, name, status, ...(isParked === true ? { isParked } : {}) } };
}

function doubt(candidates: Doubt['candidates'], why: string, advice: string): SearchResult {
  const named = candidates.map(({ name, uri }) => ({ name, uri }));
  return { kind: 'in-doubt', recorded: null, candidates: named, why, advice };
}

function nameAll(partitions: Doubt['candidates']): string {
  return partitions.map(({ name, uri }) => `"${name}" (${uri})`).join(', ');
}

function renameAdvice(owner: PartitionOwner): string {
  return `if one is this server's, give it the name ${partitionName(owner)} on the HMC`;
}

function ofAnotherHost(owner: PartitionOwner, partition: Listed, description: string): SearchResult {
  const mark = partitionDescription(owner.host);
  const advice = `if it is this server's, put "${mark}" into its description on the HMC; if it is the other host's, rename it there`;
  return doubt([partition], otherMark(partition, description), advice);
}

function unreadable(partition: Listed, how: string): SearchResult {
  const why = `partition "${partition.name}" (${partition.uri}) is listed but cannot be read; ${how}`;
  return doubt([partition], why, 'check on the HMC whether it exists, and whether this HMC user may see it');
}

function unmarkedHolder(owner: PartitionOwner, partition: Listed, { how }: PortHolder): SearchResult {
  const why = `partition "${partition.name}" (${partition.uri}) ${how}, but its name identifies no server`;
  const advice = `${renameAdvice(owner)}; if it is not, stop it until this is done`;
  return doubt([partition], why, advice);
}

function groupOfAnother(partition: Listed, { how }: PortHolder): SearchResult {
  const why = `partition "${partition.name}" (${partition.uri}) ${how}, and is the partition of another server`;
  return doubt([partition], why, 'detach the storage group from it on the HMC');
}

function hiddenHolder({ partitionUri: uri = '?', name = '?', how }: PortHolder): SearchResult {
  const why = `partition "${name}" (${uri}), which this HMC user may not see, ${how}`;
  return doubt([{ name, uri }], why, 'give the user access to it on the HMC');
}
