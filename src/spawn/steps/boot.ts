import { z } from 'zod';
import { ConflictError } from '../../base/index.ts';
import { encodeGuestParameters } from '../../guest-parameters/index.ts';
import type { EncodedParameters } from '../../guest-parameters/index.ts';
import { isHmcError } from '../../hmc-client/index.ts';
import type { UpdatePartition } from '../../hmc-client/index.ts';
import { BootFailedError, portOfUri, volumePathSchema } from '../../partition/index.ts';
import type { Initiator, PartitionRef, PreparedGroup, StartResult, VolumePath } from '../../partition/index.ts';
import type { Step, StepContext } from '../../saga/index.ts';
import type { FlowDeps } from '../deps.ts';
import { guestVolumes, warnOfOmitted } from '../guest-volumes.ts';
import type { BootOptions } from '../inputs.ts';
import { bootTries, requireBootTry } from './boot-tries.ts';
import type { BootInput, BootTry } from './boot-tries.ts';
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
      const properties = { ...options, ...textOf(told), ...first.properties };
      await deps.hmc.partitions.update(state['create-partition'].uri, properties, { signal });
    } catch (error) {
      throw isHmcError(error, 400, 6) ? unknownOptions(options, error) : error;
    }
    const untold = told.omittedVolumes.length === 0 ? {} : { untoldVolumes: [...told.omittedVolumes] };
    return { volumeId: first.volumeId, path: first.path, reason: first.reason, ...untold };
  },
  undo: { nothingToUndo: 'the partition that carries the properties is removed' },
} satisfies Step<'set-boot', Settled, BootChoice, FlowDeps>;

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

interface Failure {
  readonly attempt: BootTry;
  readonly result: StartResult & { readonly kind: 'failed' };
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
    const tries = bootTries(state, deps.storage).slice(0, deps.boot.attempts);
    if (state['log-in-ports'].isStarted) await deps.lifecycle.ensureStopped(state['create-partition'], ctx);
    const failures: Failure[] = [];
    if (!state.input.powerOn) return { status: 'stopped', path: state['set-boot'].path, attempts: 0 };
    for (const attempt of tries) {
      if (failures.length > 0) await prepareNextTry(ctx, attempt, failures.length);
      // It is stopped, freshly made or stopped after the last try: no need to ask first.
      const result = await deps.lifecycle.start(state['create-partition'], ctx);
      if (result.kind === 'running')
        return { status: result.status, path: attempt.path, attempts: failures.length + 1 };
      failures.push({ attempt, result });
    }
    throw await bootFailed(ctx, failures);
  },
  undo: async ({ state, deps, signal }) => {
    await deps.lifecycle.ensureStopped(state['create-partition'], { signal });
  },
  leaves: (state) => [`partition "${state['create-partition'].name}", perhaps running`],
} satisfies Step<'start-partition', Ready, Started, FlowDeps>;

async function prepareNextTry(ctx: StepContext<Ready, FlowDeps>, attempt: BootTry, failed: number) {
  const { state, deps, log } = ctx;
  log.warn({ event: 'boot.next-path', failed, ...attempt.path }, 'the load did not find its LUN: trying the next path');
  ctx.progress(`the load failed; trying ${describeSource(attempt.path, state['bind-storage'])}`);
  await deps.lifecycle.ensureStopped(state['create-partition'], ctx);
  await deps.hmc.partitions.update(state['create-partition'].uri, attempt.properties, ctx);
}

function describeSource(path: VolumePath | null, initiators: readonly Initiator[]): string {
  if (path === null) return 'the boot volume of the storage group';
  const { initiatorWwpn, targetWwpn, lun } = path;
  const port = initiators.find(({ wwpn }) => wwpn === initiatorWwpn)?.adapterPortUri;
  const on = port === undefined || port === null ? '' : ` on adapter port ${portOfUri(port)}`;
  return `initiator ${initiatorWwpn}${on}, target ${targetWwpn}, LUN ${lun}`;
}

/** Everything a person needs: what was tried, where it ended, and what HMC and loader said. */
async function bootFailed(ctx: StepContext<Ready, FlowDeps>, failures: readonly Failure[]): Promise<BootFailedError> {
  const { state, deps } = ctx;
  const partition = state['create-partition'];
  const messages = await deps.hmc.partitions.listOsMessages(partition.uri, ctx).catch(() => []);
  const lines = messages.map(({ text }) => text.trim()).filter((text) => text !== '');
  const tries = failures.map(
    ({ attempt, result }) =>
      `${describeSource(attempt.path, state['bind-storage'])}: status "${result.status}", ${result.hmcSaid}`,
  );
  const console = lines.length === 0 ? '' : `; the console shows: ${lines.slice(-5).join(' | ')}`;
  const { likelyBootFailure: likelyCause } = deps.storage;
  const hint = failures[0]?.attempt.hint === undefined ? '' : `; ${failures[0].attempt.hint}`;
  const why = `; likely cause: ${likelyCause}${console}${hint}`;
  return new BootFailedError(`boot partition "${partition.name}": ${tries.join('; then ')}${why}`, {
    partition: partition.name,
    partitionUri: partition.uri,
    likelyCause,
    status: failures.at(-1)?.result.status,
    tries,
    osMessages: lines.slice(-20),
  });
}
