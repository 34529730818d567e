import { z } from 'zod';
import { ConflictError, describeError, InternalError } from '../../base/index.ts';
import { defineSaga } from '../journal/index.ts';
import type { Step } from '../journal/index.ts';
import type { BlockDevice } from '../instances.ts';
import { contextIn, instanceIn, instanceInputSchema } from './common.ts';
import type { FlowManagerDeps } from './common.ts';

const volumeInputSchema = instanceInputSchema.extend({
  volumeId: z.string(),
  sizeGib: z.number(),
  deviceName: z.string(),
  mode: z.enum(['rw', 'ro']),
});
type VolumeInput = z.infer<typeof volumeInputSchema>;

interface Start {
  readonly input: VolumeInput;
}

type VolumeStep<Name extends string> = Step<Name, Start, null, FlowManagerDeps>;

function deviceIn(deps: FlowManagerDeps, input: VolumeInput): BlockDevice | undefined {
  return deps.store.devices(input.instanceUuid).find(({ volumeId }) => volumeId === input.volumeId);
}

function requireDevice(deps: FlowManagerDeps, input: VolumeInput): BlockDevice {
  const device = deviceIn(deps, input);
  if (device === undefined) throw new InternalError(`volume ${input.volumeId} lost its record`);
  return device;
}

/** The array's answer is in the record from the mapping on; the driver's verbs are told nothing else of the volume. */
function connectionInfoOf(device: BlockDevice) {
  if (device.connectionInfo === null) throw new ConflictError(`volume ${device.volumeId} is not mapped`);
  const { data, ...rest } = device.connectionInfo;
  // While an attachment is made Cinder does not know its mode yet, and says rw (cinder volume/manager.py): the user's
  // word counts.
  const told = device.mode === 'ro' ? { ...data, access_mode: 'ro' } : data;
  return { ...rest, data: told, serial: device.volumeId, size: device.sizeGib };
}

/**
 * Closes the flows that are stuck with an earlier attachment of this volume: without a record of it nothing of it is left,
 * and taken up later they would undo the new one.
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

/** Before: an available volume. After: it is this instance's in Cinder and in the records. Undo: released, forgotten. */
const reserveVolume = {
  name: 'reserve-volume',
  output: z.null(),
  run: async ({ state: { input }, deps, signal, flowId }) => {
    if (deviceIn(deps, input) === undefined) {
      await closeSuperseded(deps, input, flowId);
      const { instanceUuid, volumeId, sizeGib, deviceName, mode } = input;
      const nothing = {
        bootIndex: null,
        deleteOnTermination: false,
        reservation: null,
        connector: null,
        connectionInfo: null,
      };
      deps.store.addDevice({ instanceUuid, volumeId, sizeGib, deviceName, mode, ...nothing });
    }
    await deps.volumes.reserve(requireDevice(deps, input), { signal });
    return null;
  },
  undo: async ({ state: { input }, deps, signal }) => {
    const device = deviceIn(deps, input);
    if (device !== undefined) await deps.volumes.release(device, { signal });
    deps.store.deleteDevice(input.instanceUuid, input.volumeId);
  },
  leaves: ({ input }) => [`attachment of volume ${input.volumeId}`],
} satisfies VolumeStep<'reserve-volume'>;

/** Before: reserved. After: masked to the instance's ports. Undo: unmasked. */
const mapVolume = {
  name: 'map-volume',
  output: z.null(),
  run: async ({ state: { input }, deps, signal, flowId }) => {
    await deps.volumes.map(requireDevice(deps, input), instanceIn(deps, input), contextIn(deps, signal, flowId));
    return null;
  },
  undo: async ({ state: { input }, deps, signal }) => {
    const device = deviceIn(deps, input);
    if (device !== undefined) await deps.volumes.release(device, { signal });
  },
  leaves: ({ input }) => [`attachment of volume ${input.volumeId} and its mask`],
} satisfies VolumeStep<'map-volume'>;

/** Before: masked. After: the driver has given it to the guest. Undo: taken away again. */
const attach = {
  name: 'attach',
  output: z.null(),
  run: async ({ state: { input }, deps, signal, flowId }) => {
    const connectionInfo = connectionInfoOf(requireDevice(deps, input));
    await deps.driver.attachVolume(
      contextIn(deps, signal, flowId),
      connectionInfo,
      instanceIn(deps, input),
      input.deviceName,
    );
    return null;
  },
  undo: async ({ state: { input }, deps, signal, flowId }) => {
    // A detach that somebody asked for meanwhile, because this flow was stuck, has taken it away already.
    const device = deviceIn(deps, input);
    if (device === undefined || device.connectionInfo === null) return;
    await deps.driver.detachVolume(
      contextIn(deps, signal, flowId),
      connectionInfoOf(device),
      instanceIn(deps, input),
      input.deviceName,
    );
  },
  leaves: ({ input }) => [`connection of volume ${input.volumeId}`],
} satisfies VolumeStep<'attach'>;

