import { z } from 'zod';
import type { Initiator } from '../../partition/index.ts';
import type { Step } from '../../saga/index.ts';
import { mappedVolumeSchema } from '../deps.ts';
import type { FlowDeps, MappedVolume } from '../deps.ts';
import type { PreparedInput } from '../inputs.ts';

interface Before {
  readonly input: PreparedInput;
  readonly 'bind-storage': readonly Initiator[];
}

/**
 * Before: ports without LUNs. After: Cinder has masked (and zoned) each volume to them and says where it is. Undo: all
 * of it is taken back by the one who did it, from what Cinder knows; so it also works when nobody knows how far it got.
 */
export const mapVolumes = {
  name: 'map-volumes',
  output: z.array(mappedVolumeSchema),
  run: async ({ state, deps, signal }) => [
    ...(await deps.mapper.map(state.input.owner, state['bind-storage'], { signal })),
  ],
  undo: async ({ state, deps, signal }) => await deps.mapper.unmap(state.input.owner, { signal }),
  leaves: ({ input }) => input.volumes.map(({ volumeId }) => `attachment of volume ${volumeId} and its mask`),
} satisfies Step<'map-volumes', Before, MappedVolume[], FlowDeps>;
