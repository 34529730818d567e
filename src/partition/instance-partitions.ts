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
import { amend, isUnknown, isUnmade, nothingKnown } from './records.ts';
import type { Assigned, BootVolume, PartitionRecord, PartitionRecords } from './records.ts';
import { deletableStatuses } from './status.ts';
import type { Initiator, OwnershipTraces } from './storage.ts';
import { guestAmong } from './whereabouts.ts';
import type { Decided, Doubt, Evidence, OwnPartition, Whereabouts } from './whereabouts.ts';

const asked = ['name', 'status', 'description'] as const;
/** What a look reads besides, so that nobody has to ask for it: what hangs on a partition of such a machine. */
const askedOf = { hba: [...asked, 'hba-uris'], 'storage-group': [...asked, 'storage-group-uris'] } as const;

/**
 * The one place that decides which partition is whose: by the object id that was recorded when it was made, then by its
 * name, then by its ports. Name and description are a person's to change; only the mark of another host disowns.
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

  /** One request where the partition is recorded and there. Changes nothing on the HMC; what is found is recorded. */
  async look(owner: PartitionOwner, evidence: Evidence, w: Waiting): Promise<Whereabouts> {
    const record = this.#records.find(owner.instanceUuid);
    const uri = record?.partitionUri ?? null;
    const recorded = uri === null ? undefined : await this.#read(uri, w);
    if (recorded !== undefined) return judgeRecorded(owner, recorded, record);
    const found = await this.#search.find(owner, record, evidence, w);
    if (found.kind !== 'ours') return found;
    this.made(owner, found.partition.uri);
    if (found.partition.isParked === true) amend(this.#records, owner.instanceUuid, { isParked: true });
    return found;
  }

  /** @throws PartitionInDoubtError before anything is changed */
  async decide(owner: PartitionOwner, evidence: Evidence, w: Waiting): Promise<Decided> {
    const found = await this.look(owner, evidence, w);
    if (found.kind !== 'in-doubt') return found;
    throw inDoubt(owner, found);
  }

  /** @throws NotFoundError, PartitionInDoubtError */
  async require(owner: PartitionOwner, evidence: Evidence, w: Waiting): Promise<OwnPartition> {
    const found = guestAmong(await this.decide(owner, evidence, w));
    if (found.kind === 'ours') return found.partition;
    const name = partitionName(owner);
    throw new NotFoundError(`partition "${name}" does not exist on this CPC`, { partition: name });
  }

  /**
   * Before storage is taken away behind an instance: its partition does not run, or there is none.
   *
   * @throws ConflictError when it runs, or is in doubt
   */
  async requireAtRest(owner: PartitionOwner, evidence: Evidence, w: Waiting): Promise<Decided> {
    const found = await this.decide(owner, evidence, w);
    if (found.kind === 'absent' || deletableStatuses.has(found.partition.status)) return found;
    const { name, uri, status } = found.partition;
    const advice = 'its volumes are left as they are; stop it on the HMC, then try again';
    throw new ConflictError(`partition "${name}" (${uri}) has status "${status}": ${advice}`, { partition: name, uri });
  }

  /** Which of these partitions belong to instances of this host. */
  assign(
    host: string,
    partitions: readonly { uri: string; name: string; status?: string; description?: string }[],
  ): ReadonlyMap<string, Assigned> {
    return assignPartitions(host, this.#records, partitions);
  }

  /**
   * The same, and one that was restored under another object id and another name is found by its ports: by one read for all
   * instances that the list does not show. What is in doubt is not assigned, so that nothing hidden is looked for.
   */
  async assignAll(
    host: string,
    partitions: readonly { uri: string; name: string; status: string; description?: string }[],
    w: Waiting,
  ): Promise<ReadonlyMap<string, Assigned>> {
    const assigned = new Map(this.assign(host, partitions));
    const shown = new Set([...assigned.values()].map(({ instanceUuid }) => instanceUuid));
    const missing = this.#records
      .list()
      .filter((record) => !isUnmade(record) && record.isParked !== true && !shown.has(record.instanceUuid));
    if (missing.length === 0) return assigned;
    for (const [instanceUuid, { uri }] of await this.#search.findByPorts(host, missing, partitions, w)) {
      this.made({ host, instanceUuid }, uri);
      assigned.set(uri, { instanceUuid, doubt: undefined });
    }
    return assigned;
  }

  isRecorded(uri: string): boolean {
    return recordedUris(this.#records).has(uri);
  }

  /** The instance that is recorded with one of these ports, and not as gone: an HMC hands the WWPNs of those out again. */
  instanceWithPort(wwpns: readonly Wwpn[]): string | undefined {
    const there = this.#records.list().filter((record) => !isUnmade(record));
    return there.find((record) => record.wwpns.some((wwpn) => wwpns.includes(wwpn)))?.instanceUuid;
  }

  isAttachedWithoutNova({ uri }: PartitionRef): boolean {
    return this.#records.isAttachedWithoutNova(uri);
  }

  /** Is nothing known of its partition, neither which it is nor that there is none yet? */
  isUnknown(instanceUuid: string): boolean {
    return isUnknown(this.#records.find(instanceUuid));
  }

  /** Is it recorded that its partition was made, or found? */
  isMade({ instanceUuid }: PartitionOwner): boolean {
    return (this.#records.find(instanceUuid)?.partitionUri ?? null) !== null;
  }

  /** Is it recorded that it has, or had, ports? */
  hadPorts({ instanceUuid }: PartitionOwner): boolean {
    return (this.#records.find(instanceUuid)?.wwpns ?? []).length > 0;
  }

  /** What its last spawn was to boot from. */
  bootVolume({ instanceUuid }: PartitionOwner): BootVolume | undefined {
    return this.#records.find(instanceUuid)?.bootVolume ?? undefined;
  }

  /** Before anything of an instance is made. */
  begin({ instanceUuid }: PartitionOwner): void {
    const known = this.#records.find(instanceUuid);
    if (known !== undefined && !isUnmade(known)) return;
    // The ports of one that is gone are no longer its own.
    this.#records.put({ ...nothingKnown(instanceUuid), isBegunHere: true, isConnected: false });
  }

  /** As soon as its URI is known. */
  made({ instanceUuid }: PartitionOwner, partitionUri: string): void {
    const known = this.#records.find(instanceUuid) ?? nothingKnown(instanceUuid);
    if (known.partitionUri !== partitionUri) this.#records.put({ ...known, partitionUri });
  }

  hasPorts({ instanceUuid }: PartitionOwner, initiators: readonly Initiator[]): void {
    const wwpns = initiators.map(({ wwpn }) => wwpn);
    const known = this.#records.find(instanceUuid);
    if (known === undefined || wwpns.length === 0 || wwpns.join() === known.wwpns.join()) return;
    this.#records.put({ ...known, wwpns });
  }

  /**
   * All of its volumes are connected. Before it boots from one.
   *
   * @param bootVolume - undefined where it boots from a prepared group
   */
  connected({ instanceUuid }: PartitionOwner, bootVolume: BootVolume | undefined): void {
    const boot = bootVolume && { volumeId: bootVolume.volumeId, paths: bootVolume.paths };
    amend(this.#records, instanceUuid, { isConnected: true, bootVolume: boot ?? null });
  }

  /** May its guest have used its volumes? */
  isConnected({ instanceUuid }: PartitionOwner): boolean {
    return this.#records.find(instanceUuid)?.isConnected ?? true;
  }

  /** Before its partition is parked. */
  parks({ instanceUuid }: PartitionOwner): void {
    amend(this.#records, instanceUuid, { isParked: true, bootVolume: null });
  }

  /** Its partition was parked, and is the one of a new spawn, which has connected nothing yet. */
  takenOver({ instanceUuid }: PartitionOwner): void {
    amend(this.#records, instanceUuid, { isParked: false, isConnected: false });
  }

  /** Its partition was deleted by us; its storage may still be there. */
  deleted({ instanceUuid }: PartitionOwner): void {
    amend(this.#records, instanceUuid, { partitionUri: null, isBegunHere: true, isParked: false });
  }

  /**
   * Nothing of it is left. That this is known stays until the compute manager forgets the instance: what then runs
   * somewhere with a mark of ours is not taken for it, and a delete that is asked for again has nothing to look for. Its
   * WWPNs stay as well, by which a mask that was left behind is told as one of ours.
   */
  gone({ instanceUuid }: PartitionOwner): void {
    const wwpns = this.#records.find(instanceUuid)?.wwpns ?? [];
    this.#records.put({ ...nothingKnown(instanceUuid), wwpns, isBegunHere: true, isConnected: false });
  }

  async #read(uri: string, w: Waiting): Promise<Seen | undefined> {
    try {
      return await this.#hmc.partitions.get(uri, w, askedOf[this.#model]);
    } catch (error) {
      if (isHmcError(error, 404, 1)) return undefined; // deleted, hidden from this user, or restored as another object
      throw error;
    }
  }
}

type Seen = PartitionWith<(typeof asked)[number]> & Partial<PartitionWith<'hba-uris' | 'storage-group-uris'>>;

function judgeRecorded(owner: PartitionOwner, seen: Seen, record: PartitionRecord | undefined): Whereabouts {
  const { uri, name, status, hbaUris, storageGroupUris } = seen;
  const otherGroupUris = storageGroupUris?.filter((group) => group !== record?.storageGroupUri);
  const hanging = { ...(hbaUris && { hbaUris }), ...(otherGroupUris && { otherGroupUris }) };
  const partition: OwnPartition = { uri, name, status, ...hanging, ...parked(owner.host, seen, record) };
  if (markOf(owner.host, seen.description) !== 'another') return { kind: 'ours', partition };
  const mark = partitionDescription(owner.host);
  const advice = `if it is this server's, put "${mark}" into its description on the HMC; if the server is not needed, delete the partition there first`;
  return {
    kind: 'in-doubt',
    recorded: partition,
    candidates: [partition],
    why: otherMark(seen, seen.description),
    advice,
  };
}

/** The doubt as an error, which names what is there and what to do about it. */
export function inDoubt(owner: PartitionOwner, doubt: Doubt): PartitionInDoubtError {
  return doubtOf(`the partition of instance ${owner.instanceUuid}`, doubt, { instance: owner.instanceUuid });
}
