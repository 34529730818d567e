import { ConflictError, NotFoundError } from '../../base/index.ts';
import type { Waiting } from '../../base/index.ts';
import type { HmcJob } from '../../hmc-client/index.ts';
import type { OwnPartition, PartitionOwner } from '../../partition/index.ts';
import type { MappedVolume } from '../../spawn/index.ts';
import { connectForBoot } from './boot-switch.ts';
import type { DpmRuntime } from './runtime.ts';

/** How long a dump program may run until its job ends, in milliseconds. No public source states a duration. */
const DUMP_TIMEOUT_MS = 3_600_000;

/** Statuses in which a dump can be taken. Source: IBM WS API, Start Dump Program, 3932-AGZ; python-zhmcclient. */
const dumpable: ReadonlySet<string> = new Set(['active', 'degraded', 'paused', 'terminated']);

interface Dumped {
  readonly owner: PartitionOwner;
  readonly partition: OwnPartition;
  /** The attached volume with a dump program (`zipl --dumpto`); undefined for a PSW restart. */
  readonly volume: MappedVolume | undefined;
}

/**
 * Takes a dump of the operating system. With a dump volume, loads the dump program from it. Without one, does a PSW restart: the
 * guest then does what it was configured for, for example kdump or the `dumpconf` of s390-tools.
 *
 * Performs "Start Dump Program" (with storage groups), "Dump Partition" (with vHBAs) or "Perform PSW Restart", and waits for the
 * job. None of them can be undone.
 *
 * @throws ConflictError when the partition does not run an operating system; nothing was changed then
 */
export async function triggerCrashDump(runtime: DpmRuntime, dumped: Dumped, w: Waiting): Promise<void> {
  const { partition, volume } = dumped;
  const { name, uri, status } = partition;
  const isPossible = dumpable.has(status) && (volume !== undefined || status !== 'degraded');
  if (!isPossible) {
    throw new ConflictError(`partition "${name}" has status "${status}": there is nothing to dump`, {
      partition: name,
      status,
    });
  }
  const { partitions } = runtime.hmc;
  const job = await (volume === undefined
    ? partitions.pswRestart(uri, w)
    : loadDumpProgram(runtime, dumped, volume, w));
  await job.wait({ timeoutMs: DUMP_TIMEOUT_MS, signal: w.signal });
}

async function loadDumpProgram(
  runtime: DpmRuntime,
  { owner, partition }: Dumped,
  volume: MappedVolume,
  w: Waiting,
): Promise<HmcJob> {
  const { uri } = partition;
  const { hmc } = runtime;
  const { bootStorageVolume, bootStorageDevice, bootWorldWidePortName, bootLogicalUnitNumber } = await connectForBoot(
    runtime,
    owner,
    partition,
    volume,
    w,
  );
  if (typeof bootStorageVolume === 'string') return await hmc.partitions.startDumpProgram(uri, bootStorageVolume, w);
  if (
    typeof bootStorageDevice === 'string' &&
    bootWorldWidePortName !== undefined &&
    bootLogicalUnitNumber !== undefined
  ) {
    const source = { hbaUri: bootStorageDevice, targetWwpn: bootWorldWidePortName, lun: bootLogicalUnitNumber };
    return await hmc.partitions.scsiDump(uri, source, w);
  }
  throw new NotFoundError(`volume ${volume.volumeId} has no path from partition "${partition.name}"`);
}
