import { isHmcError } from '../hmc-client/errors/index.ts';
import { NotFoundError, NothingChangedError } from '../base/index.ts';
import type { Waiting } from '../base/index.ts';
import {
  withoutParked,
  isAsMade,
  noEvidence,
  parkedDescription,
  partitionExists,
  partitionName,
} from '../partition/index.ts';
import type { Evidence, Initiator, OwnPartition, PartitionOwner, PartitionRef, PortsSeen } from '../partition/index.ts';
import type { PartitionRequest, SpawnTools } from './types.ts';

/**
 * Creates the stopped partition of an instance, or takes over a partition of the same instance that an interrupted spawn has
 * made or a destroy has parked.
 *
 * @throws NothingChangedError when a partition of this name exists that this spawn must not use
 */
export async function createPartition(request: PartitionRequest, tools: SpawnTools, w: Waiting): Promise<PartitionRef> {
  const { owner, partition } = request;
  const { hmc, cpcUri, partitions } = tools;
  if (partitions.hasRecordedPartition(owner)) {
    const found = await partitions.decide(owner, noEvidence, w);
    if (found.kind === 'ours') return await takeOver(found.partition, request, tools, w);
  }
  const { name, description, resources } = partition;
  try {
    const uri = await hmc.partitions.create(cpcUri, { name, description, type: 'linux', ...resources }, w);
    partitions.recordPartition(owner, uri);
    return { uri, name };
  } catch (error) {
    if (!isHmcError(error, 400, 8)) throw error;
    const twin = await hmc.partitions.findByName(cpcUri, name, w);
    if (twin === undefined) throw error;
    const unrecorded = await findUnrecorded(owner, twin, tools, w);
    if (unrecorded === undefined) throw new NothingChangedError(partitionExists(name));
    partitions.recordPartition(owner, twin.uri);
    return await takeOver(unrecorded, request, tools, w);
  }
}

/** Gives a parked partition the requested size and description; its ports stay. Does not change other partitions. */
export async function takeOver(
  { uri, name, isParked }: Pick<OwnPartition, 'uri' | 'name' | 'isParked'>,
  { owner, partition }: PartitionRequest,
  { hmc, partitions }: SpawnTools,
  w: Waiting,
): Promise<PartitionRef> {
  if (isParked === true) {
    const { description, resources } = partition;
    await hmc.partitions.update(uri, { description, ...resources }, w);
    partitions.recordTakeOver(owner);
  }
  return { uri, name };
}

/**
 * Returns the partition if an interrupted spawn has made it and not recorded it: it is stopped, has our mark, and no record
 * assigns it to another instance. These conditions are stricter than those for a recorded partition.
 */
async function findUnrecorded(
  { host }: PartitionOwner,
  { uri, name }: PartitionRef,
  { hmc, partitions }: SpawnTools,
  w: Waiting,
): Promise<OwnPartition | undefined> {
  const { description, status } = await hmc.partitions.get(uri, w, ['description', 'status']);
  if (!isAsMade(host, { description, status }) || partitions.isRecorded(uri)) return undefined;
  return { uri, name, status, ...(description === parkedDescription(host) ? { isParked: true } : {}) };
}

export interface PartitionWithPorts {
  readonly partition: PartitionRef;
  readonly initiators: readonly Initiator[];
}

/**
 * Finds the partition of an instance and its ports. Changes nothing on the HMC.
 *
 * @returns undefined when the partition does not exist, or is parked
 * @throws PartitionInDoubtError
 */
export async function locatePartition(
  owner: PartitionOwner,
  evidence: Evidence,
  tools: SpawnTools,
  w: Waiting,
): Promise<PartitionWithPorts | undefined> {
  const found = withoutParked(await tools.partitions.decide(owner, evidence, w));
  return found.kind === 'absent' ? undefined : await withPorts(owner, found.partition, tools, w);
}

async function withPorts(
  owner: PartitionOwner,
  partition: PartitionRef & PortsSeen,
  { partitions, storage }: SpawnTools,
  w: Waiting,
): Promise<PartitionWithPorts> {
  const { uri, name } = partition;
  const initiators = await storage.initiators(owner, partition, w);
  partitions.recordPorts(owner, initiators);
  return { partition: { uri, name }, initiators };
}

/** Finds as {@link locatePartition}, and requires the partition. @throws NotFoundError, PartitionInDoubtError */
export async function requirePartition(
  owner: PartitionOwner,
  evidence: Evidence,
  tools: SpawnTools,
  w: Waiting,
): Promise<PartitionWithPorts> {
  const found = await locatePartition(owner, evidence, tools, w);
  if (found !== undefined) return found;
  throw missing(owner);
}

/**
 * Finds the partition to whose ports the volumes of a spawn are already mapped: prepared for it, or parked by a destroy.
 *
 * @throws NotFoundError, PartitionInDoubtError
 */
export async function requirePrepared(
  owner: PartitionOwner,
  evidence: Evidence,
  tools: SpawnTools,
  w: Waiting,
): Promise<PartitionWithPorts & { readonly isParked: boolean }> {
  const found = await tools.partitions.decide(owner, evidence, w);
  if (found.kind === 'absent') throw missing(owner);
  // The device numbers of the ports, which name the boot device, may have changed: read them again.
  const { uri, name, isParked } = found.partition;
  return { ...(await withPorts(owner, { uri, name }, tools, w)), isParked: isParked === true };
}

function missing(owner: PartitionOwner): NotFoundError {
  const name = partitionName(owner);
  return new NotFoundError(`partition "${name}" does not exist on this CPC`, { partition: name });
}
