import { z } from 'zod';
import { describeError, findError } from '../../base/index.ts';
import { defineSaga, effects } from '../journal/index.ts';
import { blockDeviceInfoIn, contextIn, instanceIn, instanceInputSchema, networkInfoIn } from './common.ts';
import type { FlowManagerDeps } from './common.ts';

const deleteInputSchema = instanceInputSchema.extend({
  volumeIds: z.array(z.string()),
  /** Volumes that are deleted with the server. */
  doomedVolumeIds: z.array(z.string()),
  /** Ports of the partition: after its record is gone, they identify masks that were left behind. */
  wwpns: z.array(z.string()).optional(),
});
type DeleteInput = z.infer<typeof deleteInputSchema>;

const effect = effects<{ readonly input: DeleteInput }, FlowManagerDeps>();
const forwardOnly = { nothingToUndo: 'a delete only goes forward' } as const;

/** Before: perhaps a guest. After: none. The driver has the volumes unmapped before it releases their WWPNs. */
const destroy = effect({
  name: 'destroy',
  pivot: true,
  run: async ({ state, deps, signal, flowId }) => {
    const info = blockDeviceInfoIn(deps, state.input);
    const networks = networkInfoIn(deps, state.input);
    await deps.driver.destroy(contextIn(deps, signal, flowId), instanceIn(deps, state.input), networks, info);
  },
  undo: forwardOnly,
  leaves: ({ input }) => [`partition of instance ${input.instanceUuid}`],
});

/** Before: volumes that may still be reserved. After: available volumes. */
const releaseVolumes = effect({
  name: 'release-volumes',
  pivot: true,
  run: async ({ state, deps, signal, flowId }) => {
    await deps.volumes.unprepBlockDevice(contextIn(deps, signal, flowId), state.input.instanceUuid);
  },
  undo: forwardOnly,
  isIdle: ({ input }) => input.volumeIds.length === 0,
  leaves: ({ input }) => input.volumeIds.map((volumeId) => `attachment of volume ${volumeId}`),
});

/**
 * Before: volumes to delete with the server. After: deleted, or being deleted. As in Nova, a volume that Cinder refuses to
 * delete (for example because it has a snapshot) is kept, with a warning, and the server is still deleted.
 */
const deleteVolumes = effect({
  name: 'delete-volumes',
  pivot: true,
  run: async ({ state, deps, signal, warn }) => {
    for (const volumeId of state.input.doomedVolumeIds) {
      try {
        await deps.cinder.deleteVolume(volumeId, { signal });
      } catch (error) {
        if (findError(error, 'CINDER_HTTP') === undefined) throw error;
        const text = `Cinder refused to delete volume ${volumeId}, which stays: ${describeError(error)}`;
        await warn({ event: 'volume.kept', volumeId }, text);
      }
    }
  },
  undo: forwardOnly,
  isIdle: ({ input }) => input.doomedVolumeIds.length === 0,
  leaves: ({ input }) => input.doomedVolumeIds.map((volumeId) => `volume ${volumeId}`),
});

/** Before: only the record of the instance. After: the record is deleted, and its older flows are closed. */
const forget = effect({
  name: 'forget',
  pivot: true,
  run: async ({ state, deps, flowId }) => {
    const { instanceUuid } = state.input;
    // In this step, not after the flow: a process that dies in between must not leave flows stuck for ever.
    const error = 'superseded: the server was deleted';
    for (const { id, state: was } of await deps.journal.list({ open: true, subject: instanceUuid }))
      if (id !== flowId && was !== 'damaged')
        await deps.journal.append(id, { kind: 'flow-ended', outcome: 'rolled-back', error });
    deps.store.delete(instanceUuid);
  },
  undo: forwardOnly,
});

export const deleteFlow = defineSaga<DeleteInput, FlowManagerDeps>('delete', deleteInputSchema, { recovery: 'forward' })
  .step(destroy)
  .step(releaseVolumes)
  .step(deleteVolumes)
  .step(forget);
