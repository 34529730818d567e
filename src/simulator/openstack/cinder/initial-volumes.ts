import type { SimulatedSan } from '../../san/index.ts';
import { uuidOf } from '../names.ts';
import type { InitialVolume, VolumeOptions } from '../options.ts';
import { MULTIATTACH_TYPE } from './create-service.ts';
import type { CinderService } from './service.ts';
import type { VolumeRecord } from './state.ts';
import { DEFAULT_TYPE } from './volumes.ts';

/** Puts volumes into Cinder and onto the array as if they had been made long ago. */
export function addInitialVolumes(
  service: CinderService,
  san: SimulatedSan,
  volumes: readonly VolumeOptions[],
  projectId: string,
): readonly InitialVolume[] {
  return volumes.map((options) => {
    const volume = record(service, options, projectId);
    san.createVolume({ id: volume.id, sizeGib: volume.size, bootable: volume.bootable });
    service.state.volumes.set(volume.id, volume);
    return { id: volume.id, name: options.name, size: volume.size, bootable: volume.bootable };
  });
}

function record({ state }: CinderService, options: VolumeOptions, projectId: string): VolumeRecord {
  const { name, size, bootable = false, multiattach = false, id = uuidOf('volume', name) } = options;
  return {
    id,
    sequence: state.nextSequence(),
    projectId,
    userId: 'admin',
    createdAt: state.now(),
    updatedAt: state.now(),
    name,
    description: null,
    status: 'available',
    size,
    bootable,
    multiattach,
    volumeType: multiattach ? MULTIATTACH_TYPE : DEFAULT_TYPE,
    metadata: {},
    adminMetadata: {},
    imageMetadata: {},
    fromImage: false,
    placed: true,
    pending: undefined,
  };
}
