import { z } from 'zod';
import type { BootFrom, BootSettings } from '../../virt/index.ts';
import { defineSaga, effects } from '../journal/index.ts';
import type { Step, StepContext } from '../journal/index.ts';
import { blockDeviceInfoIn, contextIn, instanceIn, instanceInputSchema } from './common.ts';
import type { FlowManagerDeps, InstanceInput } from './common.ts';

/** What a server boots from, without the password: the journal must not have it. */
const recordedSource = z.discriminatedUnion('source', [
  z.object({ source: z.literal('volume'), volumeId: z.string().optional() }),
  z.object({ source: z.literal('iso'), image: z.string().optional(), insFile: z.string().optional() }),
  z.object({
    source: z.enum(['ftp', 'ftps', 'sftp']),
    host: z.string().optional(),
    username: z.string().optional(),
    insFile: z.string().optional(),
  }),
  z.object({ source: z.literal('network') }),
]);
export type RecordedSource = z.infer<typeof recordedSource>;

const setBootInput = instanceInputSchema.extend({ from: recordedSource });
type SetBootInput = z.infer<typeof setBootInput>;

export interface BeforeSwitch<Input> {
  readonly input: Input;
  readonly 'read-boot': BootSettings;
}

/** After: the journal has what the server boots from now. */
export const readBoot: Step<'read-boot', { readonly input: InstanceInput }, BootSettings, FlowManagerDeps> = {
  name: 'read-boot',
  output: z.record(z.string(), z.string().nullable()),
  run: async ({ state, deps, signal, flowId }) => {
    const settings = deps.driver.readBoot?.(contextIn(deps, signal, flowId), instanceIn(deps, state.input));
    return (await settings) ?? {};
  },
  undo: { nothingToUndo: 'it only reads' },
};

/** Restores the boot settings that the flow has read. */
export async function restoreBoot<Input extends InstanceInput>({
  state,
  deps,
  signal,
  flowId,
}: StepContext<BeforeSwitch<Input>, FlowManagerDeps>): Promise<void> {
  const context = contextIn(deps, signal, flowId);
  await deps.driver.restoreBoot?.(context, instanceIn(deps, state.input), state['read-boot']);
}

/** Before: the old boot source. After: the one that `source` returns, from the next start on. Undo: the old one. */
export function switchTo<Input extends InstanceInput>(source: (input: Input, deps: FlowManagerDeps) => BootFrom) {
  return effects<BeforeSwitch<Input>, FlowManagerDeps>()({
    name: 'switch-boot',
    run: async ({ state: { input }, deps, signal, flowId }) => {
      const [context, info] = [contextIn(deps, signal, flowId), blockDeviceInfoIn(deps, input)];
      await deps.driver.setBoot?.(context, instanceIn(deps, input), info, source(input, deps));
    },
    undo: restoreBoot,
    leaves: ({ input }) => [`boot settings of instance ${input.instanceUuid}`],
  });
}

function passwordOf(
  { source }: RecordedSource,
  { context }: FlowManagerDeps,
): Pick<BootFrom & { source: 'ftp' }, 'password'> {
  const { bootPassword: password } = context;
  return source === 'volume' || source === 'iso' || source === 'network' || password === undefined ? {} : { password };
}

/** Before: perhaps a mounted image that is no longer booted. After: none. */
export const releaseMedia = effects<{ readonly input: InstanceInput }, FlowManagerDeps>()({
  name: 'release-boot-media',
  pivot: true,
  run: async ({ state, deps, signal, flowId }) => {
    await deps.driver.releaseBootMedia?.(contextIn(deps, signal, flowId), instanceIn(deps, state.input));
  },
  undo: { nothingToUndo: 'the server boots from the new source' },
  leaves: ({ input }) => [`ISO image of instance ${input.instanceUuid}`],
});

/** Changes what a server boots from. */
export const setBootFlow = defineSaga<SetBootInput, FlowManagerDeps>('set-boot', setBootInput)
  .step(readBoot)
  .step(switchTo<SetBootInput>(({ from }, deps) => ({ ...from, ...passwordOf(from, deps) })))
  .step(releaseMedia);
