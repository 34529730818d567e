import { z } from 'zod';
import { ConflictError } from '../../base/index.ts';
import { allocationSchema } from '../../partition/index.ts';
import type { Allocation } from '../../partition/index.ts';
import type { Step } from '../../saga/index.ts';
import type { FlowDeps } from '../deps.ts';
import type { PreparedInput } from '../inputs.ts';

/**
 * Before: nothing. After: what the machine wants to exist before the partition does (a storage group; with vHBAs,
 * nothing), and the ports that are known with it. Undo: found by its name, and deleted.
 *
 * What stands in the way is an outcome of this step, not its failure: an undo that knew only "unconfirmed" could not
 * tell somebody else's group from ours. {@link requireStorage} then ends the flow.
 */
export const allocateStorage = {
  name: 'allocate-storage',
  output: allocationSchema,
  run: async ({ state, deps, signal }) =>
    await deps.storage.allocate(state.input.owner, state.input.volumes, { signal }),
  undo: async ({ state, deps, signal }, was) => {
    if (was.kind === 'done' && was.output.obstacle !== null) return;
    await deps.storage.deallocate(state.input.owner, { signal });
  },
  leaves: ({ input }, was) =>
    was.kind === 'done' && was.output.obstacle !== null ? [] : [`storage of instance ${input.owner.instanceUuid}`],
} satisfies Step<'allocate-storage', { readonly input: PreparedInput }, Allocation, FlowDeps>;

/** Before: {@link allocateStorage} has an answer. After: it is known that the storage is this flow's. */
export const requireStorage = {
  name: 'require-storage',
  output: z.null(),
  run: ({ state }) => {
    const { obstacle } = state['allocate-storage'];
    if (obstacle !== null) throw new ConflictError(`${obstacle}: it is left as it is`);
    return Promise.resolve(null);
  },
  undo: { nothingToUndo: 'it only looks' },
} satisfies Step<'require-storage', { readonly 'allocate-storage': Allocation }, null, FlowDeps>;
