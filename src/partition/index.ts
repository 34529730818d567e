export { BootFailedError, PartitionStatusError, StatusTimeoutError } from './errors.ts';
export { HbaStorage } from './hba-storage.ts';
export { defaultLifecyclePolicy, partitionExists, PartitionLifecycle, requirePartition } from './lifecycle.ts';
export type { LifecyclePolicy, PartitionRef, StartResult } from './lifecycle.ts';
export {
  adapterPortUri,
  hbaName,
  hostPrefix,
  instanceOf,
  isOurElementName,
  partitionDescription,
  partitionName,
} from './naming.ts';
export type { AdapterPort, PartitionOwner } from './naming.ts';
export { sizePartition } from './sizing.ts';
export type { Flavor, PartitionSize } from './sizing.ts';
export {
  deletableStatuses,
  partitionStatuses,
  powerStateOf,
  resourceHoldingStatuses,
  runningStatuses,
  startableStatuses,
  stoppableStatuses,
  transitionalStatuses,
  unknowableStatuses,
} from './status.ts';
export type { PartitionStatus, PowerState } from './status.ts';
export { exposedVolumeSchema, initiatorSchema, volumePathSchema } from './storage.ts';
export type {
  ExposedVolume,
  ExposeRequest,
  Initiator,
  PartitionStorage,
  VolumePath,
  VolumeRequest,
} from './storage.ts';
