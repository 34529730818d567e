import { z } from 'zod';
import { defineSaga } from '../journal/index.ts';
import type { Step } from '../journal/index.ts';
import { blockDeviceInfoIn, contextIn, devicesIn, instanceIn, instanceInputSchema } from './common.ts';
import type { FlowManagerDeps } from './common.ts';

const buildInputSchema = instanceInputSchema.extend({ powerOn: z.boolean(), volumeIds: z.array(z.string()) });
type BuildInput = z.infer<typeof buildInputSchema>;

interface Start {
  readonly input: BuildInput;
}

type BuildStep<Name extends string> = Step<Name, Start, null, FlowManagerDeps>;

/** Before: available volumes. After: they are this instance's. Undo: all of them released, mapped or not. */
const reserveVolumes = {
  name: 'reserve-volumes',
  output: z.null(),
  run: async ({ state, deps, signal }) => {
    for (const device of devicesIn(deps, state.input)) await deps.volumes.reserve(device, { signal });
    return null;
  },
  undo: async ({ state, deps, signal, flowId }) =>
    await deps.volumes.unprepBlockDevice(contextIn(deps, signal, flowId), state.input.instanceUuid),
  leaves: ({ input }) => input.volumeIds.map((volumeId) => `attachment of volume ${volumeId}`),
} satisfies BuildStep<'reserve-volumes'>;

/** Before: reserved volumes. After: the driver has made the guest of them. Undo: destroyed, whatever came of it. */
const spawn = {
  name: 'spawn',
  output: z.null(),
  run: async ({ state, deps, signal, flowId }) => {
    deps.store.update(state.input.instanceUuid, { taskState: 'spawning' });
    const info = blockDeviceInfoIn(deps, state.input);
    const { powerOn } = state.input;
    await deps.driver.spawn(
      contextIn(deps, signal, flowId),
      instanceIn(deps, state.input),
      null,
      [],
      null,
      null,
      null,
      info,
      powerOn,
    );
    return null;
  },
  undo: async ({ state, deps, signal, flowId }) => {
    const info = blockDeviceInfoIn(deps, state.input);
    await deps.driver.destroy(contextIn(deps, signal, flowId), instanceIn(deps, state.input), null, info);
  },
  leaves: ({ input }) => [`partition of instance ${input.instanceUuid}`],
} satisfies BuildStep<'spawn'>;

/** Stock order, first: the driver makes what a connector needs. */
const prepare = {
  name: 'prepare-for-spawn',
  output: z.null(),
  run: async ({ state, deps, signal, flowId }) => {
    await deps.driver.prepareForSpawn(instanceIn(deps, state.input), contextIn(deps, signal, flowId));
    return null;
  },
  undo: async ({ state, deps, signal, flowId }) =>
    await deps.driver.failedSpawnCleanup(instanceIn(deps, state.input), contextIn(deps, signal, flowId)),
  leaves: ({ input }) => [`partition of instance ${input.instanceUuid}`],
} satisfies BuildStep<'prepare-for-spawn'>;

/** Stock order, second: volumes are mapped before spawn. */
const mapVolumes = {
  name: 'map-volumes',
  output: z.null(),
  run: async ({ state, deps, signal, flowId }) => {
    const info = blockDeviceInfoIn(deps, state.input);
    await deps.volumes.prepBlockDevice(contextIn(deps, signal, flowId), instanceIn(deps, state.input), info);
    return null;
  },
  undo: async ({ state, deps, signal, flowId }) =>
    await deps.volumes.unprepBlockDevice(contextIn(deps, signal, flowId), state.input.instanceUuid),
  leaves: ({ input }) => input.volumeIds.map((volumeId) => `attachment of volume ${volumeId} and its mask`),
} satisfies BuildStep<'map-volumes'>;

/** Before: a guest. After: the record says so. */
const finish = {
  name: 'finish',
  output: z.null(),
  run: async ({ state, deps, signal, flowId }) => {
    const { state: powerState } = await deps.driver.getInfo(
      instanceIn(deps, state.input),
      true,
      contextIn(deps, signal, flowId),
    );
    const vmState = state.input.powerOn ? 'active' : 'stopped';
    deps.store.update(state.input.instanceUuid, { vmState, taskState: null, powerState, fault: null });
    return null;
  },
  undo: { nothingToUndo: 'the record is put right by whoever began the flow' },
} satisfies BuildStep<'finish'>;

/** The deferred order: the driver calls back for the volumes once it has ports. */
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
