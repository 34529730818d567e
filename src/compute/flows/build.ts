import { z } from 'zod';
import { defineSaga, effects } from '../journal/index.ts';
import { blockDeviceInfoIn, contextIn, instanceIn, instanceInputSchema, networkInfoIn } from './common.ts';
import type { FlowManagerDeps } from './common.ts';

const buildInputSchema = instanceInputSchema.extend({ powerOn: z.boolean(), volumeIds: z.array(z.string()) });
type BuildInput = z.infer<typeof buildInputSchema>;

const effect = effects<{ readonly input: BuildInput }, FlowManagerDeps>();

/** Before: available volumes. After: reserved for this instance. Undo: all released, mapped or not. */
const reserveVolumes = effect({
  name: 'reserve-volumes',
  run: async ({ state, deps, signal }) => {
    for (const device of deps.store.devices(state.input.instanceUuid)) await deps.volumes.reserve(device, { signal });
  },
  undo: async ({ state, deps, signal, flowId }) =>
    await deps.volumes.unprepBlockDevice(contextIn(deps, signal, flowId), state.input.instanceUuid),
  leaves: ({ input }) => input.volumeIds.map((volumeId) => `attachment of volume ${volumeId}`),
});

/** Before: reserved volumes. After: the driver has created the guest. Undo: the guest is destroyed, complete or not. */
const spawn = effect({
  name: 'spawn',
  run: async ({ state, deps, signal, flowId }) => {
    deps.store.update(state.input.instanceUuid, { taskState: 'spawning' });
    const info = blockDeviceInfoIn(deps, state.input);
    const context = contextIn(deps, signal, flowId);
    const instance = instanceIn(deps, state.input);
    const networks = networkInfoIn(deps, state.input);
    await deps.driver.spawn(context, instance, null, [], null, null, networks, info, state.input.powerOn);
  },
  undo: async ({ state, deps, signal, flowId }) => {
    const info = blockDeviceInfoIn(deps, state.input);
    const networks = networkInfoIn(deps, state.input);
    await deps.driver.destroy(contextIn(deps, signal, flowId), instanceIn(deps, state.input), networks, info);
  },
  leaves: ({ input }) => [`partition of instance ${input.instanceUuid}`],
});

/** Stock order only. After: the driver has created what a connector needs. Undo: the driver removes it. */
const prepare = effect({
  name: 'prepare-for-spawn',
  run: async ({ state, deps, signal, flowId }) => {
    await deps.driver.prepareForSpawn(instanceIn(deps, state.input), contextIn(deps, signal, flowId));
  },
  undo: async ({ state, deps, signal, flowId }) =>
    await deps.driver.failedSpawnCleanup(instanceIn(deps, state.input), contextIn(deps, signal, flowId)),
  leaves: ({ input }) => [`partition of instance ${input.instanceUuid}`],
});

/** Stock order only. Before: reserved volumes. After: mapped, before the spawn. Undo: released. */
const mapVolumes = effect({
  name: 'map-volumes',
  run: async ({ state, deps, signal, flowId }) => {
    const info = blockDeviceInfoIn(deps, state.input);
    await deps.volumes.prepBlockDevice(contextIn(deps, signal, flowId), instanceIn(deps, state.input), info);
  },
  undo: async ({ state, deps, signal, flowId }) =>
    await deps.volumes.unprepBlockDevice(contextIn(deps, signal, flowId), state.input.instanceUuid),
  leaves: ({ input }) => input.volumeIds.map((volumeId) => `attachment of volume ${volumeId} and its mask`),
});

/** Before: a guest. After: its state is in the record. */
const finish = effect({
  name: 'finish',
  run: async ({ state, deps, signal, flowId }) => {
    const context = contextIn(deps, signal, flowId);
    const { state: powerState } = await deps.driver.getInfo(instanceIn(deps, state.input), true, context);
    const vmState = state.input.powerOn ? 'active' : 'stopped';
    deps.store.update(state.input.instanceUuid, { vmState, taskState: null, powerState, fault: null });
  },
  undo: { nothingToUndo: 'the caller of the flow updates the record' },
});

/** The deferred order: the driver calls back to map the volumes once the guest has ports. */
export const buildFlow = defineSaga<BuildInput, FlowManagerDeps>('build', buildInputSchema)
  .step(reserveVolumes)
  .step(spawn)
  .step(finish);

/** Nova's stock order: prepare, map, spawn. */
export const buildStockFlow = defineSaga<BuildInput, FlowManagerDeps>('build-stock', buildInputSchema)
  .step(reserveVolumes)
  .step(prepare)
  .step(mapVolumes)
  .step(spawn)
  .step(finish);
