import { z } from 'zod';
import { defineSaga } from '../saga/index.ts';
import type { Saga } from '../saga/index.ts';
import { mappedVolumeSchema } from './deps.ts';
import type { FlowDeps } from './deps.ts';
import { preparedInputSchema, spawnInputSchema } from './inputs.ts';
import type { PreparedInput, SpawnInput } from './inputs.ts';
import { allocateStorage, requireStorage } from './steps/allocate-storage.ts';
import { connectVolume, disconnectVolume, locatePartition, volumeInputSchema } from './steps/attach.ts';
import type { VolumeInput } from './steps/attach.ts';
import { bindStorage } from './steps/bind-storage.ts';
import { setBoot, startPartition } from './steps/boot.ts';
import { connectVolumes, settleStorage } from './steps/connect-volumes.ts';
import { createPartition, requireNewPartition } from './steps/create-partition.ts';
import {
  deallocateStorage,
  deletePartition,
  destroyInputSchema,
  disconnectVolumes,
  findPartition,
  stopPartition,
  unbindStorage,
  unmapVolumes,
} from './steps/destroy.ts';
import type { DestroyInput } from './steps/destroy.ts';
import { logInPorts, preparedLogin } from './steps/log-in-ports.ts';
import { mapAhead, mapVolumes } from './steps/map-volumes.ts';
import { findPreparedPartition, findPreparedPorts, takeMappedVolumes } from './steps/prepared.ts';
import type { PreparedSpawnInput } from './steps/prepared.ts';
import { attachStorageGroup, findStorageGroup } from './steps/storage-group.ts';

/**
 * The deferred order: WWPNs first, then Cinder, then the boot. One flow from nothing to a running partition. Where WWPNs
 * exist before the partition does, Cinder comes before it too.
 */
export const spawnFlow = defineSaga<SpawnInput, FlowDeps>('spawn', spawnInputSchema)
  .step(findStorageGroup)
  .step(allocateStorage)
  .step(requireStorage)
  .step(mapAhead)
  .step(createPartition)
  .step(requireNewPartition)
  .step(bindStorage)
  .step(attachStorageGroup)
  .step(logInPorts)
  .step(mapVolumes)
  .step(connectVolumes)
  .step(settleStorage)
  .step(setBoot)
  .step(startPartition);

/** First leg of Nova's stock order: a partition with ports, so that there is a connector to give. */
export const prepareFlow = defineSaga<PreparedInput, FlowDeps>('prepare-for-spawn', preparedInputSchema)
  .step(allocateStorage)
  .step(requireStorage)
  .step(createPartition)
  .step(requireNewPartition)
  .step(bindStorage)
  .step(logInPorts);

/** Second leg of Nova's stock order: Cinder has mapped the volumes meanwhile. */
export const spawnPreparedFlow = defineSaga<PreparedSpawnInput, FlowDeps>(
  'spawn-prepared',
  spawnInputSchema.extend({ mapped: z.array(mappedVolumeSchema) }),
)
  .step(findPreparedPartition)
  .step(findPreparedPorts)
  .step(preparedLogin)
  .step(takeMappedVolumes)
  .step(findStorageGroup)
  .step(attachStorageGroup)
  .step(connectVolumes)
  .step(settleStorage)
  .step(setBoot)
  .step(startPartition);

/** Everything goes, in the order that keeps data safe: stop, let go, unmask, delete. */
export const destroyFlow = defineSaga<DestroyInput, FlowDeps>('destroy', destroyInputSchema, { recovery: 'forward' })
  .step(findPartition)
  .step(stopPartition)
  .step(disconnectVolumes)
  .step(unmapVolumes)
  .step(unbindStorage)
  .step(deletePartition)
  .step(deallocateStorage);

export const attachVolumeFlow = defineSaga<VolumeInput, FlowDeps>('attach-volume', volumeInputSchema)
  .step(locatePartition)
  .step(connectVolume);

export const detachVolumeFlow = defineSaga<VolumeInput, FlowDeps>('detach-volume', volumeInputSchema)
  .step(locatePartition)
  .step(disconnectVolume);

/** Every flow of the driver, by its name in the journal: what a restarted process can take up. */
export const driverFlows: readonly Saga<never, never, FlowDeps>[] = [
  spawnFlow,
  prepareFlow,
  spawnPreparedFlow,
  destroyFlow,
  attachVolumeFlow,
  detachVolumeFlow,
] as unknown as readonly Saga<never, never, FlowDeps>[]; // a list of flows of differing types; resume reads inputs by schema
