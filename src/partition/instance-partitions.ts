import { isHmcError } from '../hmc-client/errors/index.ts';
import { ConflictError, NotFoundError } from '../base/index.ts';
import type { Waiting, Wwpn } from '../base/index.ts';
import type { HmcSession, PartitionWith } from '../hmc-client/index.ts';
import { assignPartitions, otherMark, parked, recordedUris } from './assignment.ts';
import { doubtOf } from './errors.ts';
import type { PartitionInDoubtError } from './errors.ts';
import type { PartitionRef } from './lifecycle.ts';
import { markOf, partitionDescription, partitionName } from './naming.ts';
import type { PartitionOwner } from './naming.ts';
import { PartitionSearch } from './partition-search.ts';
import { amend, isUnknown, hasNoPartition, nothingKnown } from './records.ts';
import type { Assigned, BootVolume, PartitionRecord, PartitionRecords } from './records.ts';
import { deletableStatuses } from './status.ts';
import type { Initiator, OwnershipTraces } from './storage.ts';
import { withoutParked } from './search-result.ts';
import type { Decided, Doubt, Evidence, OwnPartition, SearchResult } from './search-result.ts';

const commonProperties = ['name', 'status', 'description', 'boot-iso-image-name'] as const;
/** The properties to read, by storage model. They include the attached vHBAs or groups, which saves a later request. */
const propertiesOf = {
  hba: [...commonProperties, 'hba-uris'],
  'storage-group': [...commonProperties, 'storage-group-uris'],
} as const;

/**
 * Decides which partition belongs to which instance: by the recorded object id, then by name, then by the WWPNs of its
 * ports. No other class decides this. Administrators may change the name and the description of a partition, so neither has to match. But
 * a partition whose description has the mark of another host is never accepted as the partition of an instance.
 */
export class InstancePartitions {
  readonly #hmc: HmcSession;
  readonly #records: PartitionRecords;
  readonly #search: PartitionSearch;
  readonly #model: OwnershipTraces['model'];

  constructor(hmc: HmcSession, cpcUri: string, records: PartitionRecords, storage: OwnershipTraces) {
    this.#hmc = hmc;
    this.#records = records;
    this.#model = storage.model;
    this.#search = new PartitionSearch(hmc, cpcUri, records, storage);
  }

