import { z } from 'zod';
import type { Waiting } from '../../base/index.ts';
import type { Initiator, PartitionOwner, PartitionRef } from '../../partition/index.ts';
import type { Step } from '../../saga/index.ts';
import type { ConnectedVolume, VolumeDriver, VolumeInstance, VolumeOptions } from '../../volume/index.ts';
import { connectedVolumeSchema } from '../deps.ts';
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
  run: async ({ state, deps, signal }) => {
    const connected: ConnectedVolume[] = [];
    for (const volume of state['map-volumes']) {
      const driver = deps.volumeDrivers.get(volume.connectionInfo.driver_volume_type);
      connected.push(
        await driver.connectVolume(volume.connectionInfo, instanceIn(state), optionsFor(volume, { signal })),
      );
    }
    return connected;
  },
  undo: async ({ state, deps, signal }) => {
    for (const volume of state['map-volumes'].toReversed()) {
      const driver = findDriver(deps, volume);
      await driver?.rollback(volume.connectionInfo, instanceIn(state), optionsFor(volume, { signal }));
    }
  },
  leaves: (state) => state['map-volumes'].map(({ volumeId }) => `connection of volume ${volumeId}`),
} satisfies Step<'connect-volumes', Before, ConnectedVolume[], FlowDeps>;

function instanceIn(state: Before): VolumeInstance {
  return { ...state.input.owner, partition: state['create-partition'], initiators: state['bind-storage'] };
}

export function optionsFor({ volumeId, sizeGib, isBoot }: MappedVolume, w: Waiting): VolumeOptions {
  return { volumeId, sizeGib, isBoot, signal: w.signal };
}

/** A volume whose type no driver serves was never connected by one. */
function findDriver(deps: FlowDeps, volume: MappedVolume): VolumeDriver | undefined {
  try {
    return deps.volumeDrivers.get(volume.connectionInfo.driver_volume_type);
  } catch {
    return undefined;
  }
}
