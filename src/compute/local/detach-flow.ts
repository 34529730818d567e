import { z } from 'zod';
import { describeError, NothingChangedError } from '../../base/index.ts';
import { isCinderError, VolumeStateError } from '../../cinder-client/index.ts';
import type { SaveClaim } from '../../cinder-client/index.ts';
import { defineSaga } from '../journal/index.ts';
import type { Step, StepContext } from '../journal/index.ts';
import { describePlace, localVolumeInputSchema } from './records.ts';
import type { LocalVolume } from './records.ts';
import { completionOf, recordOf, saver } from './steps.ts';
import type { LocalFlowDeps } from './steps.ts';

const detachInputSchema = localVolumeInputSchema.extend({ force: z.boolean() });
type DetachInput = z.infer<typeof detachInputSchema>;

interface Start {
  readonly input: DetachInput;
}

type Context = StepContext<Start, LocalFlowDeps>;

/** Before: in-use. After: detaching, so that nobody else begins. Undo: in-use again. With force, whatever it was. */
const beginDetaching = {
  name: 'begin-detaching',
  output: z.boolean(),
  run: async ({ state: { input }, deps, signal, log }) => {
    const record = recordOf(deps, input);
    // Cinder does not count it as attached any more, or never did: what is left of it here goes all the same.
    if (record?.isAttached !== true || !(await deps.claims.isAttached(record, { signal }))) return false;
    try {
      await deps.claims.beginDetaching(record, saver(deps, record), { signal });
      return true;
    } catch (error) {
      // A volume in status error, for one: no detach begins from it, though it is attached.
      if (!input.force || !(error instanceof NothingChangedError && error.cause instanceof VolumeStateError))
        throw error;
      log.warn({ event: 'volume.force-detach', error: describeError(error) }, 'its status forbids it; forcing it');
      return false;
    }
  },
  undo: async ({ state: { input }, deps, signal }, was) => {
    if (was.kind === 'done' && !was.output) return;
    const record = recordOf(deps, input);
    if (record !== undefined) await deps.claims.rollDetaching(record, saver(deps, record), { signal });
  },
  leaves: ({ input }, was) =>
    was.kind === 'done' && !was.output ? [] : [`volume ${input.volumeId} in status detaching`],
} satisfies Step<'begin-detaching', Start, boolean, LocalFlowDeps>;

/** Before: perhaps mounted by us. After: not mounted. Undo: mounted again, if it was. */
const unmountVolume = {
  name: 'unmount-volume',
  output: z.boolean(),
  run: async (ctx: Context) => {
    const record = recordOf(ctx.deps, ctx.state.input);
    return record === undefined ? false : await placeOf(ctx).unmount(record, ctx);
  },
  undo: async (ctx: Context, was) => {
    const record = recordOf(ctx.deps, ctx.state.input);
    if (record === undefined || (was.kind === 'done' && !was.output)) return;
    await placeOf(ctx).mount(record, ctx);
  },
  leaves: ({ input: { mountpoint, volumeId } }, was) =>
    mountpoint === null || (was.kind === 'done' && !was.output) ? [] : [`volume ${volumeId}, no longer mounted`],
} satisfies Step<'unmount-volume', Start, boolean, LocalFlowDeps>;

/** Before: the place has the volume. After: it has not, while the mask still stands. Undo: connected again. */
const disconnectVolume = {
  name: 'disconnect-volume',
  output: z.null(),
  run: async (ctx: Context) => {
    const record = recordOf(ctx.deps, ctx.state.input);
    if (record !== undefined) await placeOf(ctx).disconnect(record, ctx.state.input.force, ctx);
    return null;
  },
  undo: async (ctx: Context) => {
    const record = recordOf(ctx.deps, ctx.state.input);
    if (record?.connectionInfo === undefined || record.connectionInfo === null) return;
    ctx.deps.store.update(record, await placeOf(ctx).connect(record, ctx));
  },
  leaves: ({ input }) => [`volume ${input.volumeId}, disconnected from ${describePlace(input.place)} but still mapped`],
} satisfies Step<'disconnect-volume', Start, null, LocalFlowDeps>;

/**
 * Before: masked. After: not any more. Undo: as long as Cinder counts the volume as attached, its mask is restored, for
 * nobody knows how far the release got. Once Cinder does not, it has happened after all.
 */
