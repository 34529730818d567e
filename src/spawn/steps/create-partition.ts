import { z } from 'zod';
import { ConflictError } from '../../base/index.ts';
import type { Waiting } from '../../base/index.ts';
import { isHmcError } from '../../hmc-client/index.ts';
import { deletableStatuses, markOf, partitionExists } from '../../partition/index.ts';
import type { PartitionRef } from '../../partition/index.ts';
import type { Step } from '../../saga/index.ts';
import type { FlowDeps } from '../deps.ts';
import type { PartitionSpec, PreparedInput } from '../inputs.ts';

/** `isOurs` is false when a partition of this name was there before: it is then nobody's to undo. */
const output = z.object({ uri: z.string(), name: z.string(), isOurs: z.boolean() });

/**
 * Before: no partition of this name. After: a stopped one. Undo: deleted, and with it whatever hangs on it.
 *
 * A name that is taken is an outcome of this step, not its failure: an undo that knew only "unconfirmed" could not tell
 * the other partition from ours. {@link requireNewPartition} then ends the flow.
 */
export const createPartition = {
  name: 'create-partition',
  output,
  run: async ({ state, deps, signal }) => {
    const { partition } = state.input;
    try {
      const uri = await deps.hmc.partitions.create(deps.cpcUri, properties(partition), { signal });
      deps.partitions.made(state.input.owner, uri);
      return { uri, name: partition.name, isOurs: true };
    } catch (error) {
      if (!isHmcError(error, 400, 8)) throw error;
      const twin = await deps.hmc.partitions.findByName(deps.cpcUri, partition.name, { signal });
      if (twin === undefined) throw error;
      return { uri: twin.uri, name: partition.name, isOurs: false };
    }
  },
  undo: async ({ state, deps, signal }, was) => {
    if (was.kind === 'done') {
      if (was.output.isOurs) await deleteMade(deps, state.input, was.output, { signal });
      return;
    }
    await deleteIfMade(deps, state.input, { signal });
  },
  leaves: ({ input }, was) => {
    if (was.kind === 'done' && !was.output.isOurs) return [];
    const where = was.kind === 'done' ? was.output.uri : 'if it came to exist';
    return [`partition "${input.partition.name}" (${where})`];
  },
} satisfies Step<'create-partition', { readonly input: PreparedInput }, z.infer<typeof output>, FlowDeps>;

/** Before: {@link createPartition} has an answer. After: it is known that the partition is this flow's. */
export const requireNewPartition = {
  name: 'require-new-partition',
  output: z.null(),
  run: ({ state }) => {
    const { isOurs, name } = state['create-partition'];
    if (!isOurs) throw partitionExists(name);
    return Promise.resolve(null);
  },
  undo: { nothingToUndo: 'it only looks' },
} satisfies Step<
  'require-new-partition',
  { readonly input: PreparedInput; readonly 'create-partition': z.infer<typeof output> },
  null,
  FlowDeps
>;

function properties(spec: PartitionSpec) {
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

/** What was made, wherever it is by now: a person may have restored it as another object. */
async function deleteMade(deps: FlowDeps, { owner }: PreparedInput, made: PartitionRef, w: Waiting): Promise<void> {
  if (deps.partitions.isUnknown(owner.instanceUuid)) deps.partitions.made(owner, made.uri);
  const found = await deps.partitions.decide(owner, { wwpns: [], hasVolumes: false }, w);
  await deps.lifecycle.ensureDeleted(found.kind === 'ours' ? found.partition : made, w);
  deps.partitions.deleted(owner);
}

/**
 * Nobody knows whether the create had its effect. What it could have made is stopped and carries our name and
 * description; anything else of this name is not touched.
 */
async function deleteIfMade(deps: FlowDeps, { owner, partition }: PreparedInput, w: Waiting): Promise<void> {
  const found = await deps.hmc.partitions.findByName(deps.cpcUri, partition.name, w);
  if (found === undefined) return;
  const { description, status } = await deps.hmc.partitions.get(found.uri, w, ['description', 'status']);
  // What this flow makes carries our mark; taking it for ours asks for more than of one that ours is known to be.
  if (markOf(owner.host, description) !== 'ours' || !deletableStatuses.has(status)) {
    throw new ConflictError(`partition "${found.name}" is not what this flow could have made (status "${status}")`, {
      partition: found.name,
      partitionUri: found.uri,
    });
  }
  await deps.lifecycle.ensureDeleted(found, w);
  deps.partitions.deleted(owner);
}
