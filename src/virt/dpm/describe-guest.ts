import type { Waiting } from '../../base/index.ts';
import { withoutParked, inDoubt, powerStateOf } from '../../partition/index.ts';
import type { PartitionOwner } from '../../partition/index.ts';
import { evidenceOf } from '../../spawn/index.ts';
import type { MappedVolume } from '../../spawn/index.ts';
import { makeConnector } from '../../volume/index.ts';
import type { GuestDescription } from '../driver-types.ts';
import { readNics } from './nics.ts';
import type { DpmRuntime } from './runtime.ts';
import type { DpmDriverSettings } from './settings.ts';
import { volumePaths } from './path-report.ts';

/** Returns what HMC and volume drivers know of an instance; undefined when it has no partition. */
export async function describeGuest(
  runtime: DpmRuntime,
  settings: DpmDriverSettings,
  owner: PartitionOwner,
  mapped: readonly MappedVolume[],
  w: Waiting,
): Promise<GuestDescription | undefined> {
  const { hmc, partitions, storage } = runtime;
  const answer = withoutParked(await partitions.look(owner, evidenceOf(mapped), w));
  // A recorded partition is shown with its doubt.
  const found = answer.kind === 'ours' ? answer.partition : answer.kind === 'in-doubt' ? answer.recorded : null;
  if (found === null) return undefined;
  const [partition, initiators] = await Promise.all([
    hmc.partitions.get(found.uri, w),
    storage.initiators(owner, { uri: found.uri, name: found.name }, w),
  ]);
  const target = { ...owner, partition: { uri: partition.uri, name: found.name }, initiators };
  const wwpns = initiators.map(({ wwpn }) => wwpn);
  return {
    partition: found.name,
    partitionUri: found.uri,
    partitionStatus: partition.status,
    ...(answer.kind === 'in-doubt' ? { doubt: inDoubt(owner, answer).message } : {}),
    powerState: powerStateOf(partition.status),
    storageModel: storage.model,
    connector: wwpns.length === 0 ? null : makeConnector(owner.instanceUuid, wwpns, settings.connector),
    boot: await storage.bootSource(partition, initiators, w),
    nics: await readNics(hmc, partition.nicUris, w),
    volumes: new Map(
      await Promise.all(
        mapped.map(async (volume) => [volume.volumeId, await volumePaths(runtime, target, volume, w)] as const),
      ),
    ),
  };
}
