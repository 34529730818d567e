import { z } from 'zod';
import type { GuestConfiguration } from '../../virt/index.ts';
import { requireShare } from '../claims.ts';
import { defineSaga, effects } from '../journal/index.ts';
import { contextIn, instanceIn, instanceInputSchema } from './common.ts';
import type { FlowManagerDeps } from './common.ts';
import { startGuest, stopGuest } from './guest.ts';

const serverSchema = z.object({
  name: z.string(),
  description: z.string().nullable(),
  vcpus: z.number(),
  memoryMib: z.number(),
  extraSpecs: z.record(z.string(), z.string()),
});
const guestSchema: z.ZodType<GuestConfiguration> = z.record(z.string(), z.json());

const changeInputSchema = instanceInputSchema.extend({
  /** The record of the server before and after the change. */
  from: serverSchema,
  to: serverSchema,
  /** The configuration of the guest before and after, as the driver planned it. */
  guest: z.object({ from: guestSchema, to: guestSchema }),
  vmState: z.enum(['active', 'stopped']),
  /** Whether the change needs a server that is stopped, and is running. */
  restart: z.boolean(),
});
export type ChangeInput = z.infer<typeof changeInputSchema>;

interface Start {
  readonly input: ChangeInput;
}

const effect = effects<Start, FlowManagerDeps>();
const isNoRestart = ({ input }: Start) => !input.restart;

/**
 * Before: the server has its old share of the CPC subset. After: the server has the larger of its old and new shares, so that
 * neither the change nor its undo can exceed the subset. Undo: the old share.
 */
const claimResources = effect({
  name: 'claim-resources',
  run: ({ state: { input }, deps }) => {
    const { from, to, instanceUuid } = input;
    const size = { vcpus: Math.max(from.vcpus, to.vcpus), memoryMib: Math.max(from.memoryMib, to.memoryMib) };
    deps.store.change(instanceUuid, { ...size, taskState: 'resize_migrating' }, (others) => {
      requireShare(deps, size, others);
    });
  },
  undo: ({ state: { input }, deps }) => {
    const { vcpus, memoryMib } = input.from;
    deps.store.change(input.instanceUuid, { vcpus, memoryMib, taskState: null, vmState: input.vmState });
    return Promise.resolve();
  },
  leaves: ({ input }) => [`size in the record of server ${input.name}`],
});

/** Before: a running server. After: a stopped one, if the change needs that. Undo: running again. */
const stopServer = effect({
  name: 'stop-server',
  isIdle: isNoRestart,
  run: async (ctx) => {
    if (ctx.state.input.restart) await stopGuest(ctx);
  },
  undo: async (ctx) => {
    if (ctx.state.input.restart) await startGuest(ctx);
  },
  leaves: ({ input }) => (input.restart ? [`server ${input.name}, stopped`] : []),
});

/** Before: the old configuration. After: the new one. Undo: the old one. */
const changePartition = effect({
  name: 'change-partition',
  run: async ({ state: { input }, deps, signal, flowId }) => {
    await deps.driver.applyChange?.(contextIn(deps, signal, flowId), instanceIn(deps, input), input.guest.to);
  },
  undo: async ({ state: { input }, deps, signal, flowId }) => {
    await deps.driver.applyChange?.(contextIn(deps, signal, flowId), instanceIn(deps, input), input.guest.from);
  },
  leaves: ({ input }) => [`configuration of the partition of instance ${input.instanceUuid}`],
});

/** Before: stopped for the change. After: running with it. Undo: stopped. */
const startServer = effect({
  name: 'start-server',
  isIdle: isNoRestart,
  run: async (ctx) => {
    if (ctx.state.input.restart) await startGuest(ctx);
  },
  undo: async (ctx) => {
    if (ctx.state.input.restart) await stopGuest(ctx);
  },
  leaves: () => [], // a server that runs as it did before
});

/** Before: the old record. After: the new one. */
const recordServer = effect({
  name: 'record-server',
  run: ({ state: { input }, deps }) => {
    deps.store.change(input.instanceUuid, { ...input.to, taskState: null, fault: null });
  },
  undo: ({ state: { input }, deps }) => {
    const { name, description, extraSpecs } = input.from;
    deps.store.change(input.instanceUuid, { name, description, extraSpecs });
    return Promise.resolve();
  },
  leaves: ({ input }) => [`record of server ${input.name}`],
});

export const resizeFlow = defineSaga<ChangeInput, FlowManagerDeps>('resize', changeInputSchema)
  .step(claimResources)
  .step(stopServer)
  .step(changePartition)
  .step(startServer)
  .step(recordServer);

/** Name, description and properties: nothing of these needs a restart. */
export const setPropertiesFlow = defineSaga<ChangeInput, FlowManagerDeps>('set-properties', changeInputSchema)
  .step(changePartition)
  .step(recordServer);
