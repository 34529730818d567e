import { z } from 'zod';
import type { Initiator, PartitionOwner, PartitionRef, StorageWaiting } from '../../partition/index.ts';
import type { Step } from '../../saga/index.ts';
import type { ConnectedVolume, VolumeDriver, VolumeInstance, VolumeOptions } from '../../volume/index.ts';
import { connectedVolumeSchema, evidenceOf } from '../deps.ts';
import type { FlowDeps, MappedVolume } from '../deps.ts';

interface Before {
  readonly input: { readonly owner: PartitionOwner };
  readonly 'create-partition': PartitionRef;
  readonly 'bind-storage': readonly Initiator[];
  readonly 'map-volumes': readonly MappedVolume[];
}

/**
 * Before: LUNs that the ports may reach. After: each volume's driver has made it the partition's and named its paths in
 * boot order. Undo: each driver rolls back, last first.
 */
export const connectVolumes = {
  name: 'connect-volumes',
  output: z.array(connectedVolumeSchema),
  run: async ({ state, deps, signal, progress }) => {
    const connected: ConnectedVolume[] = [];
    for (const volume of state['map-volumes']) {
      const driver = deps.volumeDrivers.get(volume.connectionInfo.driver_volume_type);
      const options = optionsFor(volume, { signal, progress });
      connected.push(await driver.connectVolume(volume.connectionInfo, instanceIn(state), options));
    }
    return connected;
  },
  undo: async ({ state, deps, signal }) => {
    await deps.partitions.requireAtRest(state.input.owner, evidenceOf(state['map-volumes']), { signal });
    for (const volume of state['map-volumes'].toReversed()) {
      const driver = findDriver(deps, volume);
      const options = { ...optionsFor(volume, { signal }), isTeardown: true };
      await driver?.rollback(volume.connectionInfo, instanceIn(state), options);
    }
  },
  leaves: (state) => state['map-volumes'].map(({ volumeId }) => `connection of volume ${volumeId}`),
} satisfies Step<'connect-volumes', Before, ConnectedVolume[], FlowDeps>;

interface Connected extends Before {
  readonly 'connect-volumes': readonly ConnectedVolume[];
}

/**
 * Before: connected volumes, some of which the machine may still be looking for. After: all of them are in the state in
 * which the partition can start, and each is what it is taken for.
 */
export const settleStorage = {
  name: 'settle-storage',
  output: z.array(connectedVolumeSchema),
  run: async ({ state, deps, signal, progress }) => {
    const connected = state['connect-volumes'];
    const settled = await deps.storage.settle(state.input.owner, connected, { signal, progress });
    return connected.map((volume, index) => ({ ...volume, ...settled[index] }));
  },
  undo: { nothingToUndo: 'what was found is named, which the storage that is removed takes with it' },
} satisfies Step<'settle-storage', Connected, ConnectedVolume[], FlowDeps>;

function instanceIn(state: Before): VolumeInstance {
  return { ...state.input.owner, partition: state['create-partition'], initiators: state['bind-storage'] };
}

export function optionsFor({ volumeId, sizeGib, isBoot }: MappedVolume, w: StorageWaiting): VolumeOptions {
  return { volumeId, sizeGib, isBoot, signal: w.signal, progress: w.progress };
}

/** A volume whose type no driver serves was never connected by one. */
function findDriver(deps: FlowDeps, volume: MappedVolume): VolumeDriver | undefined {
  try {
    return deps.volumeDrivers.get(volume.connectionInfo.driver_volume_type);
  } catch {
    return undefined;
  }
}
