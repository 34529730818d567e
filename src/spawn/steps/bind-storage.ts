import { noEvidence } from '../../partition/index.ts';
import type { Allocation, Initiator, PartitionRef } from '../../partition/index.ts';
import type { Step } from '../../saga/index.ts';
import { initiatorsSchema } from '../deps.ts';
import type { FlowDeps } from '../deps.ts';
import { needsPorts } from './allocate-storage.ts';
import type { PreparedInput } from '../inputs.ts';

interface Before {
  readonly input: PreparedInput;
  readonly 'allocate-storage': Allocation;
  readonly 'create-partition': PartitionRef;
}

/**
 * Before: a partition without ports. After: it has its vHBAs (or its group), and their WWPNs are known. Undo: taken
 * away, whichever of them came to exist; only after the masks for their WWPNs are gone.
 */
export const bindStorage = {
  name: 'bind-storage',
  output: initiatorsSchema,
  run: async ({ state, deps, signal }) => {
    if (!needsPorts(state.input, deps)) return [];
    const { owner } = state.input;
    const { initiators: known } = state['allocate-storage'];
    const initiators = await deps.storage.bind(owner, state['create-partition'], known, { signal });
    deps.partitions.hasPorts(owner, initiators);
    return [...initiators];
  },
  undo: async ({ state, deps, signal }) => {
    await deps.partitions.requireAtRest(state.input.owner, noEvidence, { signal });
    await deps.storage.unbind(state.input.owner, state['create-partition'], false, { signal });
  },
  leaves: ({ input }, was) => {
    const wwpns = was.kind === 'done' ? ` with ${was.output.map(({ wwpn }) => wwpn).join(', ')}` : '';
    return [`ports of partition "${input.partition.name}"${wwpns}`];
  },
} satisfies Step<'bind-storage', Before, Initiator[], FlowDeps>;
