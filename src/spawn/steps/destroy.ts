import { z } from 'zod';
import type { Waiting } from '../../base/index.ts';
import { deletableStatuses, noEvidence } from '../../partition/index.ts';
import type { Decided, PartitionRef } from '../../partition/index.ts';
import type { Step } from '../../saga/index.ts';
import { evidenceOf, initiatorsSchema, mappedVolumeSchema, ownerSchema, partitionRefSchema } from '../deps.ts';
import type { FlowDeps } from '../deps.ts';
import { optionsFor } from './connect-volumes.ts';

export const destroyInputSchema = z.object({
  owner: ownerSchema,
  /** Volumes whose connection_info is still known; their drivers are asked to let go. */
  mapped: z.array(mappedVolumeSchema),
  /** False where whoever asks knows nothing of volumes, so that some may be mapped. */
  isMappingKnown: z.boolean().optional(),
});
export type DestroyInput = z.infer<typeof destroyInputSchema>;

interface Start {
  readonly input: DestroyInput;
}

const foundSchema = z.object({
  partition: partitionRefSchema.nullable(),
  initiators: initiatorsSchema,
  /** Does the machine keep storage of the instance beside its partition, so that there is something to name? */
  hasOwnStorage: z.boolean(),
});
type Found = z.infer<typeof foundSchema>;

interface AfterFind extends Start {
  readonly 'find-partition': Found;
}

/**
 * Looks again in each step: between two of them a process may have died, and a person may have started, renamed or
 * restored the partition. @throws PartitionInDoubtError
 */
async function decide({ input }: Start, deps: FlowDeps, w: Waiting): Promise<Decided> {
  // Without the mappings nobody knows whether there are any.
  const evidence = input.isMappingKnown === false ? noEvidence : evidenceOf(input.mapped);
  return await deps.partitions.decide(input.owner, evidence, w);
}

/** The partition of which find-partition told, or one that has come back since. */
async function partitionNow(state: AfterFind, deps: FlowDeps, w: Waiting): Promise<PartitionRef | null> {
  const { partition } = state['find-partition'];
  if (partition !== null) return partition;
  const found = await decide(state, deps, w);
  return found.kind === 'ours' ? found.partition : null;
}

/** Stopped by ourselves: that is what a delete is asked for. */
async function ensureAtRest(state: AfterFind, deps: FlowDeps, w: Waiting): Promise<Decided> {
  const found = await decide(state, deps, w);
  const isRunning = found.kind === 'ours' && !deletableStatuses.has(found.partition.status);
  if (isRunning) await deps.lifecycle.ensureStopped(found.partition, w);
  return found;
}

const forwardOnly = { nothingToUndo: 'a delete only goes forward' } as const;

/** Before: whatever is there. After: the partition is known, or known not to be there. */
export const findPartition = {
  name: 'find-partition',
  output: foundSchema,
  run: async ({ state, deps, signal }) => {
    const { owner, mapped } = state.input;
    const found = await decide(state, deps, { signal });
    const partition = found.kind === 'ours' ? { uri: found.partition.uri, name: found.partition.name } : null;
    // The ports are of interest only to the drivers of volumes.
    const initiators =
      mapped.length === 0 ? [] : await deps.storage.initiators(owner, partition ?? undefined, { signal });
    return { partition, initiators: [...initiators], hasOwnStorage: deps.storage.outlivesPartition };
  },
  undo: { nothingToUndo: 'it only looks' },
} satisfies Step<'find-partition', Start, Found, FlowDeps>;

/**
 * Before: it may run. After: it does not. From here there is no way back: the guest's memory is gone. Its boot volume
 * is taken away only afterwards.
 */
export const stopPartition = {
  name: 'stop-partition',
  output: z.null(),
  pivot: true,
  run: async ({ state, deps, signal }) => {
    const partition = await partitionNow(state, deps, { signal });
    if (partition !== null) await deps.lifecycle.ensureStopped(partition, { signal });
    return null;
  },
  undo: forwardOnly,
} satisfies Step<'stop-partition', AfterFind, null, FlowDeps>;

