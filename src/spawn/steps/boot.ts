import { z } from 'zod';
import { ConflictError } from '../../base/index.ts';
import type { Waiting } from '../../base/index.ts';
import { encodeGuestParameters } from '../../guest-parameters/index.ts';
import type { EncodedParameters } from '../../guest-parameters/index.ts';
import { isHmcError } from '../../hmc-client/index.ts';
import type { UpdatePartition } from '../../hmc-client/index.ts';
import { volumePathSchema } from '../../partition/index.ts';
import type { PartitionRef, PreparedGroup } from '../../partition/index.ts';
import type { Step } from '../../saga/index.ts';
import type { FlowDeps } from '../deps.ts';
import { guestVolumes, warnOfOmitted } from '../guest-volumes.ts';
import type { BootOptions } from '../inputs.ts';
import { startOverPaths } from '../start-over-paths.ts';
import { bootTries, requireBootTry } from './boot-tries.ts';
import type { BootInput } from './boot-tries.ts';
import type { Login } from './log-in-ports.ts';

/** Neither a Cinder volume nor a path is known of what a prepared storage group is loaded from. */
const bootSchema = z.object({
  volumeId: z.string().nullable(),
  path: volumePathSchema.nullable(),
  reason: z.string(),
  /** Volumes that the guest could not be told of, for want of room. */
  untoldVolumes: z.array(z.string()).optional(),
});
export type BootChoice = z.infer<typeof bootSchema>;

interface Settled extends BootInput {
  readonly 'create-partition': PartitionRef;
  readonly 'find-storage-group': PreparedGroup | null;
}

/** Before: volumes that can be loaded from. After: the partition's boot properties name the first path to the boot volume. */
export const setBoot = {
  name: 'set-boot',
  output: bootSchema,
  run: async ({ state, deps, signal, log }) => {
    const first = requireBootTry(bootTries(state, deps.storage));
    const options = state.input.partition.boot;
    const told = guestParameters(state);
    warnOfOmitted(told, log);
    try {
      const selection = await programSelection(state, deps, { signal });
      const properties = { ...options, ...selection, ...textOf(told), ...first.properties };
      await deps.hmc.partitions.update(state['create-partition'].uri, properties, { signal });
    } catch (error) {
      throw isHmcError(error, 400, 6) ? unknownOptions(options, error) : error;
    }
    const untold = told.omittedVolumes.length === 0 ? {} : { untoldVolumes: [...told.omittedVolumes] };
    return { volumeId: first.volumeId, path: first.path, reason: first.reason, ...untold };
  },
  undo: { nothingToUndo: 'the partition that carries the properties is removed' },
} satisfies Step<'set-boot', Settled, BootChoice, FlowDeps>;

/**
 * Newer levels look at the selector only if `boot-configuration` says so, and older ones do not know that property: the
 * partition shows which it is.
 */
async function programSelection(state: Settled, { hmc }: FlowDeps, w: Waiting): Promise<UpdatePartition> {
  if (state.input.partition.boot.bootConfigurationSelector === undefined) return {};
  const { bootConfiguration } = await hmc.partitions.get(state['create-partition'].uri, w, ['boot-configuration']);
  return bootConfiguration === undefined ? {} : { bootConfiguration: 'selector' };
}

/** What the guest is told of its volumes, behind what the flavour asks for. No request of its own: it goes with the boot. */
function guestParameters(state: Settled): EncodedParameters {
  return encodeGuestParameters({
    otherText: state.input.partition.boot.bootOsSpecificParameters ?? '',
    nics: [], // a new partition has none
    volumes: guestVolumes(state['settle-storage'], state['bind-storage']),
  });
}

function textOf({ text }: EncodedParameters): Pick<UpdatePartition, 'bootOsSpecificParameters'> {
  return text === '' ? {} : { bootOsSpecificParameters: text };
}

/** 400.6: the HMC does not know a field. The boot options are the fields that not every level has. */
function unknownOptions(options: BootOptions, cause: Error): Error {
  const asked = Object.keys(options);
  if (asked.length === 0) return cause;
  const message = `this machine does not know every boot option that was asked for (${asked.join(', ')})`;
  return new ConflictError(message, { options: asked }, { cause });
}

const startedSchema = z.object({ status: z.string(), path: volumePathSchema.nullable(), attempts: z.number() });
export type Started = z.infer<typeof startedSchema>;

interface Ready extends Settled {
  readonly input: Settled['input'] & { readonly powerOn: boolean };
  readonly 'log-in-ports': Login;
  readonly 'set-boot': BootChoice;
}

/**
 * Before: a stopped partition that knows its boot LUN, or one that runs without having loaded anything. After: it runs
 * (or is stopped, when that was asked for).
 *
 * When a load does not find its LUN, the next path is tried, over another port and fabric where there is one and where
 * the machine lets it be chosen, within the bound of the boot policy. Undo: stopped.
 */
export const startPartition = {
  name: 'start-partition',
  output: startedSchema,
  run: async (ctx) => {
    const { state, deps } = ctx;
    const partition = state['create-partition'];
    if (state['log-in-ports'].isStarted) await deps.lifecycle.ensureStopped(partition, ctx);
    if (!state.input.powerOn) return { status: 'stopped', path: state['set-boot'].path, attempts: 0 };
    const [recorded, ...others] = bootTries(state, deps.storage);
    const ways = { recorded, others, initiators: state['bind-storage'] };
    const { status, loaded, attempts } = await startOverPaths(
      { ...deps, attempts: deps.boot.attempts },
      {
        partition,
        // It is stopped, freshly made or stopped after the login of its ports: no need to ask first.
        start: async () => await deps.lifecycle.start(partition, ctx),
        ways: () => Promise.resolve(ways),
      },
      ctx,
    );
    return { status, path: (loaded ?? state['set-boot']).path, attempts };
  },
  undo: async ({ state, deps, signal }) => {
    await deps.lifecycle.ensureStopped(state['create-partition'], { signal });
  },
  leaves: (state) => [`partition "${state['create-partition'].name}", perhaps running`],
} satisfies Step<'start-partition', Ready, Started, FlowDeps>;
