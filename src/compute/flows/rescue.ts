import { z } from 'zod';
import type { BootFrom } from '../../virt/index.ts';
import { vmStates } from '../instances.ts';
import { defineSaga, effects } from '../journal/index.ts';
import type { Step, StepContext } from '../journal/index.ts';
import { readBoot, releaseMedia } from './boot.ts';
import type { BeforeSwitch } from './boot.ts';
import { blockDeviceInfoIn, contextIn, instanceIn, instanceInputSchema } from './common.ts';
import type { FlowManagerDeps } from './common.ts';
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

type InstanceInput = z.infer<typeof instanceInputSchema>;

const isoInput = instanceInputSchema.extend({ image: z.string(), insFile: z.string().optional() });
type IsoInput = z.infer<typeof isoInput>;

const rebuildInput = volumeInputSchema.extend({ old: volumeInputSchema });
type RebuildInput = z.infer<typeof rebuildInput>;

const stateBefore = z.object({ vmState: z.enum(vmStates) });
type StateBefore = z.infer<typeof stateBefore>;

/** Before: in any power state. After: stopped. Undo: started again, if it ran. */
const stopGuest: Step<'stop-guest', { readonly input: InstanceInput }, StateBefore, FlowManagerDeps> = {
  name: 'stop-guest',
  output: stateBefore,
  run: async ({ state: { input }, deps, signal, flowId }) => {
    const { vmState } = deps.store.get(input.instanceUuid);
    await deps.driver.powerOff(instanceIn(deps, input), 0, 0, contextIn(deps, signal, flowId));
    return { vmState };
  },
  undo: async ({ state: { input }, deps, signal, flowId }, was) => {
    const { vmState } = was.kind === 'done' ? was.output : deps.store.get(input.instanceUuid);
    if (vmState === 'stopped') return;
    // Without the volumes: the boot parameters are restored already, and the new volume is still in the record.
    await deps.driver.powerOn(contextIn(deps, signal, flowId), instanceIn(deps, input), null, null);
  },
  leaves: ({ input }) => [`power state of instance ${input.instanceUuid}`],
};

interface Stopped<Input> extends BeforeSwitch<Input> {
  readonly 'stop-guest': StateBefore;
}

const effect = effects<Stopped<InstanceInput>, FlowManagerDeps>();

/** Before: the old boot source. After: the one that `source` returns. Undo: the old one. */
function switchTo<Input extends InstanceInput>(source: (input: Input) => BootFrom) {
  return effects<Stopped<Input>, FlowManagerDeps>()({
    name: 'switch-boot',
    run: async ({ state: { input }, deps, signal, flowId }) => {
      const [context, info] = [contextIn(deps, signal, flowId), blockDeviceInfoIn(deps, input)];
      await deps.driver.setBoot?.(context, instanceIn(deps, input), info, source(input));
    },
    undo: async ({ state, deps, signal, flowId }) => {
      const context = contextIn(deps, signal, flowId);
      await deps.driver.restoreBoot?.(context, instanceIn(deps, state.input), state['read-boot']);
    },
    leaves: ({ input }) => [`boot settings of instance ${input.instanceUuid}`],
  });
}

/** Before: stopped. After: running from the new source. Undo: stopped. */
const startGuest = effect({
  name: 'start-guest',
  run: async ({ state: { input }, deps, signal, flowId }) => {
    const context = contextIn(deps, signal, flowId);
    await deps.driver.powerOn(context, instanceIn(deps, input), null, blockDeviceInfoIn(deps, input));
  },
  undo: async ({ state: { input }, deps, signal, flowId }) => {
    await deps.driver.powerOff(instanceIn(deps, input), 0, 0, contextIn(deps, signal, flowId));
  },
  leaves: ({ input }) => [`power state of instance ${input.instanceUuid}`],
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
  .step(stopGuest)
  .step(fromGivenVolume)
  .step(startGuest)
  .step(recordState('rescued'));

/** Boots a server from its own volume again, and detaches the volume of the rescue. */
export const unrescueFlow = defineSaga<VolumeInput, FlowManagerDeps>('unrescue', volumeInputSchema)
  .step(readBoot)
  .step(stopGuest)
  .step(fromBootVolume)
  .step(startGuest)
  .step(recordState('active'))
  .step(forward(beginDetaching))
  .step(forward(detach))
  .step(forward(releaseVolume))
  .step(forward(forgetVolume));

/** Boots a server from an ISO image. */
export const rescueIsoFlow = defineSaga<IsoInput, FlowManagerDeps>('rescue-iso', isoInput)
  .step(readBoot)
  .step(stopGuest)
  .step(switchTo<IsoInput>(({ image, insFile }) => ({ source: 'iso', image, insFile })))
  .step(startGuest)
  .step(recordState('rescued'));

/** Boots a server from its own volume again, and unmounts the ISO image. */
export const unrescueIsoFlow = defineSaga<InstanceInput, FlowManagerDeps>('unrescue-iso', instanceInputSchema)
  .step(readBoot)
  .step(stopGuest)
  .step(fromBootVolume)
  .step(startGuest)
  .step(recordState('active'))
  .step(releaseMedia);

/** Gives a server a new boot volume. */
export const rebuildFlow = defineSaga<RebuildInput, FlowManagerDeps>('rebuild', rebuildInput)
  .step(reserveVolume)
  .step(mapVolume)
  .step(attach)
  .step(complete)
  .step(readBoot)
  .step(stopGuest)
  .step(fromGivenVolume)
  .step(swapBootVolume)
  .step(startGuest)
  .step(recordState('active'))
  .step(ofOld(beginDetaching))
  .step(ofOld(detach))
  .step(ofOld(releaseVolume))
  .step(ofOld(forgetVolume));
