import { z } from 'zod';
import { InternalError } from '../../base/index.ts';
import type { Waiting } from '../../base/index.ts';
import { BootFailedError, volumePathSchema } from '../../partition/index.ts';
import type { Initiator, PartitionRef, StartResult, VolumePath } from '../../partition/index.ts';
import type { Step, StepContext } from '../../saga/index.ts';
import type { ConnectedVolume } from '../../volume/index.ts';
import type { FlowDeps } from '../deps.ts';

interface Connected {
  readonly input: { readonly powerOn: boolean };
  readonly 'create-partition': PartitionRef;
  readonly 'bind-storage': readonly Initiator[];
  readonly 'connect-volumes': readonly ConnectedVolume[];
}

const bootSchema = z.object({ volumeId: z.string(), path: volumePathSchema, reason: z.string() });
export type BootChoice = z.infer<typeof bootSchema>;

/** Before: connected volumes. After: the partition's boot properties name the first path of the boot volume. */
export const setBoot = {
  name: 'set-boot',
  output: bootSchema,
  run: async ({ state, deps, signal }) => {
    const volume = bootVolume(state);
    const [path] = volume.paths;
    if (path === undefined) throw new InternalError(`volume ${volume.volumeId} was connected without a path`);
    await pointAt(state, deps, volume, path, { signal });
    return { volumeId: volume.volumeId, path, reason: volume.pathReason };
  },
  undo: { nothingToUndo: 'the partition that carries the properties is removed' },
} satisfies Step<'set-boot', Connected, BootChoice, FlowDeps>;

const startedSchema = z.object({ status: z.string(), path: volumePathSchema, attempts: z.number() });
export type Started = z.infer<typeof startedSchema>;

interface Ready extends Connected {
  readonly 'set-boot': BootChoice;
}

/**
 * Before: a stopped partition that knows its boot LUN. After: it runs (or stays stopped, when that was asked for).
 *
 * When a load does not find its LUN, the next path is tried, over another port and fabric where there is one, within
 * the bound of the boot policy. Undo: stopped.
 */
export const startPartition = {
  name: 'start-partition',
  output: startedSchema,
  run: async (ctx) => {
    const { state, deps } = ctx;
    const first = state['set-boot'].path;
    if (!state.input.powerOn) return { status: 'stopped', path: first, attempts: 0 };
    const volume = bootVolume(state);
    const candidates = [first, ...volume.paths.filter((path) => !isSame(path, first))].slice(0, deps.boot.attempts);
    const failures: { path: VolumePath; result: StartResult & { kind: 'failed' } }[] = [];
    for (const path of candidates) {
      if (failures.length > 0) await prepareNextTry(ctx, volume, path, failures.length);
      // It is stopped, freshly made or stopped after the last try: no need to ask first.
      const result = await deps.lifecycle.start(state['create-partition'], ctx);
      if (result.kind === 'running') return { status: result.status, path, attempts: failures.length + 1 };
      failures.push({ path, result });
    }
    throw await bootFailed(ctx, failures);
  },
  undo: async ({ state, deps, signal }) => {
    await deps.lifecycle.ensureStopped(state['create-partition'], { signal });
  },
  leaves: (state) => [`partition "${state['create-partition'].name}", perhaps running`],
} satisfies Step<'start-partition', Ready, Started, FlowDeps>;

function bootVolume(state: Connected): ConnectedVolume {
  const volume = state['connect-volumes'].find(({ isBoot }) => isBoot);
  if (volume === undefined) throw new InternalError('no volume has boot index 0');
  return volume;
}

async function pointAt(state: Connected, deps: FlowDeps, volume: ConnectedVolume, path: VolumePath, w: Waiting) {
  const properties = deps.storage.bootProperties(volume, path, state['bind-storage']);
  await deps.hmc.partitions.update(state['create-partition'].uri, properties, w);
}

function isSame(a: VolumePath, b: VolumePath): boolean {
  return a.initiatorWwpn === b.initiatorWwpn && a.targetWwpn === b.targetWwpn && a.lun === b.lun;
}

async function prepareNextTry(
  ctx: StepContext<Ready, FlowDeps>,
  volume: ConnectedVolume,
  path: VolumePath,
  failed: number,
) {
  const { state, deps, log } = ctx;
  log.warn({ event: 'boot.next-path', failed, ...path }, 'the load did not find its LUN: trying the next path');
  ctx.progress(`the load failed; trying ${path.initiatorWwpn} to ${path.targetWwpn}`);
  await deps.lifecycle.ensureStopped(state['create-partition'], ctx);
  await pointAt(state, deps, volume, path, ctx);
}

/** Everything a person needs: what was tried, where it ended, and what HMC and loader said. */
async function bootFailed(
  ctx: StepContext<Ready, FlowDeps>,
  failures: readonly { path: VolumePath; result: StartResult & { kind: 'failed' } }[],
): Promise<BootFailedError> {
  const { state, deps } = ctx;
  const partition = state['create-partition'];
  const messages = await deps.hmc.partitions.listOsMessages(partition.uri, ctx).catch(() => []);
  const lines = messages.map(({ text }) => text.trim()).filter((text) => text !== '');
  const tries = failures.map(
    ({ path, result }) =>
      `initiator ${path.initiatorWwpn}, target ${path.targetWwpn}, LUN ${path.lun}: status "${result.status}", ${result.hmcSaid}`,
  );
  const console = lines.length === 0 ? '' : `; the console shows: ${lines.slice(-5).join(' | ')}`;
  return new BootFailedError(`boot partition "${partition.name}": ${tries.join('; then ')}${console}`, {
    partition: partition.name,
    partitionUri: partition.uri,
    status: failures.at(-1)?.result.status,
    tries,
    osMessages: lines.slice(-20),
  });
}
