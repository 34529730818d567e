import { NotFoundError } from '../../base/index.ts';
import type { Waiting } from '../../base/index.ts';
import { deletableStatuses, withoutParked, inDoubt, noEvidence, powerStateOf } from '../../partition/index.ts';
import type { OwnPartition, PartitionOwner } from '../../partition/index.ts';
import { evidenceOf } from '../../spawn/index.ts';
import type { MappedVolume } from '../../spawn/index.ts';
import type { GuestLocation, Instance, InstanceInfo } from '../driver-types.ts';
import type { DpmRuntime } from './runtime.ts';

/** Returns the power state. @throws NotFoundError when the instance has no partition; PartitionInDoubtError */
export async function readInfo(
  { partitions }: DpmRuntime,
  owner: PartitionOwner,
  instance: Instance,
  w: Waiting,
): Promise<InstanceInfo> {
  const found = withoutParked(await partitions.look(owner, noEvidence, w));
  if (found.kind === 'absent')
    throw new NotFoundError(`instance ${instance.name} has no partition`, { instance: instance.uuid });
  // The owner of the recorded partition may be in doubt; its status is not.
  if (found.kind === 'ours') return infoOf(found.partition);
  if (found.recorded === null) throw inDoubt(owner, found);
  return infoOf(found.recorded);
}

/** Returns the partition of an instance, or that it is absent or in doubt. */
export async function locateGuest(
  { partitions }: DpmRuntime,
  owner: PartitionOwner,
  mapped: readonly MappedVolume[],
  w: Waiting,
): Promise<GuestLocation> {
  const found = withoutParked(await partitions.look(owner, evidenceOf(mapped), w));
  if (found.kind === 'ours') {
    return { ...found.partition, kind: 'found', isAtRest: deletableStatuses.has(found.partition.status) };
  }
  return found.kind === 'absent' ? found : { kind: 'in-doubt', error: inDoubt(owner, found) };
}

function infoOf({ status, uri }: OwnPartition): InstanceInfo {
  return { state: powerStateOf(status), internalId: uri };
}
