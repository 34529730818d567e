import { z } from 'zod';
import { ConflictError } from '../../base/index.ts';
import type { StorageWaiting } from '../../partition/index.ts';
import type { Step } from '../../saga/index.ts';
import type { ConnectedVolume, VolumeInstance } from '../../volume/index.ts';
import {
  connectedVolumeSchema,
  evidenceOf,
  initiatorsSchema,
  mappedVolumeSchema,
  ownerSchema,
  partitionRefSchema,
} from '../deps.ts';
import type { FlowDeps } from '../deps.ts';
import { optionsFor } from './connect-volumes.ts';

/** Input of attach and detach: one volume that Cinder has mapped, and whose it is or was. */
export const volumeInputSchema = z.object({ owner: ownerSchema, volume: mappedVolumeSchema });
export type VolumeInput = z.infer<typeof volumeInputSchema>;

const targetSchema = z.object({ partition: partitionRefSchema, initiators: initiatorsSchema });
type Target = z.infer<typeof targetSchema>;

interface Start {
  readonly input: VolumeInput;
}

interface Located extends Start {
  readonly 'locate-partition': Target;
}

/** Before: nothing is known. After: the partition and its ports are. Running or stopped makes no difference. */
export const locatePartition = {
  name: 'locate-partition',
  output: targetSchema,
  run: async ({ state, deps, signal }) => {
    const { owner, volume } = state.input;
    const { uri, name } = await deps.partitions.require(owner, evidenceOf([volume]), { signal });
    const initiators = await deps.storage.initiators(owner, { uri, name }, { signal });
    if (initiators.length === 0) throw new ConflictError(`partition "${name}" has no FCP port`, { partition: name });
    deps.partitions.hasPorts(owner, initiators);
    return { partition: { uri, name }, initiators: [...initiators] };
  },
  undo: { nothingToUndo: 'it only looks' },
} satisfies Step<'locate-partition', Start, Target, FlowDeps>;

/** Before: a LUN that the ports may reach. After: the partition has it. Undo: the driver's own rollback. */
export const connectVolume = {
  name: 'connect-volume',
  output: connectedVolumeSchema,
  run: async ({ state, deps, signal, progress }) =>
    await driverOf(state, deps).connectVolume(...argumentsOf(state, { signal, progress })),
  undo: async ({ state, deps, signal }) => await driverOf(state, deps).rollback(...argumentsOf(state, { signal })),
  leaves: ({ input }) => [`connection of volume ${input.volume.volumeId}`],
} satisfies Step<'connect-volume', Located, ConnectedVolume, FlowDeps>;

/** Before: the partition has the volume. After: it has not, while the mask still stands. Undo: connected again. */
export const disconnectVolume = {
  name: 'disconnect-volume',
  output: z.null(),
  run: async ({ state, deps, signal, progress }) => {
    await driverOf(state, deps).disconnectVolume(...argumentsOf(state, { signal, progress }));
    return null;
  },
  undo: async ({ state, deps, signal }) => {
    await driverOf(state, deps).connectVolume(...argumentsOf(state, { signal }));
  },
  leaves: ({ input }) => [`volume ${input.volume.volumeId}, disconnected from its partition but mapped to it`],
} satisfies Step<'disconnect-volume', Located, null, FlowDeps>;

function driverOf(state: Located, deps: FlowDeps) {
  return deps.volumeDrivers.get(state.input.volume.connectionInfo.driver_volume_type);
}

function argumentsOf(state: Located, w: StorageWaiting) {
  const { owner, volume } = state.input;
  const instance: VolumeInstance = { ...owner, ...state['locate-partition'] };
  return [volume.connectionInfo, instance, optionsFor(volume, w)] as const;
}
