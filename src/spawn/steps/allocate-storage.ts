import { z } from 'zod';
import type { Step } from '../../saga/index.ts';
import type { FlowDeps } from '../deps.ts';
import type { PreparedInput } from '../inputs.ts';

/**
 * Before: nothing. After: what the machine wants to exist before the partition does (a storage group; with vHBAs,
 * nothing). Undo: found by its name, and deleted.
 */
export const allocateStorage = {
  name: 'allocate-storage',
  output: z.null(),
  run: async ({ state, deps, signal }) => {
    await deps.storage.allocate(state.input.owner, state.input.volumes, { signal });
    return null;
  },
  undo: async ({ state, deps, signal }) => await deps.storage.deallocate(state.input.owner, { signal }),
  leaves: ({ input }) => [`storage of instance ${input.owner.instanceUuid}`],
} satisfies Step<'allocate-storage', { readonly input: PreparedInput }, null, FlowDeps>;
