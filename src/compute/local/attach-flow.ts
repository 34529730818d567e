import { z } from 'zod';
import { InternalError } from '../../base/index.ts';
import { defineSaga } from '../journal/index.ts';
import type { Step } from '../journal/index.ts';
import { describePlace, localVolumeInputSchema } from './records.ts';
import type { LocalVolume, LocalVolumeInput } from './records.ts';
import { completionOf, recordOf, saver } from './steps.ts';
import type { LocalFlowDeps } from './steps.ts';

interface Start {
  readonly input: LocalVolumeInput;
}

type LocalStep<Name extends string> = Step<Name, Start, null, LocalFlowDeps>;

function requireRecord(deps: LocalFlowDeps, input: LocalVolumeInput): LocalVolume {
  const record = recordOf(deps, input);
  if (record === undefined) throw new InternalError(`volume ${input.volumeId} lost its record`);
  return record;
}

/** Before: an available volume. After: it is ours in Cinder and in the records. Undo: released, forgotten. */
const reserveVolume = {
  name: 'reserve-volume',
  output: z.null(),
  run: async ({ state: { input }, deps, signal }) => {
    if (recordOf(deps, input) === undefined) deps.store.add(input);
    const record = requireRecord(deps, input);
    // Taken up after a crash: a reservation that has its name in the record is there already.
    if (record.reservation?.attachmentId === undefined || record.reservation.attachmentId === null) {
      await deps.claims.reserve(record, undefined, saver(deps, input), { signal });
    }
    return null;
  },
  undo: async ({ state: { input }, deps, signal }) => {
    const record = recordOf(deps, input);
    if (record !== undefined) await deps.claims.release(record, saver(deps, input), { signal });
    deps.store.delete(input);
  },
  leaves: ({ input }) => [`attachment of volume ${input.volumeId}`],
} satisfies LocalStep<'reserve-volume'>;

/** Before: a place, perhaps without ports. After: it has some. Undo: those that were made for this are taken away. */
const preparePorts = {
  name: 'prepare-ports',
  output: z.null(),
  run: async ({ state: { input }, deps, signal, progress }) => {
    const place = deps.placeOf(input.place);
    await place.prepare(requireRecord(deps, input), saver(deps, input), { signal, progress });
    return null;
  },
  undo: async ({ state: { input }, deps, signal }) => {
    const record = recordOf(deps, input);
    if (record !== undefined) await deps.placeOf(input.place).giveBack(record, { signal });
  },
  leaves: ({ input: { place } }) => (place.kind === 'host' ? [] : [`ports made for ${describePlace(place)}`]),
} satisfies LocalStep<'prepare-ports'>;

/** Before: reserved. After: the array has masked the volume to the place's ports. Undo: unmasked, and released. */
const mapVolume = {
  name: 'map-volume',
  output: z.null(),
  run: async ({ state: { input }, deps, signal }) => {
    const record = requireRecord(deps, input);
    const { mode, mountpoint } = input;
    const base = await deps.placeOf(input.place).connector(record, { signal });
    const connector = { ...base, mode, ...(mountpoint === null ? {} : { mountpoint }) };
    await deps.claims.map(record, connector, saver(deps, input), { signal });
    return null;
  },
  undo: async ({ state: { input }, deps, signal }) => {
    const record = recordOf(deps, input);
    if (record !== undefined) await deps.claims.release(record, saver(deps, input), { signal });
  },
  leaves: ({ input }) => [`attachment of volume ${input.volumeId} and its mask`],
} satisfies LocalStep<'map-volume'>;

/** Before: masked. After: the place has the volume. Undo: taken away again, while the mask still stands. */
const connectVolume = {
  name: 'connect-volume',
  output: z.null(),
  run: async ({ state: { input }, deps, signal, progress }) => {
    const change = await deps.placeOf(input.place).connect(requireRecord(deps, input), { signal, progress });
    deps.store.update(input, change);
    return null;
  },
  undo: async ({ state: { input }, deps, signal }) => {
    const record = recordOf(deps, input);
    if (record !== undefined) await deps.placeOf(input.place).disconnect(record, true, { signal });
  },
  leaves: ({ input }) => [`paths of volume ${input.volumeId} on ${describePlace(input.place)}`],
} satisfies LocalStep<'connect-volume'>;

/** Before: a device. After: mounted, where that was asked for. Undo: unmounted. */
const mountVolume = {
  name: 'mount-volume',
  output: z.null(),
  run: async ({ state: { input }, deps, signal }) => {
    await deps.placeOf(input.place).mount(requireRecord(deps, input), { signal });
    return null;
  },
  undo: async ({ state: { input }, deps, signal }) => {
    const record = recordOf(deps, input);
    if (record !== undefined) await deps.placeOf(input.place).unmount(record, { signal });
  },
  leaves: ({ input: { mountpoint, volumeId } }) =>
    mountpoint === null ? [] : [`volume ${volumeId}, mounted on ${mountpoint}`],
} satisfies LocalStep<'mount-volume'>;

/** Before: given to the place. After: Cinder says in-use, and so does the record. */
const completeVolume = {
  name: 'complete-attach',
  output: z.null(),
  run: async ({ state: { input }, deps, signal }) => {
    const record = requireRecord(deps, input);
    await deps.claims.complete(record, completionOf(record), saver(deps, input), { signal });
    deps.store.update(input, { isAttached: true });
    return null;
  },
  undo: { nothingToUndo: 'releasing the volume, which the earlier steps do, takes the state back too' },
} satisfies LocalStep<'complete-attach'>;

/** Attach without Nova: reserve, connect, attach. */
export const localAttachFlow = defineSaga<LocalVolumeInput, LocalFlowDeps>('local-attach', localVolumeInputSchema)
  .step(reserveVolume)
  .step(preparePorts)
  .step(mapVolume)
  .step(connectVolume)
  .step(mountVolume)
  .step(completeVolume);
