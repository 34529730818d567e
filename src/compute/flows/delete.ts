import { z } from 'zod';
import { describeError, findError } from '../../base/index.ts';
import { defineSaga } from '../journal/index.ts';
import type { Step } from '../journal/index.ts';
import { blockDeviceInfoIn, contextIn, instanceIn, instanceInputSchema } from './common.ts';
import type { FlowManagerDeps, InstanceInput } from './common.ts';

const deleteInputSchema = instanceInputSchema.extend({
  volumeIds: z.array(z.string()),
  /** Volumes that go with the server. */
  doomedVolumeIds: z.array(z.string()),
  /** By which the journal tells a mask that was left behind as one of ours, once the record of the partition is gone. */
  wwpns: z.array(z.string()).optional(),
});
type DeleteInput = z.infer<typeof deleteInputSchema>;

interface Start {
  readonly input: DeleteInput;
}

const forwardOnly = { nothingToUndo: 'a delete only goes forward' } as const;

/** Before: a guest, perhaps. After: none. The driver has the volumes unmapped before it gives up their WWPNs. */
const destroy = {
  name: 'destroy',
  output: z.null(),
  pivot: true,
  run: async ({ state, deps, signal, flowId }) => {
    const info = blockDeviceInfoIn(deps, state.input);
    await deps.driver.destroy(contextIn(deps, signal, flowId), instanceIn(deps, state.input), null, info);
    return null;
  },
  undo: forwardOnly,
  leaves: ({ input }) => [`partition of instance ${input.instanceUuid}`],
} satisfies Step<'destroy', Start, null, FlowManagerDeps>;

/** Before: volumes that may still be reserved. After: available. */
const releaseVolumes = {
  name: 'release-volumes',
  output: z.null(),
  pivot: true,
  run: async ({ state, deps, signal, flowId }) => {
    await deps.volumes.unprepBlockDevice(contextIn(deps, signal, flowId), state.input.instanceUuid);
    return null;
  },
  undo: forwardOnly,
  leaves: ({ input }) => input.volumeIds.map((volumeId) => `attachment of volume ${volumeId}`),
} satisfies Step<'release-volumes', Start, null, FlowManagerDeps>;

/**
 * Before: volumes that were to be deleted with the server. After: deleted, or being deleted. As in Nova, a volume that
 * Cinder refuses to delete (it has a snapshot, for one) is named in a warning and stays; the server is deleted nevertheless.
 */
const deleteVolumes = {
  name: 'delete-volumes',
  output: z.null(),
  pivot: true,
  run: async ({ state, deps, signal, warn }) => {
    for (const volumeId of state.input.doomedVolumeIds) {
      try {
        await deps.cinder.deleteVolume(volumeId, { signal });
      } catch (error) {
        if (findError(error, 'CINDER_HTTP') === undefined) throw error;
        await warn(
          { event: 'volume.kept', volumeId },
          `Cinder refused to delete volume ${volumeId}, which stays: ${describeError(error)}`,
        );
      }
    }
    return null;
  },
  undo: forwardOnly,
  leaves: ({ input }) => input.doomedVolumeIds.map((volumeId) => `volume ${volumeId}`),
} satisfies Step<'delete-volumes', Start, null, FlowManagerDeps>;

/** Before: nothing of it but its record. After: not that either. What its older flows had left is gone with it. */
const forget = {
  name: 'forget',
  output: z.null(),
  pivot: true,
  run: async ({ state, deps, flowId }) => {
    const { instanceUuid } = state.input;
    // Here rather than after the flow, so that a process that dies in between leaves nothing for ever stuck.
    const error = 'superseded: the server was deleted';
    for (const { id, state: was } of await deps.journal.list({ open: true, subject: instanceUuid }))
      if (id !== flowId && was !== 'damaged')
        await deps.journal.append(id, { kind: 'flow-ended', outcome: 'rolled-back', error });
    deps.store.delete(instanceUuid);
    return null;
  },
  undo: forwardOnly,
} satisfies Step<'forget', { readonly input: InstanceInput }, null, FlowManagerDeps>;

export const deleteFlow = defineSaga<DeleteInput, FlowManagerDeps>('delete', deleteInputSchema, { recovery: 'forward' })
  .step(destroy)
  .step(releaseVolumes)
  .step(deleteVolumes)
  .step(forget);
