import { z } from 'zod';
import type { Waiting } from '../../base/index.ts';
import { noEvidence } from '../../partition/index.ts';
import type { Allocation, Initiator, PartitionOwner } from '../../partition/index.ts';
import type { Step } from '../../saga/index.ts';
import { mappedVolumeSchema } from '../deps.ts';
import type { FlowDeps, MappedVolume } from '../deps.ts';
import type { PreparedInput } from '../inputs.ts';

interface Start {
  readonly input: PreparedInput;
  readonly 'allocate-storage': Allocation;
}

/**
 * Before: WWPNs that may exist before the partition does. After: where they do, Cinder has masked (and zoned) each
 * volume to them already, so that DPM finds the LUNs when the ports are plugged; null where they do not, or where a
 * fabric wants to have seen them log in. Undo: as that of {@link mapVolumes}.
 */
export const mapAhead = {
  name: 'map-ahead',
  output: z.array(mappedVolumeSchema).nullable(),
  run: async ({ state, deps, signal }) => {
    const { initiators } = state['allocate-storage'];
    if (initiators.length === 0 || deps.boot.loginBeforeZoning) return null;
    return [...(await deps.mapper.map(state.input.owner, initiators, { signal }))];
  },
  undo: async ({ state, deps, signal }, was) => {
    if (was.kind === 'done' && was.output === null) return;
    await unmap(state.input.owner, deps, { signal });
  },
  leaves: ({ input }, was) => (was.kind === 'done' && was.output === null ? [] : leftOf(input)),
} satisfies Step<'map-ahead', Start, MappedVolume[] | null, FlowDeps>;

interface Before extends Start {
  readonly 'map-ahead': MappedVolume[] | null;
  readonly 'bind-storage': readonly Initiator[];
}

/**
 * Before: ports, perhaps without LUNs. After: Cinder has masked (and zoned) each volume to them and says where it is.
 * Undo: all of it is taken back by the one who did it, from what Cinder knows; so it also works when nobody knows how
 * far it got.
 */
export const mapVolumes = {
  name: 'map-volumes',
  output: z.array(mappedVolumeSchema),
  run: async ({ state, deps, signal }) =>
    state['map-ahead'] ?? [...(await deps.mapper.map(state.input.owner, state['bind-storage'], { signal }))],
  undo: async ({ state, deps, signal }) => {
    await unmap(state.input.owner, deps, { signal });
  },
  leaves: ({ input }) => leftOf(input),
} satisfies Step<'map-volumes', Before, MappedVolume[], FlowDeps>;

/** Somebody may have started the partition since: what runs keeps its volumes. */
async function unmap(owner: PartitionOwner, { partitions, mapper }: FlowDeps, w: Waiting): Promise<void> {
  await partitions.requireAtRest(owner, noEvidence, w);
  await mapper.unmap(owner, w);
}

function leftOf({ volumes }: PreparedInput): readonly string[] {
  return volumes.map(({ volumeId }) => `attachment of volume ${volumeId} and its mask`);
}
