import { ConflictError, NotFoundError, NothingChangedError } from '../base/index.ts';
import type { Waiting } from '../base/index.ts';
import { isHmcError } from '../hmc-client/index.ts';
import { deletableStatuses, markOf, noEvidence, partitionExists, partitionName } from '../partition/index.ts';
import type { Evidence, Initiator, PartitionOwner, PartitionRef } from '../partition/index.ts';
import type { PartitionRequest, PartitionSpec, SpawnTools } from './types.ts';

/**
 * Creates the stopped partition of an instance, or takes over the one that an interrupted spawn of the same instance has
 * made.
 *
 * @throws NothingChangedError when a partition of this name exists that this spawn must not use
 */
export async function createPartition(
  { owner, partition }: PartitionRequest,
  tools: SpawnTools,
  w: Waiting,
): Promise<PartitionRef> {
  const { hmc, cpcUri, partitions } = tools;
  if (partitions.isMade(owner)) {
    const found = await partitions.decide(owner, noEvidence, w);
    if (found.kind === 'ours') return { uri: found.partition.uri, name: found.partition.name };
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
    if (!(await isMadeUnseen(owner, twin, tools, w))) throw new NothingChangedError(partitionExists(name));
    partitions.made(owner, twin.uri);
    return { uri: twin.uri, name };
  }
}

/**
 * Is it the partition that an interrupted spawn has made and not recorded? Such a one is stopped, carries our mark, and is
 * nobody else's by record. Taking it for ours asks for more than of one that ours is known to be.
 */
async function isMadeUnseen(
  { host }: PartitionOwner,
  { uri }: PartitionRef,
  { hmc, partitions }: SpawnTools,
  w: Waiting,
): Promise<boolean> {
  const { description, status } = await hmc.partitions.get(uri, w, ['description', 'status']);
  return markOf(host, description) === 'ours' && deletableStatuses.has(status) && !partitions.isRecorded(uri);
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
 * @returns undefined when it does not exist
 * @throws PartitionInDoubtError
 */
export async function locatePartition(
  owner: PartitionOwner,
  evidence: Evidence,
  { partitions, storage }: SpawnTools,
  w: Waiting,
): Promise<PartitionWithPorts | undefined> {
  const found = await partitions.decide(owner, evidence, w);
  if (found.kind === 'absent') return undefined;
  const { uri, name } = found.partition;
  const initiators = await storage.initiators(owner, { uri, name }, w);
  partitions.hasPorts(owner, initiators);
  return { partition: { uri, name }, initiators };
}

/** The same. @throws NotFoundError, PartitionInDoubtError */
export async function requirePartition(
  owner: PartitionOwner,
  evidence: Evidence,
  tools: SpawnTools,
  w: Waiting,
): Promise<PartitionWithPorts> {
  const found = await locatePartition(owner, evidence, tools, w);
  if (found !== undefined) return found;
  const name = partitionName(owner);
  throw new NotFoundError(`partition "${name}" does not exist on this CPC`, { partition: name });
}

/** @throws ConflictError when the partition has no FCP port */
export function requirePorts({ partition: { name }, initiators }: PartitionWithPorts): void {
  if (initiators.length === 0) throw new ConflictError(`partition "${name}" has no FCP port`, { partition: name });
}