const releaseVolume = {
  name: 'release-volume',
  output: z.null(),
  run: async (ctx: Context) => {
    const { input } = ctx.state;
    const record = recordOf(ctx.deps, input);
    if (record === undefined) return null;
    try {
      // The record keeps where the volume was until all has been looked at: only the reservation is given up.
      const save: SaveClaim = ({ reservation }) => {
        if (reservation !== undefined) ctx.deps.store.update(input, { reservation });
      };
      await ctx.deps.claims.release(record, save, ctx);
    } catch (error) {
      await settleRelease(ctx, error);
    }
    return null;
  },
  undo: async (ctx: Context) => {
    const { deps, state, log } = ctx;
    const record = recordOf(deps, state.input);
    if (record === undefined) return;
    if (record.reservation !== null && (await deps.claims.isAttached(record, ctx))) {
      await deps.claims.restore(record, completionOf(record), saver(deps, record), ctx);
      return;
    }
    // Detached by hand, perhaps: then the array may still present it.
    if (!(await deps.claims.isReleased(record, ctx))) await deps.claims.release(record, saver(deps, record), ctx);
    log.warn(
      { event: 'volume.detached', volumeId: record.volumeId },
      'the detach reported an error, but the volume is detached',
    );
    await placeOf(ctx).giveBack(record, ctx);
    deps.store.delete(record);
  },
  leaves: ({ input }) => [`attachment of volume ${input.volumeId}`],
} satisfies Step<'release-volume', Start, null, LocalFlowDeps>;

/** Cinder may have released the volume although the last answer could not be read. If not, the release is forced, or fails. */
async function settleRelease(ctx: Context, error: unknown): Promise<void> {
  const { deps, state, log } = ctx;
  const record = recordOf(deps, state.input);
  if (record === undefined) throw error;
  if (await deps.claims.isReleased(record, ctx).catch(() => false)) {
    const facts = { event: 'volume.detached', volumeId: record.volumeId, error: describeError(error) };
    log.warn(facts, 'the release reported an error, but Cinder shows that it was done');
    deps.store.update(record, { reservation: null });
    return;
  }
  if (!state.input.force) throw error;
  await forceRelease(ctx, record, error);
}

/**
 * For administrators: Cinder's own way past a back end that does not obey. Source: cinder
 * api/contrib/volume_actions.py.
 */
async function forceRelease(ctx: Context, record: LocalVolume, error: unknown): Promise<void> {
  const attachmentId = record.reservation?.attachmentId ?? null;
  if (attachmentId === null || !isCinderError(error)) throw error;
  ctx.log.warn({ event: 'volume.force-detach', error: describeError(error) }, 'the release failed; forcing it');
  await ctx.deps.cinder.actions.forceDetach(record.volumeId, attachmentId, record.connector ?? undefined, ctx);
  ctx.deps.store.update(record, { reservation: null });
}

/** Before: ports that were made for volumes of ours. After: gone with the last of them. */
const removePorts = {
  name: 'remove-ports',
  output: z.null(),
  pivot: true,
  run: async (ctx: Context) => {
    const record = recordOf(ctx.deps, ctx.state.input);
    if (record !== undefined) await placeOf(ctx).giveBack(record, ctx);
    return null;
  },
  undo: { nothingToUndo: 'the volume is detached' },
  leaves: ({ input: { place } }) => (place.kind === 'host' ? [] : [`ports made for ${describePlace(place)}`]),
} satisfies Step<'remove-ports', Start, null, LocalFlowDeps>;

/** Before: all should be gone. After: it was looked whether it is; what is not is named, here and in the log. */
const checkPaths = {
  name: 'check-paths',
  output: z.array(z.string()),
  pivot: true,
  run: async (ctx: Context) => {
    const { volumeId } = ctx.state.input;
    const left = await whatIsLeft(ctx);
    for (const orphan of left) await ctx.warn({ event: 'orphan', volumeId, orphan }, `orphan: ${orphan}`);
    return [...left];
  },
  undo: { nothingToUndo: 'it only looks' },
} satisfies Step<'check-paths', Start, string[], LocalFlowDeps>;

const forgetVolume = {
  name: 'forget-volume',
  output: z.null(),
  pivot: true,
  run: ({ state, deps }: Context) => {
    deps.store.delete(state.input);
    return Promise.resolve(null);
  },
  undo: { nothingToUndo: 'the volume is detached' },
} satisfies Step<'forget-volume', Start, null, LocalFlowDeps>;

/** The volume is detached by now: a look that fails is told, and fails nothing. */
async function whatIsLeft(ctx: Context): Promise<readonly string[]> {
  const record = recordOf(ctx.deps, ctx.state.input);
  if (record === undefined) return [];
  try {
    return await placeOf(ctx).remains(record, ctx);
  } catch (error) {
    ctx.signal.throwIfAborted();
    const where = describePlace(record.place);
    return [
      `perhaps paths of volume ${record.volumeId} on ${where}, which cannot be looked at: ${describeError(error)}`,
    ];
  }
}

function placeOf({ deps, state }: Context) {
  return deps.placeOf(state.input.place);
}

/** Detach without Nova: disconnect, terminate, detach; and then look whether anything is left. */
export const localDetachFlow = defineSaga<DetachInput, LocalFlowDeps>('local-detach', detachInputSchema, {
  recovery: 'forward',
})
  .step(beginDetaching)
  .step(unmountVolume)
  .step(disconnectVolume)
  .step(releaseVolume)
  .step(removePorts)
  .step(checkPaths)
  .step(forgetVolume);
