import { z } from 'zod';
import { vmStates } from '../instances.ts';
import { defineSaga, effects } from '../journal/index.ts';
import type { Step, StepContext } from '../journal/index.ts';
import { readBoot, releaseMedia, restoreBoot, switchTo } from './boot.ts';
import type { BeforeSwitch } from './boot.ts';
import { contextIn, instanceIn, instanceInputSchema } from './common.ts';
import type { FlowManagerDeps, InstanceInput } from './common.ts';
import { startGuest, stopGuest } from './guest.ts';
import {
  attach,
  beginDetaching,
  complete,
  detach,
  forgetVolume,
  mapVolume,
  releaseVolume,
  reserveVolume,
  volumeInputSchema,
} from './volume.ts';
import type { VolumeInput } from './volume.ts';

const isoInput = instanceInputSchema.extend({ image: z.string(), insFile: z.string().optional() });
type IsoInput = z.infer<typeof isoInput>;

const rebuildInput = volumeInputSchema.extend({ old: volumeInputSchema });
type RebuildInput = z.infer<typeof rebuildInput>;

const stateBefore = z.object({ vmState: z.enum(vmStates) });
type StateBefore = z.infer<typeof stateBefore>;

/** Before: in any power state. After: stopped. Undo: started again, if it ran. */
const stopServer: Step<'stop-guest', { readonly input: InstanceInput }, StateBefore, FlowManagerDeps> = {
  name: 'stop-guest',
  output: stateBefore,
  run: async (ctx) => {
    const { vmState } = ctx.deps.store.get(ctx.state.input.instanceUuid);
    await stopGuest(ctx);
    return { vmState };
  },
  undo: async (ctx, was) => {
    const { vmState } = was.kind === 'done' ? was.output : ctx.deps.store.get(ctx.state.input.instanceUuid);
    // Without the volumes: the boot parameters are restored already, and the new volume is still in the record.
    if (vmState !== 'stopped') await startGuest(ctx, null);
  },
  leaves: ({ input }) => [`power state of instance ${input.instanceUuid}`],
};

interface Stopped<Input> extends BeforeSwitch<Input> {
  readonly 'stop-guest': StateBefore;
}

const effect = effects<Stopped<InstanceInput>, FlowManagerDeps>();

/** Before: stopped. After: running from the new source. Undo: stopped. */
const startServer = effect({
  name: 'start-guest',
  run: async (ctx) => await startGuest(ctx),
  undo: stopGuest,
  leaves: ({ input }) => [`power state of instance ${input.instanceUuid}`],
});

/** Before: in any power state. After: the image is mounted, which does not disturb the guest. Undo: as before. */
const mountImage = effects<BeforeSwitch<IsoInput>, FlowManagerDeps>()({
  name: 'mount-image',
  run: async ({ state: { input }, deps, signal, flowId }) => {
    const { image, insFile } = input;
    const context = contextIn(deps, signal, flowId);
    await deps.driver.mountBootMedia?.(context, instanceIn(deps, input), { source: 'iso', image, insFile });
  },
  undo: restoreBoot,
  leaves: ({ input }) => [`ISO image of instance ${input.instanceUuid}`],
});

/** After: the state is in the record. Undo: the old one. */
function recordState(vmState: 'active' | 'rescued') {
  return effect({
    name: 'record-state',
    run: async ({ state: { input }, deps, signal, flowId }) => {
      const { state } = await deps.driver.getInfo(instanceIn(deps, input), true, contextIn(deps, signal, flowId));
      deps.store.update(input.instanceUuid, { vmState, powerState: state, fault: null });
    },
    undo: ({ state, deps }) => {
      deps.store.update(state.input.instanceUuid, { vmState: state['stop-guest'].vmState });
      return Promise.resolve();
    },
  });
}

/** After: the new volume has boot index 0. Undo: the old one has it. */
const swapBootVolume = effects<{ readonly input: RebuildInput }, FlowManagerDeps>()({
  name: 'swap-boot-volume',
  run: ({ state: { input }, deps }) =>
    deps.store.swapBootVolume(input.instanceUuid, input.old.volumeId, input.volumeId),
  undo: ({ state: { input }, deps }) => {
    deps.store.swapBootVolume(input.instanceUuid, input.volumeId, input.old.volumeId);
    return Promise.resolve();
  },
});

