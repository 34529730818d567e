import { z } from 'zod';
import { ConflictError, describeError, InternalError } from '../../base/index.ts';
import { defineSaga, effects } from '../journal/index.ts';
import type { StepContext } from '../journal/index.ts';
import type { BlockDevice } from '../instances.ts';
import { contextIn, instanceIn, instanceInputSchema } from './common.ts';
import type { FlowManagerDeps } from './common.ts';

export const volumeInputSchema = instanceInputSchema.extend({
  volumeId: z.string(),
  /** Missing in flows of older versions. */
  volumeName: z.string().nullable().default(null),
  sizeGib: z.number(),
  deviceName: z.string(),
  mode: z.enum(['rw', 'ro']),
  /** The guest is to boot from it. */
  isBoot: z.boolean().optional(),
});
export type VolumeInput = z.infer<typeof volumeInputSchema>;

interface Start {
  readonly input: VolumeInput;
}

const effect = effects<Start, FlowManagerDeps>();

function deviceIn(deps: FlowManagerDeps, input: VolumeInput): BlockDevice | undefined {
  return deps.store.devices(input.instanceUuid).find(({ volumeId }) => volumeId === input.volumeId);
}

function requireDevice(deps: FlowManagerDeps, input: VolumeInput): BlockDevice {
  const device = deviceIn(deps, input);
  if (device === undefined) throw new InternalError(`volume ${input.volumeId} lost its record`);
  return device;
}

/** Returns the arguments of the driver's attachVolume and detachVolume. */
function driverArguments(
  { state: { input }, deps, signal, flowId }: StepContext<Start, FlowManagerDeps>,
  device: BlockDevice,
) {
  if (device.connectionInfo === null) throw new ConflictError(`volume ${device.volumeId} is not mapped`);
  const { data, ...rest } = device.connectionInfo;
  // During an attach Cinder does not know the mode yet, and says rw (cinder volume/manager.py): the user's mode counts.
  const told = device.mode === 'ro' ? { ...data, access_mode: 'ro' } : data;
  const info = { ...rest, data: told, serial: device.volumeId, size: device.sizeGib, boot: input.isBoot === true };
  return [contextIn(deps, signal, flowId), info, instanceIn(deps, input), input.deviceName] as const;
}

/**
 * Closes the stuck flows of an earlier attachment of this volume. Without a record nothing of that attachment is left, and
 * resuming those flows later would undo the new one.
 */
async function closeSuperseded({ journal }: FlowManagerDeps, { instanceUuid, volumeId }: VolumeInput, flowId: string) {
  const error = 'superseded: the volume was detached, and is attached again';
  for (const { id, flow, state } of await journal.list({ open: true, subject: instanceUuid })) {
    const isOfVolume = flow === addVolumeFlow.name || flow === removeVolumeFlow.name;
    if (id === flowId || !isOfVolume || state === 'damaged') continue;
    const [started] = await journal.read(id);
    const input = volumeInputSchema.safeParse(started?.kind === 'flow-started' ? started.input : undefined);
    if (input.data?.volumeId !== volumeId) continue;
    await journal.append(id, { kind: 'flow-ended', outcome: 'rolled-back', error });
  }
}

/** Before: an available volume. After: reserved for this instance in Cinder and in the records. Undo: both removed. */
export const reserveVolume = effect({
  name: 'reserve-volume',
  run: async ({ state: { input }, deps, signal, flowId }) => {
    if (deviceIn(deps, input) === undefined) {
      await closeSuperseded(deps, input, flowId);
      const nothing = { reservation: null, connector: null, connectionInfo: null };
      deps.store.addDevice({ ...input, bootIndex: null, deleteOnTermination: false, ...nothing });
    }
    await deps.volumes.reserve(requireDevice(deps, input), { signal });
  },
  undo: async ({ state: { input }, deps, signal }) => {
    const device = deviceIn(deps, input);
    if (device !== undefined) await deps.volumes.release(device, { signal });
    deps.store.deleteDevice(input.instanceUuid, input.volumeId);
  },
  leaves: ({ input }) => [`attachment of volume ${input.volumeId}`],
});

/** Before: reserved. After: masked to the instance's ports. Undo: unmasked. */
export const mapVolume = effect({
  name: 'map-volume',
  run: async ({ state: { input }, deps, signal, flowId }) => {
    await deps.volumes.map(requireDevice(deps, input), instanceIn(deps, input), contextIn(deps, signal, flowId));
  },
  undo: async ({ state: { input }, deps, signal }) => {
    const device = deviceIn(deps, input);
    if (device !== undefined) await deps.volumes.release(device, { signal });
  },
  leaves: ({ input }) => [`attachment of volume ${input.volumeId} and its mask`],
});

