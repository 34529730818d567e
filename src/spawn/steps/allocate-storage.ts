import { z } from 'zod';
import { ConflictError } from '../../base/index.ts';
import { allocationSchema, noEvidence } from '../../partition/index.ts';
import type { Allocation } from '../../partition/index.ts';
import type { Step } from '../../saga/index.ts';
import type { FlowDeps } from '../deps.ts';
import type { PreparedInput } from '../inputs.ts';

/**
 * Does the instance need ports of its own? One that only uses a storage group that is there already gets them with its
 * first volume of Cinder; unless the fabric wants to have seen them log in, which is done before the boot.
 */
export function needsPorts({ storageGroup, volumes }: PreparedInput, { storage, boot }: FlowDeps): boolean {
  if (storage.preparedGroups === undefined || storageGroup === null || volumes.length > 0) return true;
  return boot.loginBeforeZoning && storage.hasAdapterPorts;
}

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
  run: async ({ state: { input }, deps, signal }) => {
    const { owner, volumes } = input;
    deps.partitions.begin(owner); // before anything is made, so that all of it is found again
    if (!needsPorts(input, deps)) return { initiators: [], obstacle: null };
    const allocation = await deps.storage.allocate(owner, volumes, { signal });
    deps.partitions.hasPorts(owner, allocation.initiators);
    return allocation;
  },
  undo: async ({ state, deps, signal }, was) => {
    const { owner } = state.input;
    if (was.kind === 'unconfirmed' || was.output.obstacle === null) {
      await deps.partitions.requireAtRest(owner, noEvidence, { signal });
      await deps.storage.deallocate(owner, { signal });
    }
    deps.partitions.gone(owner);
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
