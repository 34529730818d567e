import { z } from 'zod';
import { describeError, NothingChangedError } from '../../base/index.ts';
import { isCinderError, VolumeStateError } from '../../cinder-client/index.ts';
import { defineSaga, effects } from '../journal/index.ts';
import type { Step, StepContext } from '../journal/index.ts';
import { describePlace, localVolumeInputSchema } from './records.ts';
import type { LocalVolume } from './records.ts';
import { completionOf, placeOf, recordOf, saver } from './steps.ts';
import type { LocalFlowDeps } from './steps.ts';

const detachInputSchema = localVolumeInputSchema.extend({ force: z.boolean() });
type DetachInput = z.infer<typeof detachInputSchema>;

interface Start {
  readonly input: DetachInput;
}

type Context = StepContext<Start, LocalFlowDeps>;
const effect = effects<Start, LocalFlowDeps>();

/** Before: in-use, or with force any status. After: detaching, so that no other detach begins. Undo: in-use again. */
const beginDetaching = {
  name: 'begin-detaching',
  output: z.boolean(),
  run: async (ctx: Context) => {
    const { state, deps, signal, log } = ctx;
    const record = recordOf(ctx);
    // If Cinder does not count it as attached, the detach still removes what is left here.
    if (record?.isAttached !== true || !(await deps.claims.isAttached(record, { signal }))) return false;
    try {
      await deps.claims.beginDetaching(record, saver(ctx), { signal });
      return true;
    } catch (error) {
      // For example a volume in status error: it is attached, but Cinder refuses to begin a detach.
      const isRefused = error instanceof NothingChangedError && error.cause instanceof VolumeStateError;
      if (!state.input.force || !isRefused) throw error;
      const facts = { event: 'volume.force-detach', error: describeError(error) };
      log.warn(facts, 'the status of the volume forbids a detach; forcing it');
      return false;
    }
  },
  undo: async (ctx: Context, was) => {
    const record = recordOf(ctx);
    if (record === undefined || (was.kind === 'done' && !was.output)) return;
    await ctx.deps.claims.rollDetaching(record, saver(ctx), { signal: ctx.signal });
  },
  leaves: ({ input }, was) =>
    was.kind === 'done' && !was.output ? [] : [`volume ${input.volumeId} in status detaching`],
} satisfies Step<'begin-detaching', Start, boolean, LocalFlowDeps>;

/** Before: perhaps mounted by this program. After: not mounted. Undo: mounted again, if it was. */
const unmountVolume = {
  name: 'unmount-volume',
  output: z.boolean(),
  run: async (ctx: Context) => {
    const record = recordOf(ctx);
    return record === undefined ? false : await placeOf(ctx).unmount(record, ctx);
  },
  undo: async (ctx: Context, was) => {
    const record = recordOf(ctx);
    if (record === undefined || (was.kind === 'done' && !was.output)) return;
    await placeOf(ctx).mount(record, ctx);
  },
  leaves: ({ input: { mountpoint, volumeId } }, was) =>
    mountpoint === null || (was.kind === 'done' && !was.output) ? [] : [`volume ${volumeId}, no longer mounted`],
} satisfies Step<'unmount-volume', Start, boolean, LocalFlowDeps>;

/** Before: connected. After: disconnected, but still masked. Undo: connected again. */
const disconnectVolume = effect({
  name: 'disconnect-volume',
  run: async (ctx: Context) => {
    const record = recordOf(ctx);
    if (record !== undefined) await placeOf(ctx).disconnect(record, ctx.state.input.force, ctx);
  },
  undo: async (ctx: Context) => {
    const record = recordOf(ctx);
    if (record?.connectionInfo) ctx.deps.store.update(record, await placeOf(ctx).connect(record, ctx));
  },
  leaves: ({ input }) => [`volume ${input.volumeId}, disconnected from ${describePlace(input.place)} but still mapped`],
});

/**
 * Before: masked. After: no longer masked. Undo: while Cinder counts the volume as attached, the mask is restored, because it
 * is unknown how far the release got; otherwise the volume is detached, and its record is deleted.
 */
const releaseVolume = effect({
  name: 'release-volume',
  run: async (ctx: Context) => {
    const record = recordOf(ctx);
    if (record === undefined) return;
    try {
      // Only the reservation leaves the record: the check for orphaned paths needs the rest.
      const save = ({ reservation }: Pick<Partial<LocalVolume>, 'reservation'>) => {
        if (reservation !== undefined) saver(ctx)({ reservation });
      };
      await ctx.deps.claims.release(record, save, ctx);
    } catch (error) {
      await finishFailedRelease(ctx, error);
    }
  },
  undo: async (ctx: Context) => {
    const { deps, log } = ctx;
    const record = recordOf(ctx);
    if (record === undefined) return;
    if (record.reservation !== null && (await deps.claims.isAttached(record, ctx))) {
      await deps.claims.restore(record, completionOf(record), saver(ctx), ctx);
      return;
    }
    // If an operator detached it, the array may still mask it.
    if (!(await deps.claims.isReleased(record, ctx))) await deps.claims.release(record, saver(ctx), ctx);
    const facts = { event: 'volume.detached', volumeId: record.volumeId };
    log.warn(facts, 'the detach reported an error, but the volume is detached');
    await placeOf(ctx).giveBack(record, ctx);
    deps.store.delete(record);
  },
  leaves: ({ input }) => [`attachment of volume ${input.volumeId}`],
});

