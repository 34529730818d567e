import { ConflictError } from '../../base/index.ts';
import type { Waiting } from '../../base/index.ts';
import { noEvidence } from '../../partition/index.ts';
import type { Initiator } from '../../partition/index.ts';
import type { Instance } from '../driver-types.ts';
import { ownerOf, partitionRequest } from './mapping.ts';
import type { DpmRuntime } from './runtime.ts';
import type { DpmDriverSettings } from './settings.ts';

/** Returns the ports of an instance. An instance with a prepared storage group gets them with its first Cinder volume. */
export async function readOrCreatePorts(
  { partitions, storage }: DpmRuntime,
  instance: Instance,
  settings: DpmDriverSettings,
  w: Waiting,
): Promise<readonly Initiator[]> {
  const owner = ownerOf(instance, settings.host);
  const decide = async () => await partitions.decide(owner, noEvidence, w);
  const found = await decide();
  const present = await storage.initiators(owner, found.kind === 'ours' ? found.partition : undefined, w);
  partitions.recordPorts(owner, present);
  if (present.length > 0) return present;
  const { storageGroup } = partitionRequest(instance, null, settings);
  if (storageGroup === null || storage.preparedGroups === undefined || (await decide()).kind !== 'ours') return [];
  const obstacle = await storage.allocate(owner, [], w);
  if (obstacle !== null) throw new ConflictError(`give instance ${instance.name} ports: ${obstacle}`);
  const initiators = await storage.addPorts(owner, w);
  partitions.recordPorts(owner, initiators);
  return initiators;
}