/**
 * The same step, but only forward: the server boots from another volume already. A detach that is undone creates a new storage
 * volume, from which the old boot settings could not boot.
 */
function forward<Name extends string>(step: Step<Name, { readonly input: VolumeInput }, null, FlowManagerDeps>) {
  return { ...step, pivot: true, undo: { nothingToUndo: 'the server boots from another volume already' } };
}

/** The last of these steps. If one of them is stuck, the partition is not as before: its boot settings are new already. */
const forgetUnbooted = {
  ...forgetVolume,
  leaves: ({ input }: { readonly input: VolumeInput }) => [
    `partition of instance ${input.instanceUuid}, which boots from its boot volume already`,
  ],
};

/** The same step for the old volume of a rebuild, only forward. */
function ofOld<Name extends string>(step: Step<Name, { readonly input: VolumeInput }, null, FlowManagerDeps>) {
  type State = { readonly input: RebuildInput };
  const inner = (ctx: StepContext<State, FlowManagerDeps>) => ({ ...ctx, state: { input: ctx.state.input.old } });
  const { leaves, ...forwards } = forward(step);
  const own: Step<`${Name}-of-old`, State, null, FlowManagerDeps> = {
    ...forwards,
    name: `${step.name}-of-old`,
    run: async (ctx) => await step.run(inner(ctx)),
    isIdle: () => false,
    leaves: ({ input }, was) => leaves?.({ input: input.old }, was) ?? [],
  };
  return own;
}

const fromGivenVolume = switchTo<VolumeInput>(({ volumeId }) => ({ source: 'volume', volumeId }));
const fromBootVolume = switchTo<InstanceInput>(() => ({ source: 'volume' }));

/** Boots a server from another volume. */
export const rescueFlow = defineSaga<VolumeInput, FlowManagerDeps>('rescue', volumeInputSchema)
  .step(reserveVolume)
  .step(mapVolume)
  .step(attach)
  .step(complete)
  .step(readBoot)
  .step(stopServer)
  .step(fromGivenVolume)
  .step(startServer)
  .step(recordState('rescued'));

/** Boots a server from its own volume again, and detaches the volume of the rescue. */
export const unrescueFlow = defineSaga<VolumeInput, FlowManagerDeps>('unrescue', volumeInputSchema)
  .step(readBoot)
  .step(stopServer)
  .step(fromBootVolume)
  .step(startServer)
  .step(recordState('active'))
  .step(forward(beginDetaching))
  .step(forward(detach))
  .step(forward(releaseVolume))
  .step(forward(forgetUnbooted));

/** Boots a server from an ISO image. */
export const rescueIsoFlow = defineSaga<IsoInput, FlowManagerDeps>('rescue-iso', isoInput)
  .step(readBoot)
  .step(mountImage)
  .step(stopServer)
  .step(switchTo<IsoInput>(() => ({ source: 'iso' })))
  .step(startServer)
  .step(recordState('rescued'));

/** Boots a server from its own volume again, and unmounts the ISO image. */
export const unrescueIsoFlow = defineSaga<InstanceInput, FlowManagerDeps>('unrescue-iso', instanceInputSchema)
  .step(readBoot)
  .step(stopServer)
  .step(fromBootVolume)
  .step(startServer)
  .step(recordState('active'))
  .step(releaseMedia);

/** Gives a server a new boot volume. */
export const rebuildFlow = defineSaga<RebuildInput, FlowManagerDeps>('rebuild', rebuildInput)
  .step(reserveVolume)
  .step(mapVolume)
  .step(attach)
  .step(complete)
  .step(readBoot)
  .step(stopServer)
  .step(fromGivenVolume)
  .step(swapBootVolume)
  .step(startServer)
  .step(recordState('active'))
  .step(ofOld(beginDetaching))
  .step(ofOld(detach))
  .step(ofOld(releaseVolume))
  .step(ofOld(forgetUnbooted));
