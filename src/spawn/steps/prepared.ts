import { z } from 'zod';
import type { Initiator, PartitionRef } from '../../partition/index.ts';
import type { Step } from '../../saga/index.ts';
import { evidenceOf, initiatorsSchema, mappedVolumeSchema, partitionRefSchema } from '../deps.ts';
import type { FlowDeps, MappedVolume } from '../deps.ts';
import type { SpawnInput } from '../inputs.ts';

/** Input of a spawn whose partition and mapped volumes are there already: Nova's stock order. */
export interface PreparedSpawnInput extends SpawnInput {
  readonly mapped: MappedVolume[];
}

/*
 * These three stand where the deferred order has create-partition, bind-storage and map-volumes: same names, same
 * outputs, but they only look, and so have nothing to undo. What comes after cannot tell the difference.
 */

export const findPreparedPartition = {
  name: 'create-partition',
  output: partitionRefSchema,
  run: async ({ state, deps, signal }) => {
    const { owner, mapped } = state.input;
    const { uri, name } = await deps.partitions.require(owner, evidenceOf(mapped), { signal });
    return { uri, name };
  },
  undo: { nothingToUndo: 'prepareForSpawn made it, and failedSpawnCleanup or destroy removes it' },
} satisfies Step<'create-partition', { readonly input: PreparedSpawnInput }, PartitionRef, FlowDeps>;

export const findPreparedPorts = {
  name: 'bind-storage',
  output: initiatorsSchema,
  run: async ({ state, deps, signal }) => {
    const { owner } = state.input;
    const initiators = await deps.storage.initiators(owner, state['create-partition'], { signal });
    deps.partitions.hasPorts(owner, initiators);
    return [...initiators];
  },
  undo: { nothingToUndo: 'prepareForSpawn made them, and they go with the partition' },
} satisfies Step<
  'bind-storage',
  { readonly input: PreparedSpawnInput; readonly 'create-partition': PartitionRef },
  Initiator[],
  FlowDeps
>;

export const takeMappedVolumes = {
  name: 'map-volumes',
  output: z.array(mappedVolumeSchema),
  run: ({ state }) => Promise.resolve(state.input.mapped),
  undo: { nothingToUndo: 'the compute manager mapped them, and unmaps them' },
} satisfies Step<'map-volumes', { readonly input: PreparedSpawnInput }, MappedVolume[], FlowDeps>;