  /**
   * Finds the partition. Sends one request if the recorded partition still exists, else searches. Changes nothing on the HMC;
   * records the partition that it finds.
   */
  async look(owner: PartitionOwner, evidence: Evidence, w: Waiting): Promise<SearchResult> {
    const record = this.#records.find(owner.instanceUuid);
    const uri = record?.partitionUri ?? null;
    const recorded = uri === null ? undefined : await this.#read(uri, w);
    if (recorded !== undefined) return judgeRecorded(owner, recorded, record);
    const found = await this.#search.find(owner, record, evidence, w);
    if (found.kind !== 'ours') return found;
    this.recordPartition(owner, found.partition.uri);
    if (found.partition.isParked === true) amend(this.#records, owner.instanceUuid, { isParked: true });
    return found;
  }

  /**
   * Finds the partition like {@link InstancePartitions.look}, for operations that must not continue in doubt.
   *
   * @throws PartitionInDoubtError
   */
  async decide(owner: PartitionOwner, evidence: Evidence, w: Waiting): Promise<Decided> {
    const found = await this.look(owner, evidence, w);
    if (found.kind !== 'in-doubt') return found;
    throw inDoubt(owner, found);
  }

  /** Returns the partition, which must exist and not be parked. @throws NotFoundError, PartitionInDoubtError */
  async require(owner: PartitionOwner, evidence: Evidence, w: Waiting): Promise<OwnPartition> {
    const found = withoutParked(await this.decide(owner, evidence, w));
    if (found.kind === 'ours') return found.partition;
    const name = partitionName(owner);
    throw new NotFoundError(`partition "${name}" does not exist on this CPC`, { partition: name });
  }

  /**
   * Checks that the partition does not run, for callers that remove its storage.
   *
   * @throws ConflictError when the partition runs, or is in doubt
   */
  async requireAtRest(owner: PartitionOwner, evidence: Evidence, w: Waiting): Promise<Decided> {
    const found = await this.decide(owner, evidence, w);
    if (found.kind === 'absent' || deletableStatuses.has(found.partition.status)) return found;
    const { name, uri, status } = found.partition;
    const advice = 'its volumes were left unchanged; stop it on the HMC, then try again';
    throw new ConflictError(`partition "${name}" (${uri}) has status "${status}": ${advice}`, { partition: name, uri });
  }

  /** Returns which of these partitions belong to instances of this host. */
  assign(
    host: string,
    partitions: readonly { uri: string; name: string; status?: string; description?: string }[],
  ): ReadonlyMap<string, Assigned> {
    return assignPartitions(host, this.#records, partitions);
  }

  /**
   * Assigns like {@link InstancePartitions.assign}. Then searches by ports for the partitions of the instances that are still
   * without one, because an administrator may have restored a partition under another object id and name. Reads the ports once
   * for all instances. The search finds neither partitions in doubt nor partitions to which this HMC user has no access.
   */
  async assignAll(
    host: string,
    partitions: readonly { uri: string; name: string; status: string; description?: string }[],
    w: Waiting,
  ): Promise<ReadonlyMap<string, Assigned>> {
    const assigned = new Map(this.assign(host, partitions));
    const missing = this.#missingIn(assigned);
    if (missing.length === 0) return assigned;
    for (const [instanceUuid, { uri }] of await this.#search.findByPorts(host, missing, partitions, w)) {
      this.recordPartition({ host, instanceUuid }, uri);
      assigned.set(uri, { instanceUuid, doubt: undefined });
    }
    return assigned;
  }

  /** Assigns like {@link InstancePartitions.assignAll}, without requests. @returns undefined if a search is necessary */
  assignListed(
    host: string,
    partitions: readonly { uri: string; name: string; status: string; description: string }[],
  ): ReadonlyMap<string, Assigned> | undefined {
    const assigned = this.assign(host, partitions);
    return this.#missingIn(assigned).length === 0 ? assigned : undefined;
  }

  /** Returns the records of the instances that have a partition, but none of these. */
  #missingIn(assigned: ReadonlyMap<string, Assigned>): readonly PartitionRecord[] {
    const found = new Set([...assigned.values()].map(({ instanceUuid }) => instanceUuid));
    return this.#records
      .list()
      .filter((record) => !hasNoPartition(record) && record.isParked !== true && !found.has(record.instanceUuid));
  }

  isRecorded(uri: string): boolean {
    return recordedUris(this.#records).has(uri);
  }

  /** Finds the recorded instance with one of these ports. Ignores deleted instances, whose WWPNs the HMC may assign again. */
  instanceWithPort(wwpns: readonly Wwpn[]): string | undefined {
    const existing = this.#records.list().filter((record) => !hasNoPartition(record));
    return existing.find((record) => record.wwpns.some((wwpn) => wwpns.includes(wwpn)))?.instanceUuid;
  }

  /** Whether volumes are attached to the partition without Nova, by `dpm local-attach`. */
  hasVolumesWithoutNova({ uri }: PartitionRef): boolean {
    return this.#records.hasVolumesWithoutNova(uri);
  }

  /** Whether it is unknown if the instance has a partition: the record has no object id, and does not say "no partition". */
  isUnknown(instanceUuid: string): boolean {
    return isUnknown(this.#records.find(instanceUuid));
  }

  /** Whether the record has the object id of the partition. If it does, the partition was created or found before. */
  hasRecordedPartition({ instanceUuid }: PartitionOwner): boolean {
    return (this.#records.find(instanceUuid)?.partitionUri ?? null) !== null;
  }

  /** Whether the record says that the instance has, or had, ports. */
  hadPorts({ instanceUuid }: PartitionOwner): boolean {
    return (this.#records.find(instanceUuid)?.wwpns ?? []).length > 0;
  }

  /** Returns the boot volume of the last spawn. */
  bootVolume({ instanceUuid }: PartitionOwner): BootVolume | undefined {
    return this.#records.find(instanceUuid)?.bootVolume ?? undefined;
  }

  /** Creates the record of an instance, before any object of the instance is created. */
  begin({ instanceUuid }: PartitionOwner): void {
    const known = this.#records.find(instanceUuid);
    if (known !== undefined && !hasNoPartition(known)) return;
    // Start with an empty record: the WWPNs of a deleted instance may belong to another partition now.
    this.#records.put({ ...nothingKnown(instanceUuid), isBegunHere: true, isConnected: false });
  }

  /** Records the partition, as soon as its URI is known. */
  recordPartition({ instanceUuid }: PartitionOwner, partitionUri: string): void {
    const known = this.#records.find(instanceUuid) ?? nothingKnown(instanceUuid);
    if (known.partitionUri !== partitionUri) this.#records.put({ ...known, partitionUri });
  }

  /** Records the WWPNs of the instance, unless there are none. */
  recordPorts({ instanceUuid }: PartitionOwner, initiators: readonly Initiator[]): void {
    const wwpns = initiators.map(({ wwpn }) => wwpn);
    const known = this.#records.find(instanceUuid);
    if (known === undefined || wwpns.length === 0 || wwpns.join() === known.wwpns.join()) return;
    this.#records.put({ ...known, wwpns });
  }

  /** Records that all volumes are connected, before the boot. @param bootVolume - undefined for a boot from a prepared group */
  recordConnected({ instanceUuid }: PartitionOwner, bootVolume: BootVolume | undefined): void {
    const boot = bootVolume && { volumeId: bootVolume.volumeId, paths: bootVolume.paths };
    amend(this.#records, instanceUuid, { isConnected: true, bootVolume: boot ?? null });
  }

  /** Whether a spawn has connected all volumes, so that the guest may have used them. True if this is not recorded. */
  isConnected({ instanceUuid }: PartitionOwner): boolean {
    return this.#records.find(instanceUuid)?.isConnected ?? true;
  }

  /** Records that the partition is parked. Called just before the partition is parked. */
  recordParking({ instanceUuid }: PartitionOwner): void {
    amend(this.#records, instanceUuid, { isParked: true, bootVolume: null });
  }

  /** Records that a new spawn uses the parked partition, and has connected nothing yet. */
  recordTakeOver({ instanceUuid }: PartitionOwner): void {
    amend(this.#records, instanceUuid, { isParked: false, isConnected: false });
  }

  /** Records that nova-dpm has deleted the partition; its storage group may still exist. */
  recordPartitionDeleted({ instanceUuid }: PartitionOwner): void {
    // With `isBegunHere`, a record without a URI says that there is no partition.
    amend(this.#records, instanceUuid, { partitionUri: null, isBegunHere: true, isParked: false });
  }

  /**
   * Records that all objects of the instance are deleted. Because of this record, a repeated delete does not search for a
   * partition: a search might find a partition of another instance of this host. The record keeps the WWPNs, by which
   * `dpm verify` recognises an orphaned mask. The record exists until the compute manager removes it with the instance.
   */
  recordAllDeleted({ instanceUuid }: PartitionOwner): void {
    const wwpns = this.#records.find(instanceUuid)?.wwpns ?? [];
    this.#records.put({ ...nothingKnown(instanceUuid), wwpns, isBegunHere: true, isConnected: false });
  }

  async #read(uri: string, w: Waiting): Promise<Seen | undefined> {
    try {
      return await this.#hmc.partitions.get(uri, w, propertiesOf[this.#model]);
    } catch (error) {
      if (isHmcError(error, 404, 1)) return undefined; // deleted, hidden from this user, or restored as another object
      throw error;
    }
  }
}

type Seen = PartitionWith<(typeof commonProperties)[number]> &
  Partial<PartitionWith<'hba-uris' | 'storage-group-uris'>>;

/** Accepts the recorded partition. Exception: if its description has the mark of another host, the partition is in doubt. */
function judgeRecorded(owner: PartitionOwner, seen: Seen, record: PartitionRecord | undefined): SearchResult {
  const { uri, name, status, hbaUris, storageGroupUris, bootIsoImageName } = seen;
  const otherGroupUris = storageGroupUris?.filter((group) => group !== record?.storageGroupUri);
  const image = (bootIsoImageName ?? '') === '' ? {} : { hasImage: true as const };
  const attached = { ...(hbaUris && { hbaUris }), ...(otherGroupUris && { otherGroupUris }), ...image };
  const partition: OwnPartition = { uri, name, status, ...attached, ...parked(owner.host, seen, record) };
  if (markOf(owner.host, seen.description) !== 'another') return { kind: 'ours', partition };
  const mark = partitionDescription(owner.host);
  const advice = `if the partition is this server's, put "${mark}" into its description on the HMC; if you need neither the partition nor the server, delete the partition on the HMC, then the server`;
  return {
    kind: 'in-doubt',
    recorded: partition,
    candidates: [partition],
    why: otherMark(seen, seen.description),
    advice,
  };
}

/** Converts a doubt into an error that names the candidate partitions and gives advice. */
export function inDoubt(owner: PartitionOwner, doubt: Doubt): PartitionInDoubtError {
  return doubtOf(`the partition of instance ${owner.instanceUuid}`, doubt, { instance: owner.instanceUuid });
}
