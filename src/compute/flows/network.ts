import { z } from 'zod';
import { nicName } from '../../virt/index.ts';
import type { VirtualInterface } from '../../virt/index.ts';
import { defineSaga, effects } from '../journal/index.ts';
import type { StepContext } from '../journal/index.ts';
import { contextIn, instanceIn, instanceInputSchema } from './common.ts';
import type { FlowManagerDeps } from './common.ts';

const networkInputSchema = instanceInputSchema.extend({
  interfaceId: z.string(),
  network: z.string(),
  // The manager wrote this from a value of this type.
  vif: z.custom<VirtualInterface>((value) => typeof value === 'object' && value !== null),
});
export type NetworkInput = z.infer<typeof networkInputSchema>;

interface Start {
  readonly input: NetworkInput;
}
type Step = StepContext<Start, FlowManagerDeps>;

const effect = effects<Start, FlowManagerDeps>();

function isRecorded(deps: FlowManagerDeps, { instanceUuid, interfaceId }: NetworkInput): boolean {
  return deps.store.networks(instanceUuid).some((each) => each.interfaceId === interfaceId);
}

/** Names the NIC, for a person who looks for it on the HMC. */
function nicOf({ interfaceId, network, instanceUuid }: NetworkInput): string {
  return `NIC ${nicName(interfaceId)} on network ${network}, of the partition of instance ${instanceUuid}`;
}

async function attach({ state: { input }, deps, signal, flowId }: Step): Promise<void> {
  await deps.driver.attachInterface(contextIn(deps, signal, flowId), instanceIn(deps, input), null, input.vif);
}

async function detach({ state: { input }, deps, signal, flowId }: Step): Promise<void> {
  await deps.driver.detachInterface(contextIn(deps, signal, flowId), instanceIn(deps, input), input.vif);
}

/** Before: no record. After: the server has the network in the records. Undo: removed. */
const recordNetwork = effect({
  name: 'record-network',
  run: ({ state: { input }, deps }) => {
    if (!isRecorded(deps, input)) deps.store.addNetwork(input);
  },
  undo: ({ state: { input }, deps }) => {
    deps.store.deleteNetwork(input.instanceUuid, input.interfaceId);
    return Promise.resolve();
  },
  leaves: ({ input }) => [`network ${input.network} in the record of instance ${input.instanceUuid}`],
});

/** Before: recorded. After: the guest has a NIC on the network. Undo: it has none. */
const plugNetwork = effect({
  name: 'plug-network',
  run: attach,
  undo: async (ctx) => {
    // While this flow was stuck, the user may have detached the network, or deleted the server.
    if (isRecorded(ctx.deps, ctx.state.input)) await detach(ctx);
  },
  leaves: ({ input }) => [nicOf(input)],
});

export const addNetworkFlow = defineSaga<NetworkInput, FlowManagerDeps>('add-network', networkInputSchema)
  .step(recordNetwork)
  .step(plugNetwork);

/** Before: the guest has a NIC on the network. After: none. Undo: it has one again, with the same addresses. */
const unplugNetwork = effect({
  name: 'unplug-network',
  run: detach,
  undo: async (ctx) => {
    if (isRecorded(ctx.deps, ctx.state.input)) await attach(ctx);
  },
  leaves: ({ input }) => [`${nicOf(input)}, perhaps deleted`],
});

const forgetNetwork = effect({
  name: 'forget-network',
  pivot: true,
  run: ({ state: { input }, deps }) => {
    deps.store.deleteNetwork(input.instanceUuid, input.interfaceId);
  },
  undo: { nothingToUndo: 'the network is detached' },
  leaves: ({ input }) => [`network ${input.network} in the record of instance ${input.instanceUuid}`],
});

export const removeNetworkFlow = defineSaga<NetworkInput, FlowManagerDeps>('remove-network', networkInputSchema, {
  recovery: 'forward',
})
  .step(unplugNetwork)
  .step(forgetNetwork);
