import { isHmcError } from '../hmc-client/errors/index.ts';
import { ConflictError, NotFoundError, NothingChangedError } from '../base/index.ts';
import type { Waiting } from '../base/index.ts';
import {
  guestAmong,
  isAsMade,
  noEvidence,
  parkedDescription,
  partitionExists,
  partitionName,
} from '../partition/index.ts';
import type { Evidence, Initiator, OwnPartition, PartitionOwner, PartitionRef, PortsSeen } from '../partition/index.ts';
import type { PartitionRequest, PartitionSpec, SpawnTools } from './types.ts';

/**
 * Creates the stopped partition of an instance, or takes over the one that an interrupted spawn of the same instance has
 * made, or that a destroy has parked.
 *
 * @throws NothingChangedError when a partition of this name exists that this spawn must not use
 */
export async function createPartition(request: PartitionRequest, tools: SpawnTools, w: Waiting): Promise<PartitionRef> {
  const { owner, partition } = request;
  const { hmc, cpcUri, partitions } = tools;
  if (partitions.isMade(owner)) {
    const found = await partitions.decide(owner, noEvidence, w);
    if (found.kind === 'ours') return await takeOver(found.partition, request, tools, w);
  }
  const { name } = partition;
  try {
    const uri = await hmc.partitions.create(cpcUri, propertiesOf(partition), w);
    partitions.made(owner, uri);
    return { uri, name };
  } catch (error) {
    if (!isHmcError(error, 400, 8)) throw error;
    const twin = await hmc.partitions.findByName(cpcUri, name, w);
    if (twin === undefined) throw error;
    const unseen = await findMadeUnseen(owner, twin, tools, w);
    if (unseen === undefined) throw new NothingChangedError(partitionExists(name));
    partitions.made(owner, twin.uri);
    return await takeOver(unseen, request, tools, w);
  }
}

/** Gives a parked partition the size and description that are asked for now; its ports stay. Another partition is not changed. */
export async function takeOver(
  { uri, name, isParked }: Pick<OwnPartition, 'uri' | 'name' | 'isParked'>,
  { owner, partition }: PartitionRequest,
  { hmc, partitions }: SpawnTools,
  w: Waiting,
): Promise<PartitionRef> {
  if (isParked === true) {
    const { description, iflProcessors, memoryMib } = partition;
    const size = { iflProcessors, initialMemory: memoryMib, maximumMemory: memoryMib };
    await hmc.partitions.update(uri, { description, ...size }, w);
    partitions.takenOver(owner);
  }
  return { uri, name };
}

/**
 * Is it the partition that an interrupted spawn has made and not recorded? Such a one is stopped, carries our mark, and is
 * nobody else's by record. Taking it for ours asks for more than of one that ours is known to be.
 */
async function findMadeUnseen(
  { host }: PartitionOwner,
  { uri, name }: PartitionRef,
  { hmc, partitions }: SpawnTools,
  w: Waiting,
): Promise<OwnPartition | undefined> {
  const { description, status } = await hmc.partitions.get(uri, w, ['description', 'status']);
  const isOurs = isAsMade(host, { description, status }) && !partitions.isRecorded(uri);
  if (!isOurs) return undefined;
  return { uri, name, status, ...(description === parkedDescription(host) ? { isParked: true } : {}) };
}

function propertiesOf(spec: PartitionSpec) {
  return {
    name: spec.name,
    description: spec.description,
    type: 'linux' as const,
    iflProcessors: spec.iflProcessors,
    processorMode: 'shared' as const,
    initialMemory: spec.memoryMib,
    maximumMemory: spec.memoryMib,
  };
}

/** A partition and its ports: what a volume is connected to. */
export interface PartitionWithPorts {
  readonly partition: PartitionRef;
  readonly initiators: readonly Initiator[];
}

/**
 * Finds the partition of an instance and its ports. Changes nothing.
 *
 * @returns undefined when it does not exist, or is parked
 * @throws PartitionInDoubtError
 */
export async function locatePartition(
  owner: PartitionOwner,
  evidence: Evidence,
  tools: SpawnTools,
  w: Waiting,
): Promise<PartitionWithPorts | undefined> {
  const found = guestAmong(await tools.partitions.decide(owner, evidence, w));
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
  partitions.hasPorts(owner, initiators);
  return { partition: { uri, name }, initiators };
}

/** As {@link locatePartition}, but requires that it exists. @throws NotFoundError, PartitionInDoubtError */
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
 * The partition to whose ports the volumes of a spawn are mapped already: prepared for it, or parked by the destroy before.
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
  // What it boots from is named by the device numbers of its ports: they are read anew.
  const { uri, name, isParked } = found.partition;
  return { ...(await withPorts(owner, { uri, name }, tools, w)), isParked: isParked === true };
}

function missing(owner: PartitionOwner): NotFoundError {
  const name = partitionName(owner);
  return new NotFoundError(`partition "${name}" does not exist on this CPC`, { partition: name });
}

/** @throws ConflictError when the partition has no FCP port */
export function requirePorts({ partition: { name }, initiators }: PartitionWithPorts): void {
  if (initiators.length === 0) throw new ConflictError(`partition "${name}" has no FCP port`, { partition: name });
}