/** Before: drivers hold connections. After: they have let go of them. */
export const disconnectVolumes = {
  name: 'disconnect-volumes',
  output: z.null(),
  pivot: true,
  run: async ({ state, deps, signal }) => {
    const { partition, initiators } = state['find-partition'];
    if (partition === null || state.input.mapped.length === 0) return null;
    await ensureAtRest(state, deps, { signal });
    const instance = { ...state.input.owner, partition, initiators };
    for (const volume of state.input.mapped.toReversed()) {
      const driver = deps.volumeDrivers.get(volume.connectionInfo.driver_volume_type);
      const options = { ...optionsFor(volume, { signal }), isTeardown: true };
      await driver.disconnectVolume(volume.connectionInfo, instance, options);
    }
    return null;
  },
  undo: forwardOnly,
} satisfies Step<'disconnect-volumes', AfterFind, null, FlowDeps>;

/**
 * Before: LUNs masked to the partition's WWPNs. After: not any more. It comes before the WWPNs are given up: an HMC
 * hands a WWPN out again, and with it would go the disk.
 */
export const unmapVolumes = {
  name: 'unmap-volumes',
  output: z.null(),
  pivot: true,
  run: async ({ state, deps, signal }) => {
    await ensureAtRest(state, deps, { signal });
    await deps.mapper.unmap(state.input.owner, { signal });
    return null;
  },
  undo: forwardOnly,
  leaves: ({ input }) => input.mapped.map(({ volumeId }) => `attachment of volume ${volumeId}`),
} satisfies Step<'unmap-volumes', AfterFind, null, FlowDeps>;

/**
 * Before: a stopped partition with its ports. After: without those that outlive it; groups that others have made are
 * let go of as they are.
 */
export const unbindStorage = {
  name: 'unbind-storage',
  output: z.null(),
  pivot: true,
  run: async ({ state, deps, signal }) => {
    if (!deps.storage.outlivesPartition) return null;
    const found = await ensureAtRest(state, deps, { signal });
    if (found.kind === 'ours') await deps.storage.unbind(state.input.owner, found.partition, true, { signal });
    return null;
  },
  undo: forwardOnly,
} satisfies Step<'unbind-storage', AfterFind, null, FlowDeps>;

/** Before: a stopped partition that no volume knows. After: none; its vHBAs and NICs went with it. */
export const deletePartition = {
  name: 'delete-partition',
  output: z.null(),
  pivot: true,
  run: async ({ state, deps, signal }) => {
    const { owner } = state.input;
    const { partition } = state['find-partition'];
    const found = await ensureAtRest(state, deps, { signal });
    const ref = found.kind === 'ours' ? found.partition : partition;
    // Also what is absent by now: one reading that says "gone" is not enough to leave a partition behind.
    if (ref !== null) await deps.lifecycle.deleteStopped(ref, { signal });
    deps.partitions.deleted(owner);
    return null;
  },
  undo: forwardOnly,
  leaves: ({ 'find-partition': { partition } }) =>
    partition === null ? [] : [`partition "${partition.name}" (${partition.uri})`],
} satisfies Step<'delete-partition', AfterFind, null, FlowDeps>;

/** Before: storage that the instance had of its own. After: none. */
export const deallocateStorage = {
  name: 'deallocate-storage',
  output: z.null(),
  pivot: true,
  run: async ({ state, deps, signal }) => {
    await deps.storage.deallocate(state.input.owner, { signal });
    deps.partitions.gone(state.input.owner);
    return null;
  },
  undo: forwardOnly,
  leaves: ({ input, 'find-partition': { hasOwnStorage } }) =>
    hasOwnStorage ? [`storage of instance ${input.owner.instanceUuid}`] : [],
} satisfies Step<'deallocate-storage', AfterFind, null, FlowDeps>;