/**
 * Cinder may have released the volume although its last answer could not be read. If not, the release is forced (for
 * administrators, past a failing back end) or fails. Source: cinder api/contrib/volume_actions.py.
 */
async function finishFailedRelease(ctx: Context, error: unknown): Promise<void> {
  const { deps, state, log } = ctx;
  const record = recordOf(ctx);
  if (record === undefined) throw error;
  if (await deps.claims.isReleased(record, ctx).catch(() => false)) {
    const facts = { event: 'volume.detached', volumeId: record.volumeId, error: describeError(error) };
    log.warn(facts, 'the release reported an error, but Cinder shows that it was done');
    deps.store.update(record, { reservation: null });
    return;
  }
  const attachmentId = record.reservation?.attachmentId ?? null;
  if (!state.input.force || attachmentId === null || !isCinderError(error)) throw error;
  log.warn({ event: 'volume.force-detach', error: describeError(error) }, 'the release failed; forcing it');
  await deps.cinder.actions.forceDetach(record.volumeId, attachmentId, record.connector ?? undefined, ctx);
  deps.store.update(record, { reservation: null });
}

/** Before: ports that this program made. After: removed with the last volume that uses them. */
const removePorts = effect({
  name: 'remove-ports',
  pivot: true,
  run: async (ctx: Context) => {
    const record = recordOf(ctx);
    if (record !== undefined) await placeOf(ctx).giveBack(record, ctx);
  },
  undo: { nothingToUndo: 'the volume is detached' },
  leaves: ({ input: { place } }) => (place.kind === 'host' ? [] : [`ports made for ${describePlace(place)}`]),
});

/** Removes devices that a scan added again before the LUN was unmapped, and reports the devices that are left. */
const checkPaths = {
  name: 'check-paths',
  output: z.array(z.string()),
  pivot: true,
  run: async (ctx: Context) => {
    const { volumeId } = ctx.state.input;
    const left = (await whatIsLeft(ctx)).length === 0 ? [] : await clearAndLook(ctx);
    for (const orphan of left) await ctx.warn({ event: 'orphan', volumeId, orphan }, `orphan: ${orphan}`);
    return [...left];
  },
  undo: { nothingToUndo: 'the volume is detached' },
} satisfies Step<'check-paths', Start, string[], LocalFlowDeps>;

/**
 * Deletes the record, unless devices are left on this host: later commands need it to know which volume they belong to. A
 * record without a device, as of a volume that other software attached, is always deleted: it would count as attached.
 */
const forgetVolume = effect({
  name: 'forget-volume',
  pivot: true,
  run: async (ctx: Context) => {
    const { state, deps } = ctx;
    const isTelling = state.input.place.kind === 'host' && (recordOf(ctx)?.deviceInfo ?? null) !== null;
    const isLeft = isTelling && (await whatIsLeft(ctx)).length > 0;
    if (isLeft) deps.store.update(state.input, { isAttached: false });
    else deps.store.delete(state.input);
  },
  undo: { nothingToUndo: 'the volume is detached' },
});

async function clearAndLook(ctx: Context): Promise<readonly string[]> {
  const record = recordOf(ctx);
  if (record === undefined) return [];
  try {
    await placeOf(ctx).clear(record, ctx);
  } catch (error) {
    ctx.signal.throwIfAborted();
    const facts = { event: 'volume.returned', volumeId: record.volumeId, error: describeError(error) };
    ctx.log.warn(facts, 'devices that a scan added again could not be removed');
  }
  return await whatIsLeft(ctx);
}

/** Returns the paths that are left. The volume is detached by now, so a failure only becomes part of the result. */
async function whatIsLeft(ctx: Context): Promise<readonly string[]> {
  const record = recordOf(ctx);
  if (record === undefined) return [];
  try {
    return await placeOf(ctx).remains(record, ctx);
  } catch (error) {
    ctx.signal.throwIfAborted();
    const paths = `paths of volume ${record.volumeId} on ${describePlace(record.place)}`;
    return [`perhaps ${paths}, which cannot be read: ${describeError(error)}`];
  }
}

/** Detaches a volume without Nova, and reports orphaned paths. */
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