/** Before: masked. After: attached to the guest. Undo: detached. */
export const attach = effect({
  name: 'attach',
  run: async (ctx) => {
    await ctx.deps.driver.attachVolume(...driverArguments(ctx, requireDevice(ctx.deps, ctx.state.input)));
  },
  undo: async (ctx) => {
    // While this flow was stuck, the user may have detached the volume.
    const device = deviceIn(ctx.deps, ctx.state.input);
    if (device?.connectionInfo) await ctx.deps.driver.detachVolume(...driverArguments(ctx, device));
  },
  leaves: ({ input }) => [`connection of volume ${input.volumeId}`],
});

/** Before: attached to the guest. After: in-use in Cinder. */
export const complete = effect({
  name: 'complete',
  run: async ({ state: { input }, deps, signal }) => {
    await deps.volumes.complete(requireDevice(deps, input), { signal });
  },
  undo: { nothingToUndo: 'the undo of the earlier steps releases the volume, which also resets its status' },
});

export const addVolumeFlow = defineSaga<VolumeInput, FlowManagerDeps>('add-volume', volumeInputSchema)
  .step(reserveVolume)
  .step(mapVolume)
  .step(attach)
  .step(complete);

/** Before: in-use. After: detaching, so that no other detach begins. Undo: in-use again. */
export const beginDetaching = effect({
  name: 'begin-detaching',
  run: async ({ state: { input }, deps, signal }) => {
    await deps.volumes.beginDetaching(requireDevice(deps, input), { signal });
  },
  undo: async ({ state: { input }, deps, signal }) => {
    const device = deviceIn(deps, input);
    if (device !== undefined) await deps.volumes.rollDetaching(device, { signal });
  },
  leaves: ({ input }) => [`volume ${input.volumeId} in status detaching`],
});

/** Before: attached to the guest. After: detached, but still masked. Undo: attached again. */
export const detach = effect({
  name: 'detach',
  run: async (ctx) => {
    const device = requireDevice(ctx.deps, ctx.state.input);
    if (device.connectionInfo !== null) await ctx.deps.driver.detachVolume(...driverArguments(ctx, device));
  },
  undo: async (ctx) => {
    const device = deviceIn(ctx.deps, ctx.state.input);
    if (device?.connectionInfo) await ctx.deps.driver.attachVolume(...driverArguments(ctx, device));
  },
  leaves: ({ input }) => [`volume ${input.volumeId}, detached from the guest but still mapped`],
});

/**
 * Before: masked. After: no longer masked. If the last answer of a release cannot be read, but Cinder shows that the release
 * was done, it counts as done. Undo: while Cinder counts the volume as attached, the mask is restored, because it is unknown
 * how far the release got; otherwise the volume is detached, and its record is deleted.
 */
export const releaseVolume = effect({
  name: 'release-volume',
  run: async ({ state: { input }, deps, signal, log }) => {
    const device = deviceIn(deps, input);
    if (device === undefined) return;
    try {
      await deps.volumes.release(device, { signal });
    } catch (error) {
      const now = deviceIn(deps, input); // the release may have changed the record
      // If Cinder cannot be asked, the error of the release itself says more.
      const isReleased = now !== undefined && (await deps.volumes.isReleased(now, { signal }).catch(() => false));
      if (!isReleased) throw error;
      const facts = { event: 'volume.detached', volumeId: input.volumeId, error: describeError(error) };
      log.warn(facts, 'the release reported an error, but Cinder shows that it was done');
    }
  },
  undo: async ({ state: { input }, deps, signal, log }) => {
    const device = deviceIn(deps, input);
    if (device === undefined) return;
    if (device.reservation !== null && (await deps.volumes.isAttached(device, { signal }))) {
      await deps.volumes.restore(device, { signal });
      return;
    }
    // If an operator detached it, the array may still mask it.
    if (!(await deps.volumes.isReleased(device, { signal }))) await deps.volumes.release(device, { signal });
    const facts = { event: 'volume.detached', volumeId: input.volumeId };
    log.warn(facts, 'the detach reported an error, but the volume is detached');
    deps.store.deleteDevice(input.instanceUuid, input.volumeId);
  },
  leaves: ({ input }) => [`attachment of volume ${input.volumeId}`],
});

export const forgetVolume = effect({
  name: 'forget-volume',
  pivot: true,
  run: ({ state: { input }, deps }) => {
    deps.store.deleteDevice(input.instanceUuid, input.volumeId);
  },
  undo: { nothingToUndo: 'the volume is detached' },
});

export const removeVolumeFlow = defineSaga<VolumeInput, FlowManagerDeps>('remove-volume', volumeInputSchema, {
  recovery: 'forward',
})
  .step(beginDetaching)
  .step(detach)
  .step(releaseVolume)
  .step(forgetVolume);