/** Before: given to the guest. After: Cinder says in-use. */
const complete = {
  name: 'complete',
  output: z.null(),
  run: async ({ state: { input }, deps, signal }) => {
    await deps.volumes.complete(requireDevice(deps, input), { signal });
    return null;
  },
  undo: { nothingToUndo: 'releasing the volume, which the earlier steps do, takes the state back too' },
} satisfies VolumeStep<'complete'>;

export const addVolumeFlow = defineSaga<VolumeInput, FlowManagerDeps>('add-volume', volumeInputSchema)
  .step(reserveVolume)
  .step(mapVolume)
  .step(attach)
  .step(complete);

/** Before: in-use. After: detaching, so that nobody else begins. Undo: in-use again. */
const beginDetaching = {
  name: 'begin-detaching',
  output: z.null(),
  run: async ({ state: { input }, deps, signal }) => {
    await deps.volumes.beginDetaching(requireDevice(deps, input), { signal });
    return null;
  },
  undo: async ({ state: { input }, deps, signal }) => {
    const device = deviceIn(deps, input);
    if (device !== undefined) await deps.volumes.rollDetaching(device, { signal });
  },
  leaves: ({ input }) => [`volume ${input.volumeId} in status detaching`],
} satisfies VolumeStep<'begin-detaching'>;

/** Before: the guest has it. After: the driver has taken it away, while the mask still stands. Undo: given back. */
const detach = {
  name: 'detach',
  output: z.null(),
  run: async ({ state: { input }, deps, signal, flowId }) => {
    const device = requireDevice(deps, input);
    if (device.connectionInfo === null) return null; // never mapped: there is nothing to take away
    await deps.driver.detachVolume(
      contextIn(deps, signal, flowId),
      connectionInfoOf(device),
      instanceIn(deps, input),
      input.deviceName,
    );
    return null;
  },
  undo: async ({ state: { input }, deps, signal, flowId }) => {
    const device = deviceIn(deps, input);
    if (device === undefined || device.connectionInfo === null) return;
    await deps.driver.attachVolume(
      contextIn(deps, signal, flowId),
      connectionInfoOf(device),
      instanceIn(deps, input),
      input.deviceName,
    );
  },
  leaves: ({ input }) => [`volume ${input.volumeId}, detached from the guest but still mapped`],
} satisfies VolumeStep<'detach'>;

/**
 * Before: masked. After: no longer masked. A release can fail although Cinder did it, when its last answer cannot be read:
 * that counts as done. Undo: while Cinder still counts the volume as attached, the mask is restored, because nobody knows
 * how far the release got. Once Cinder does not, the volume is detached and is forgotten here too.
 */
const releaseVolume = {
  name: 'release-volume',
  output: z.null(),
  run: async ({ state: { input }, deps, signal, log }) => {
    const device = deviceIn(deps, input);
    if (device === undefined) return null;
    try {
      await deps.volumes.release(device, { signal });
    } catch (error) {
      if (!(await isReleasedAfterAll(deps, input, signal))) throw error;
      const facts = { event: 'volume.detached', volumeId: input.volumeId, error: describeError(error) };
      log.warn(facts, 'the release reported an error, but Cinder shows that it was done');
    }
    return null;
  },
  undo: async ({ state: { input }, deps, signal, log }) => {
    const device = deviceIn(deps, input);
    if (device === undefined) return;
    if (device.reservation !== null && (await deps.volumes.isAttached(device, { signal }))) {
      await deps.volumes.restore(device, { signal });
      return;
    }
    // Detached by hand, perhaps: then the array may still present it.
    if (!(await deps.volumes.isReleased(device, { signal }))) await deps.volumes.release(device, { signal });
    log.warn(
      { event: 'volume.detached', volumeId: input.volumeId },
      'the detach reported an error, but the volume is detached',
    );
    deps.store.deleteDevice(input.instanceUuid, input.volumeId);
  },
  leaves: ({ input }) => [`attachment of volume ${input.volumeId}`],
} satisfies VolumeStep<'release-volume'>;

/** Where nobody can tell, the failure of the release itself says more. */
async function isReleasedAfterAll(deps: FlowManagerDeps, input: VolumeInput, signal: AbortSignal): Promise<boolean> {
  const device = deviceIn(deps, input);
  if (device === undefined) return false;
  try {
    return await deps.volumes.isReleased(device, { signal });
  } catch {
    return false;
  }
}

const forgetVolume = {
  name: 'forget-volume',
  output: z.null(),
  pivot: true,
  run: ({ state: { input }, deps }) => {
    deps.store.deleteDevice(input.instanceUuid, input.volumeId);
    return Promise.resolve(null);
  },
  undo: { nothingToUndo: 'the volume is detached' },
} satisfies VolumeStep<'forget-volume'>;

export const removeVolumeFlow = defineSaga<VolumeInput, FlowManagerDeps>('remove-volume', volumeInputSchema, {
  recovery: 'forward',
})
  .step(beginDetaching)
  .step(detach)
  .step(releaseVolume)
  .step(forgetVolume);
