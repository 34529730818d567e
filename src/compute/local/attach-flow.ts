import { defineSaga, effects } from '../journal/index.ts';
import { describePlace, localVolumeInputSchema } from './records.ts';
import type { LocalVolumeInput } from './records.ts';
import { completionOf, placeOf, recordOf, release, saver } from './steps.ts';
import type { LocalFlowDeps } from './steps.ts';

const effect = effects<{ readonly input: LocalVolumeInput }, LocalFlowDeps>();

/** Before: an available volume. After: reserved in Cinder and in the records. Undo: released, and its record deleted. */
const reserveVolume = effect({
  name: 'reserve-volume',
  run: async (ctx) => {
    const { store, claims } = ctx.deps;
    if (recordOf(ctx) === undefined) store.add(ctx.state.input);
    const record = store.get(ctx.state.input);
    // If this step is resumed after a crash, the record may already name the reservation.
    if ((record.reservation?.attachmentId ?? null) !== null) return;
    await claims.reserve(record, undefined, saver(ctx), { signal: ctx.signal });
  },
  undo: async (ctx) => {
    await release(ctx);
    ctx.deps.store.delete(ctx.state.input);
  },
  leaves: ({ input }) => [`attachment of volume ${input.volumeId}`],
});

/** Before: a place, perhaps without ports. After: it has ports. Undo: ports made for this volume are removed. */
const preparePorts = effect({
  name: 'prepare-ports',
  run: async (ctx) => {
    const { signal, progress } = ctx;
    await placeOf(ctx).prepare(ctx.deps.store.get(ctx.state.input), saver(ctx), { signal, progress });
  },
  undo: async (ctx) => {
    const record = recordOf(ctx);
    if (record !== undefined) await placeOf(ctx).giveBack(record, { signal: ctx.signal });
  },
  leaves: ({ input: { place } }) => (place.kind === 'host' ? [] : [`ports made for ${describePlace(place)}`]),
});

/** Before: reserved. After: the array has masked the volume to the ports of the place. Undo: unmasked and released. */
const mapVolume = effect({
  name: 'map-volume',
  run: async (ctx) => {
    const { state, deps, signal } = ctx;
    const record = deps.store.get(state.input);
    const { mode, mountpoint } = state.input;
    const base = await placeOf(ctx).connector(record, { signal });
    const connector = { ...base, mode, ...(mountpoint === null ? {} : { mountpoint }) };
    await deps.claims.map(record, connector, saver(ctx), { signal });
  },
  undo: release,
  leaves: ({ input }) => [`attachment of volume ${input.volumeId} and its mask`],
});

/** Before: masked. After: connected to the place. Undo: disconnected, but still masked. */
const connectVolume = effect({
  name: 'connect-volume',
  run: async (ctx) => {
    const { state, deps, signal, progress } = ctx;
    deps.store.update(state.input, await placeOf(ctx).connect(deps.store.get(state.input), { signal, progress }));
  },
  undo: async (ctx) => {
    const record = recordOf(ctx);
    if (record !== undefined) await placeOf(ctx).disconnect(record, true, { signal: ctx.signal });
  },
  leaves: ({ input }) => [`paths of volume ${input.volumeId} on ${describePlace(input.place)}`],
});

/** Before: a device. After: mounted, if requested. Undo: unmounted. */
const mountVolume = effect({
  name: 'mount-volume',
  run: async (ctx) => {
    await placeOf(ctx).mount(ctx.deps.store.get(ctx.state.input), { signal: ctx.signal });
  },
  undo: async (ctx) => {
    const record = recordOf(ctx);
    if (record !== undefined) await placeOf(ctx).unmount(record, { signal: ctx.signal });
  },
  leaves: ({ input: { mountpoint, volumeId } }) =>
    mountpoint === null ? [] : [`volume ${volumeId}, mounted on ${mountpoint}`],
});

/** Before: connected. After: in-use in Cinder, and attached in the record. */
const completeVolume = effect({
  name: 'complete-attach',
  run: async (ctx) => {
    const { state, deps, signal } = ctx;
    const record = deps.store.get(state.input);
    await deps.claims.complete(record, completionOf(record), saver(ctx), { signal });
    deps.store.update(state.input, { isAttached: true });
  },
  undo: { nothingToUndo: 'the undo of the earlier steps releases the volume, which also resets its status' },
});

/** Attaches a volume without Nova. */
export const localAttachFlow = defineSaga<LocalVolumeInput, LocalFlowDeps>('local-attach', localVolumeInputSchema)
  .step(reserveVolume)
  .step(preparePorts)
  .step(mapVolume)
  .step(connectVolume)
  .step(mountVolume)
  .step(completeVolume);
