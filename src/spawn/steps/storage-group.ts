import { z } from 'zod';
import { ConflictError } from '../../base/index.ts';
import { noEvidence, preparedGroupSchema } from '../../partition/index.ts';
import type { PartitionRef, PreparedGroup, PreparedGroups } from '../../partition/index.ts';
import type { Step } from '../../saga/index.ts';
import type { FlowDeps } from '../deps.ts';
import type { PreparedInput } from '../inputs.ts';

interface Start {
  readonly input: PreparedInput;
}

/** Before: the name of a storage group that is there, or none. After: it is known that it can be used as it is. */
export const findStorageGroup = {
  name: 'find-storage-group',
  output: preparedGroupSchema.nullable(),
  run: async ({ state, deps, signal }) => {
    const { storageGroup, volumes, partition } = state.input;
    if (storageGroup === null) return null;
    const isBootSource = !volumes.some(({ isBoot }) => isBoot);
    const bootVolume = storageGroup.bootVolume ?? undefined;
    const request = { name: storageGroup.name, isBootSource, bootVolume };
    return await preparedGroups(deps, storageGroup.name).find(request, partition.name, { signal });
  },
  undo: { nothingToUndo: 'it only looks' },
} satisfies Step<'find-storage-group', Start, PreparedGroup | null, FlowDeps>;

interface Found extends Start {
  readonly 'find-storage-group': PreparedGroup | null;
  readonly 'create-partition': PartitionRef;
}

/** Before: a group that is there. After: it is attached to the partition. Undo: detached; nothing in it was changed. */
export const attachStorageGroup = {
  name: 'attach-storage-group',
  output: z.null(),
  run: async ({ state, deps, signal }) => {
    const group = state['find-storage-group'];
    if (group === null) return null;
    await preparedGroups(deps, group.name).attach(state['create-partition'], group, { signal });
    return null;
  },
  undo: async ({ state, deps, signal }) => {
    const group = state['find-storage-group'];
    if (group === null) return;
    await deps.partitions.requireAtRest(state.input.owner, noEvidence, { signal });
    await preparedGroups(deps, group.name).detach(state['create-partition'], group, { signal });
  },
  leaves: ({ 'find-storage-group': group }) =>
    group === null ? [] : [`storage group "${group.name}", attached to the partition`],
} satisfies Step<'attach-storage-group', Found, null, FlowDeps>;

function preparedGroups({ storage }: FlowDeps, name: string): PreparedGroups {
  if (storage.preparedGroups !== undefined) return storage.preparedGroups;
  throw new ConflictError(`storage group "${name}": this CPC has vHBAs and no storage groups`, { storageGroup: name });
}
